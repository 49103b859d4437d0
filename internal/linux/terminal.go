package linux

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Terminal is a console on which a person may be: it is written to without waiting, and watched for the first key. It is
// nobody's controlling terminal.
type Terminal struct {
	fd    int
	wake  [2]int // a pipe whose end of file ends AwaitKey
	saved *unix.Termios
}

// ErrHungUp says that nobody can be at a terminal: its line is down, or its device gone.
var ErrHungUp = errors.New("the terminal is hung up")

// OpenTerminal opens a terminal, for single keys and without echo.
func OpenTerminal(path string) (*Terminal, error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	t := &Terminal{fd: fd}
	if err := unix.Pipe2(t.wake[:], unix.O_CLOEXEC); err != nil {
		unix.Close(fd)
		return nil, err
	}
	if t.saved, err = unix.IoctlGetTermios(fd, unix.TCGETS); err == nil {
		single := *t.saved
		single.Lflag &^= unix.ICANON | unix.ECHO | unix.ISIG
		single.Cc[unix.VMIN], single.Cc[unix.VTIME] = 1, 0
		_ = unix.IoctlSetTermios(fd, unix.TCSETS, &single)
	}
	return t, nil
}

// Write writes what the terminal takes at once; the rest is dropped.
func (t *Terminal) Write(p []byte) (int, error) {
	_, err := unix.Write(t.fd, p)
	if err == unix.EAGAIN || err == nil {
		return len(p), nil
	}
	return 0, err
}

// AwaitKey waits until something was typed, and leaves it there for who reads next. It ends with an error when the terminal is hung up or
// Release is called.
func (t *Terminal) AwaitKey() error {
	watched := []unix.PollFd{{Fd: int32(t.fd), Events: unix.POLLIN}, {Fd: int32(t.wake[0]), Events: unix.POLLIN}}
	for {
		_, err := unix.Poll(watched, -1)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return err
		case watched[1].Revents != 0:
			return os.ErrClosed
		case watched[0].Revents&unix.POLLIN != 0 && watched[0].Revents&unix.POLLHUP == 0:
			return nil
		}
		return ErrHungUp
	}
}

// Release ends AwaitKey and gives the terminal its settings back; what was typed can then be read as a line. The
// caller calls Close when AwaitKey has ended.
func (t *Terminal) Release() {
	if t.wake[1] >= 0 {
		unix.Close(t.wake[1])
		t.wake[1] = -1
	}
	if t.saved != nil {
		_ = unix.IoctlSetTermios(t.fd, unix.TCSETS, t.saved)
	}
}

// Close lets the terminal go.
func (t *Terminal) Close() error {
	unix.Close(t.wake[0])
	return unix.Close(t.fd)
}
