package linux

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// TTY is the controlling terminal of this process, in a mode for a program that edits lines itself.
type TTY struct {
	f     *os.File
	saved *unix.Termios
}

// DiscardInput forgets what was typed on a terminal and not read yet.
func DiscardInput(f *os.File) { _ = unix.IoctlSetInt(int(f.Fd()), unix.TCFLSH, unix.TCIFLUSH) }

// AdoptTTY takes an open terminal over: every key is read at once, without echo and as it is, Ctrl-C too; output keeps its newlines.
// Nothing that was typed before is lost. A file that is no terminal stays as it is.
func AdoptTTY(f *os.File) *TTY {
	t := &TTY{f: f}
	now, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		return t
	}
	saved := *now
	sane(&saved)
	t.saved = &saved
	raw := saved
	raw.Iflag &^= unix.ICRNL | unix.INLCR | unix.IGNCR | unix.ISTRIP
	raw.Lflag &^= unix.ICANON | unix.ECHO | unix.ECHONL | unix.ISIG | unix.IEXTEN
	raw.Cflag |= unix.CLOCAL // a line that drops and comes back ends nothing
	raw.Cc[unix.VMIN], raw.Cc[unix.VTIME] = 1, 0
	_ = unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, &raw)
	return t
}

// sane mends settings that a program has left behind that died while it edited: the next shell would show nothing that is typed.
func sane(t *unix.Termios) {
	t.Oflag |= unix.OPOST | unix.ONLCR
	if t.Lflag&unix.ICANON != 0 {
		return
	}
	t.Iflag |= unix.ICRNL | unix.IXON
	t.Lflag |= unix.ICANON | unix.ECHO | unix.ECHOE | unix.ECHOK | unix.ECHOCTL | unix.ECHOKE | unix.ISIG | unix.IEXTEN
	t.Cc[unix.VEOF], t.Cc[unix.VEOL] = 4, 0 // VMIN and VTIME share their places on some machines
}

// Read waits for what is typed.
func (t *TTY) Read(p []byte) (int, error) { return t.f.Read(p) }

// Write shows text.
func (t *TTY) Write(p []byte) (int, error) { return t.f.Write(p) }

// Restore gives the terminal its settings back.
func (t *TTY) Restore() {
	if t.saved != nil {
		_ = unix.IoctlSetTermios(int(t.f.Fd()), unix.TCSETSW, t.saved)
	}
}

// Size is the terminal's size in characters, 0, 0 when it does not tell.
func (t *TTY) Size() (columns, rows int) {
	w, err := unix.IoctlGetWinsize(int(t.f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0, 0
	}
	return int(w.Col), int(w.Row)
}

// OpenNow opens a file for reading and waits for nothing: not for the other end of a FIFO, nor for a device to be ready. Closing it
// ends a Read that waits, where the kernel knows such a thing.
func OpenNow(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
}

// Inherited is a descriptor that the parent process gave, made close-on-exec; nil when it is not open.
func Inherited(fd int, name string) *os.File {
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, unix.FD_CLOEXEC); err != nil {
		return nil
	}
	return os.NewFile(uintptr(fd), name)
}
