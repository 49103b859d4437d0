package linux

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Terminal is a console on which a person may be: it is written to without waiting, and watched for the first key. It is
// nobody's controlling terminal.
type Terminal struct{ watchedLine }

// ErrHungUp says that nobody can be at a terminal: its line is down, or its device gone.
var ErrHungUp = errors.New("the terminal is hung up")

// OpenTerminal opens a terminal, for single keys and without echo.
func OpenTerminal(path string) (*Terminal, error) {
	line, err := watchLine(path)
	if err != nil {
		return nil, err
	}
	t := &Terminal{line}
	if t.saved, err = unix.IoctlGetTermios(t.fd, unix.TCGETS); err == nil {
		single := *t.saved
		single.Lflag &^= unix.ICANON | unix.ECHO | unix.ISIG
		single.Cc[unix.VMIN], single.Cc[unix.VTIME] = 1, 0
		_ = unix.IoctlSetTermios(t.fd, unix.TCSETS, &single)
	}
	return t, nil
}

// AwaitKey waits until something was typed, and leaves it there for who reads next. It ends with an error when the terminal is hung up or
// Release is called.
func (t *Terminal) AwaitKey() error { return t.await() }

// Release ends AwaitKey and gives the terminal its settings back; what was typed can then be read as a line. The
// caller calls Close when AwaitKey has ended.
func (t *Terminal) Release() {
	t.cancel()
	t.restore()
}

// Close lets the terminal go.
func (t *Terminal) Close() error { return t.close() }
