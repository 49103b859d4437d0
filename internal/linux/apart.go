package linux

import (
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Apart is a program that goes on when the initramfs and this process are gone.
type Apart struct {
	pid    int
	socket int
	feed   *os.File
}

// StartApart starts one (StartInMemory), with the lowest priority. Its standard error is the kernel log, descriptor 4 has its input, and 5 a socket: one byte written there says that it needs
// nothing of the initramfs any more, and the socket is closed when this process ends. name is its argv[0]; one that begins with @ is spared by PID 1.
func StartApart(program, name string) (*Apart, error) {
	in, feed, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	null, err := os.OpenFile("/dev/null", os.O_RDWR, 0)
	if err != nil {
		return nil, errors.Join(err, feed.Close())
	}
	defer null.Close()
	log, err := os.OpenFile("/dev/kmsg", os.O_WRONLY, 0)
	if err != nil {
		return nil, errors.Join(err, feed.Close())
	}
	defer log.Close()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, errors.Join(err, feed.Close())
	}
	defer unix.Close(pair[1])
	env := []string{"GOGC=off", "GOMAXPROCS=1"}
	pid, err := StartInMemory(program, []string{name}, env, null.Fd(), null.Fd(), log.Fd(), 0, in.Fd(), uintptr(pair[1]))
	if err != nil {
		unix.Close(pair[0])
		return nil, errors.Join(err, feed.Close())
	}
	_ = unix.Setpriority(unix.PRIO_PROCESS, pid, 19)
	Sacrifice(pid)
	return &Apart{pid, pair[0], feed}, nil
}

// readyLimit is how long it may take until it has what it needs of the initramfs.
const readyLimit = 2 * time.Second

// Give gives it its input, and waits for the byte. If none comes the program is ended.
func (a *Apart) Give(input []byte) error {
	_ = a.feed.SetWriteDeadline(time.Now().Add(readyLimit))
	_, err := a.feed.Write(input)
	if err = errors.Join(err, a.feed.Close()); err == nil {
		err = a.ready()
	}
	if err != nil {
		a.Dismiss()
	}
	return err
}

func (a *Apart) ready() error {
	wait := []unix.PollFd{{Fd: int32(a.socket), Events: unix.POLLIN}}
	n, err := again(func() (int, error) { return unix.Poll(wait, int(readyLimit/time.Millisecond)) })
	if err == nil && n == 0 {
		return os.ErrDeadlineExceeded
	}
	var buf [1]byte
	if n, err = unix.Read(a.socket, buf[:]); err == nil && n == 0 {
		err = errors.New("it has ended before it was ready")
	}
	return err
}

// Dismiss ends it.
func (a *Apart) Dismiss() {
	_ = unix.Kill(a.pid, unix.SIGKILL)
	_, _ = syscall.Wait4(a.pid, nil, 0, nil)
	unix.Close(a.socket)
	a.feed.Close()
}
