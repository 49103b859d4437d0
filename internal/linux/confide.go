package linux

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// farewell is how long a program may take to end what it does with secrets when it is dismissed: consoles have to be given back.
const farewell = 2 * time.Second

// Confide runs a program that learns secrets, with stdin /dev/null, and gives what it has printed when it has stopped itself (StopSelf). Its memory is then overwritten (Erase). It is asked to end by
// SIGTERM when dismissed is closed, and ended some time later whatever it does. spawn starts a goroutine. One that ends by itself is an error: what it knew is somewhere in the machine's memory.
func (Programs) Confide(spawn func(f func()), dismissed <-chan struct{}, program string, args ...string) (output string, err error) {
	p, r, err := startWith(nil, nil, program, args)
	if err != nil {
		return "", err
	}
	defer r.Close()
	defer p.Release()
	said := make(chan string, 1)
	spawn(func() { // ends with the pipe, whose other end goes with the program
		text, _ := io.ReadAll(io.LimitReader(r, maxOutput))
		said <- string(text)
	})
	stopped, end := make(chan error, 1), make(chan struct{})
	spawn(func() { stopped <- awaitStop(p.Pid, end) })
	select {
	case err = <-stopped:
	case <-dismissed:
		_ = unix.Kill(p.Pid, unix.SIGTERM)
		select {
		case err = <-stopped:
		case <-time.After(farewell):
			close(end)
		}
	}
	_, erased := Erase(p.Pid)
	output = <-said
	return output, errors.Join(err, erased)
}

// awaitStop waits until a child has stopped itself. One that has ended is left for who reaps it.
func awaitStop(pid int, end <-chan struct{}) error {
	for {
		var info unix.Siginfo
		switch err := unix.Waitid(unix.P_PID, pid, &info, unix.WSTOPPED|unix.WEXITED|unix.WNOWAIT, nil); {
		case err == unix.EINTR:
			continue
		case err != nil:
			return os.NewSyscallError("waitid", err)
		case info.Code == cldStopped:
			return nil
		}
		select {
		case <-end:
			return nil // ended by us
		default:
			return fmt.Errorf("process %d has ended by itself (it was killed, or there was no memory for it)", pid)
		}
	}
}
