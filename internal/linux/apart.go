package linux

import (
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Apart is a program that goes on when the initramfs and this process are gone. It reads what is written to it (FeedFD), to the end, which comes when this process ends.
type Apart struct{ p *InMemory }

// apartLimit is how long it may take until it needs nothing of the initramfs any more.
const apartLimit = 2 * time.Second

// StartApart starts one (StartInMemory), with the lowest priority and the kernel log as its standard error. name is its argv[0]; one that begins with @ is spared by PID 1.
func StartApart(program, name string) (*Apart, error) {
	null, err := os.OpenFile("/dev/null", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	log, err := os.OpenFile("/dev/kmsg", os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p, err := StartInMemory(program, []string{name}, []string{"GOGC=off", "GOMAXPROCS=1"}, null.Fd(), null.Fd(), log.Fd())
	if err != nil {
		return nil, err
	}
	_ = unix.Setpriority(unix.PRIO_PROCESS, p.PID, 19)
	Sacrifice(p.PID)
	if raw, err := p.Feed.SyscallConn(); err == nil { // Fd would take its deadline away
		_ = raw.Control(func(fd uintptr) { _, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, pipeRoom) })
	}
	_ = p.Feed.SetWriteDeadline(time.Now().Add(apartLimit))
	return &Apart{p}, nil
}

// pipeRoom is the size of its pipe, if the kernel allows it: most of what is written fits, and nobody waits until it is read.
const pipeRoom = 4 << 20

// Write gives it a part of its input.
func (a *Apart) Write(p []byte) (int, error) { return a.p.Feed.Write(p) }

// Leave waits until it needs nothing of the initramfs any more.
func (a *Apart) Leave() error { return a.p.Copied(apartLimit) }

// End ends it.
func (a *Apart) End() error {
	err := unix.Kill(a.p.PID, unix.SIGKILL)
	_, waited := syscall.Wait4(a.p.PID, nil, 0, nil)
	return errors.Join(err, waited, a.p.Feed.Close())
}
