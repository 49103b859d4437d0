package linux

import (
	"errors"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// MaxSecretLine is the longest secret that is read from a terminal, in bytes.
const MaxSecretLine = 512

// SecretError is why there is no line.
type SecretError string

// Error is the reason.
func (e SecretError) Error() string { return string(e) }

const (
	// ErrSecretCanceled says that Ctrl-C was typed.
	ErrSecretCanceled = SecretError("canceled")
	// ErrSecretTooLong says that the line was longer than MaxSecretLine.
	ErrSecretTooLong = SecretError("longer than 512 bytes")
)

// SecretTerminal reads a secret from a terminal. The kernel edits the line and shows nothing; no key sends a signal, and the terminal is nobody's controlling one.
//
// The terminal is in canonical mode without echo because then, and only then, the kernel overwrites its own buffer of the line with what was read ("tty: wipe buffer if not echoing data"); it
// overwrites the buffers between driver and line discipline in any mode ("tty: wipe buffer"). Both are in Linux 4.20 and in the stable series 4.4 to 4.19 since November 2018. What is
// overwritten is what a read takes: therefore Ctrl-C and Ctrl-U end the line here, which is then read and dropped, instead of leaving the buffer's bytes where they are; and what was typed when the
// prompt is withdrawn is read, too. Left alone are characters that backspace has taken back and nothing has been typed over.
type SecretTerminal struct {
	watchedLine
	clear byte   // Ctrl-U, or what the terminal has in its place
	stop  byte   // Ctrl-C
	drop  []byte // Ctrl-Z and Ctrl-\, which mean nothing here
}

// OpenSecretTerminal opens a terminal. With utf8 a backspace takes a whole character back. The caller calls Close.
func OpenSecretTerminal(path string, utf8 bool) (*SecretTerminal, error) {
	line, err := watchLine(path)
	if err != nil {
		return nil, err
	}
	t := &SecretTerminal{watchedLine: line}
	if t.saved, err = unix.IoctlGetTermios(t.fd, unix.TCGETS); err == nil {
		err = unix.IoctlSetTermios(t.fd, unix.TCSETS, t.secretMode(utf8))
	}
	if err != nil {
		t.restore()
		t.close()
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return t, nil
}

// secretMode is the saved mode with what a secret needs. Every byte comes as it is: no eighth bit is taken off, none is doubled or translated, but that Enter ends the line.
func (t *SecretTerminal) secretMode(utf8 bool) *unix.Termios {
	sane(t.saved)
	mode := *t.saved
	mode.Iflag &^= unix.ISTRIP | unix.PARMRK | unix.INLCR | unix.IGNCR | unix.IUCLC | unix.IUTF8
	mode.Iflag |= unix.ICRNL
	if utf8 {
		mode.Iflag |= unix.IUTF8
	}
	mode.Lflag &^= unix.ECHO | unix.ECHONL | unix.ISIG
	mode.Lflag |= unix.ICANON | unix.IEXTEN // IEXTEN for VEOL2
	mode.Cflag |= unix.CLOCAL
	t.stop, t.clear = mode.Cc[unix.VINTR], mode.Cc[unix.VKILL]
	t.drop = []byte{mode.Cc[unix.VSUSP], mode.Cc[unix.VQUIT]}
	mode.Cc[unix.VEOL], mode.Cc[unix.VEOL2] = t.stop, t.clear
	mode.Cc[unix.VKILL], mode.Cc[unix.VWERASE], mode.Cc[unix.VREPRINT] = 0, 0, 0 // 0 is no key
	return &mode
}

// ReadLine waits for a line and reads it straight into the memory, which needs room for MaxSecretLine+1 bytes; the newline is not part of it. It ends with ErrSecretCanceled, ErrSecretTooLong,
// ErrHungUp, or os.ErrClosed after Cancel; the memory is empty then. Ctrl-D on an empty line is nothing.
func (t *SecretTerminal) ReadLine(into *SecretMemory) error {
	into.Wipe()
	space := into.Space()
	if len(space) <= MaxSecretLine {
		return errors.New("the memory is too small for a line")
	}
	space = space[:MaxSecretLine+1]
	n, err := t.readLine(space)
	if err != nil {
		into.Wipe()
		return err
	}
	into.SetLen(n)
	return nil
}

// readLine reads pieces of the line until its end and gives its length.
func (t *SecretTerminal) readLine(space []byte) (int, error) {
	n, tooLong := 0, false
	for {
		if n == len(space) {
			n, tooLong = 0, true // the rest is read as well, and dropped
		}
		k, err := t.readSome(space[n:])
		if err != nil {
			return 0, err
		}
		n += k
		if n == 0 {
			continue
		}
		switch last := space[n-1]; {
		case last == '\n' && tooLong:
			return 0, ErrSecretTooLong
		case last == '\n':
			line := slices.DeleteFunc(space[:n-1], func(c byte) bool { return c != 0 && slices.Contains(t.drop, c) })
			return len(line), nil
		case last == t.stop && last != 0:
			return 0, ErrSecretCanceled
		case last == t.clear && last != 0:
			clear(space)
			n, tooLong = 0, false
		}
	}
}

// readSome waits for the end of a line, and reads what there is of it. Nothing is Ctrl-D.
func (t *SecretTerminal) readSome(p []byte) (int, error) {
	for {
		if err := t.await(); err != nil {
			return 0, err
		}
		switch n, err := unix.Read(t.fd, p); {
		case err == unix.EAGAIN || err == unix.EINTR:
		case err != nil:
			return 0, ErrHungUp
		default:
			return n, nil
		}
	}
}

// Cancel ends ReadLine. It may be called from another goroutine.
func (t *SecretTerminal) Cancel() { t.cancel() }

// Close takes what was typed of the next line, so that it is in nobody's hands, and gives the terminal its settings back. ReadLine must have ended.
func (t *SecretTerminal) Close() error {
	t.drain()
	t.restore()
	return t.close()
}

// drain reads what is left. Part of a line can be read in canonical mode when the mode was left and entered again (n_tty_set_termios of the kernel), and is overwritten there.
func (t *SecretTerminal) drain() {
	mode := t.secretMode(false)
	mode.Lflag &^= unix.ICANON
	_ = unix.IoctlSetTermios(t.fd, unix.TCSETS, mode)
	mode.Lflag |= unix.ICANON
	_ = unix.IoctlSetTermios(t.fd, unix.TCSETS, mode)
	var trash [MaxSecretLine]byte
	for range 64 { // more than the buffer of a terminal
		if n, err := unix.Read(t.fd, trash[:]); n <= 0 || err != nil {
			break
		}
	}
	clear(trash[:])
}
