package linux

import (
	"os"

	"golang.org/x/sys/unix"
)

// watchedLine is a terminal that is written to without waiting, and watched for what is typed until it is let go. It is nobody's controlling terminal.
type watchedLine struct {
	fd    int
	wake  [2]int // a pipe whose end of file ends await
	saved *unix.Termios
}

// watchLine opens a terminal. Its settings are the caller's to save and to change.
func watchLine(path string) (watchedLine, error) {
	l := watchedLine{}
	var err error
	if l.fd, err = unix.Open(path, unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0); err != nil {
		return l, &os.PathError{Op: "open", Path: path, Err: err}
	}
	if err := unix.Pipe2(l.wake[:], unix.O_CLOEXEC); err != nil {
		unix.Close(l.fd)
		return l, os.NewSyscallError("pipe2", err)
	}
	return l, nil
}

// Write writes what the terminal takes at once; the rest is dropped.
func (l *watchedLine) Write(p []byte) (int, error) {
	_, err := unix.Write(l.fd, p)
	if err == unix.EAGAIN || err == nil {
		return len(p), nil
	}
	return 0, err
}

// await waits until something can be read. It ends with ErrHungUp when nobody can be at the terminal, and with os.ErrClosed after cancel.
func (l *watchedLine) await() error {
	watched := []unix.PollFd{{Fd: int32(l.fd), Events: unix.POLLIN}, {Fd: int32(l.wake[0]), Events: unix.POLLIN}}
	for {
		_, err := unix.Poll(watched, -1)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return os.NewSyscallError("poll", err)
		case watched[1].Revents != 0:
			return os.ErrClosed
		case watched[0].Revents&unix.POLLIN != 0 && watched[0].Revents&unix.POLLHUP == 0:
			return nil
		}
		return ErrHungUp
	}
}

// cancel ends await, which may be in another goroutine.
func (l *watchedLine) cancel() {
	if l.wake[1] >= 0 {
		unix.Close(l.wake[1])
		l.wake[1] = -1
	}
}

// restore gives the terminal the saved settings, if there are any.
func (l *watchedLine) restore() {
	if l.saved != nil {
		_ = unix.IoctlSetTermios(l.fd, unix.TCSETS, l.saved)
	}
}

// close lets the terminal go. await must have ended.
func (l *watchedLine) close() error {
	l.cancel()
	unix.Close(l.wake[0])
	return unix.Close(l.fd)
}
