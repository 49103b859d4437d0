package linux

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// pty makes a pair of terminals: what is written to the first is typed on the second.
func pty(t *testing.T) (keyboard *os.File, path string) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatalf("no pseudo-terminals: %v", err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	keyboard = os.NewFile(uintptr(fd), "keyboard")
	t.Cleanup(func() { keyboard.Close() })
	return keyboard, "/dev/pts/" + strconv.Itoa(n)
}

func secretTerminal(t *testing.T, utf8 bool) (*os.File, *SecretTerminal, *SecretMemory, string) {
	t.Helper()
	keyboard, path := pty(t)
	s, err := OpenSecretTerminal(path, utf8)
	if err != nil {
		t.Fatal(err)
	}
	m, err := NewSecretMemory(MaxSecretLine + 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return keyboard, s, m, path
}

func TestSecretLine(t *testing.T) {
	keyboard, s, m, _ := secretTerminal(t, true)
	defer s.Close()
	all := make([]byte, 0, 256)
	for c := 1; c < 256; c++ {
		if !bytes.ContainsRune([]byte("\x03\x04\x11\x13\x15\x16\x1a\x1c\n\r\x7f"), rune(c)) || c >= 0x80 {
			all = append(all, byte(c))
		}
	}
	for _, tt := range []struct {
		typed, want string
		err         error
	}{
		{"secret\n", "secret", nil},
		{"secret\r", "secret", nil},
		{"\n", "", nil},
		{" with  blanks \n", " with  blanks ", nil},
		{"\x04\x04after\n", "after", nil},
		{"in\x04two\n", "intwo", nil},
		{"wrong\x15right\n", "right", nil},
		{"x\x03", "", ErrSecretCanceled},
		{"\x03", "", ErrSecretCanceled},
		{"a\x1ab\x1cc\n", "abc", nil},
		{"ab\x7fc\n", "ac", nil},
		{"a\u00e4\u20ac\x7f\x7fb\n", "ab", nil},
		{"\x16\x03\n", "\x03", nil},
		{"\xff\xfe\x80\n", "\xff\xfe\x80", nil},
		{string(all) + "\n", string(all), nil},
		{strings.Repeat("m", 512) + "\n", strings.Repeat("m", 512), nil},
		{strings.Repeat("m", 513) + "\n", "", ErrSecretTooLong},
		{strings.Repeat("m", 2000) + "\n", "", ErrSecretTooLong},
		{strings.Repeat("m", 2000) + "\x15k\n", "k", nil},
		{strings.Repeat("m", 600) + "\x03", "", ErrSecretCanceled},
		{"last\n", "last", nil},
	} {
		if _, err := keyboard.WriteString(tt.typed); err != nil {
			t.Fatal(err)
		}
		err := s.ReadLine(m)
		if err != tt.err || string(m.Bytes()) != tt.want {
			t.Errorf("%.40q: %.60q, %v; want %.60q, %v", tt.typed, m.Bytes(), err, tt.want, tt.err)
		}
		if err != nil && !bytes.Equal(m.Space(), make([]byte, MaxSecretLine+1)) {
			t.Errorf("%.40q: the memory is not wiped", tt.typed)
		}
	}
	// Nothing of it was shown.
	if err := unix.SetNonblock(int(keyboard.Fd()), true); err != nil {
		t.Fatal(err)
	}
	shown := make([]byte, 100)
	if n, err := unix.Read(int(keyboard.Fd()), shown); err != unix.EAGAIN {
		t.Errorf("shown: %q, %v", shown[:max(n, 0)], err)
	}
}

// More than the kernel keeps of one line is too long, and costs that line.
func TestSecretPaste(t *testing.T) {
	keyboard, s, m, _ := secretTerminal(t, false)
	defer s.Close()
	go func() {
		_, _ = keyboard.WriteString(strings.Repeat("p", 64<<10) + "\nnext\n")
	}()
	if err := s.ReadLine(m); err != ErrSecretTooLong {
		t.Errorf("64 KiB: %v", err)
	}
	if err := s.ReadLine(m); err != nil || string(m.Bytes()) != "next" {
		t.Errorf("the next line: %q, %v", m.Bytes(), err)
	}
}

func TestSecretCancel(t *testing.T) {
	keyboard, s, m, path := secretTerminal(t, false)
	before, _ := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY, 0)
	defer before.Close()
	done := make(chan error)
	go func() { done <- s.ReadLine(m) }()
	if _, err := keyboard.WriteString("half of a sec"); err != nil {
		t.Fatal(err)
	}
	s.Cancel()
	select {
	case err := <-done:
		if !errors.Is(err, os.ErrClosed) || len(m.Bytes()) != 0 {
			t.Errorf("%v, %q", err, m.Bytes())
		}
	case <-time.After(5 * time.Second):
		t.Fatal("ReadLine does not end")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	// What was typed is gone, and the terminal is as it was: with echo, and Ctrl-C a signal.
	mode, err := unix.IoctlGetTermios(int(before.Fd()), unix.TCGETS)
	if err != nil || mode.Lflag&(unix.ECHO|unix.ISIG|unix.ICANON) != unix.ECHO|unix.ISIG|unix.ICANON || mode.Cc[unix.VKILL] != 0x15 || mode.Cc[unix.VEOL] != 0 {
		t.Errorf("the mode afterwards: %+v, %v", mode, err)
	}
	_, _ = keyboard.WriteString("new\n")
	line := make([]byte, 100)
	if n, err := before.Read(line); err != nil || string(line[:n]) != "new\n" {
		t.Errorf("the next reader gets %q, %v", line[:n], err)
	}
}

func TestSecretHangUp(t *testing.T) {
	keyboard, s, m, _ := secretTerminal(t, false)
	defer s.Close()
	keyboard.Close()
	if err := s.ReadLine(m); err != ErrHungUp {
		t.Errorf("%v", err)
	}
	if _, err := OpenSecretTerminal("/dev/null", false); err == nil {
		t.Error("/dev/null is a terminal")
	}
}

// A small memory is refused before anything is read.
func TestSecretMemoryTooSmall(t *testing.T) {
	_, s, _, _ := secretTerminal(t, false)
	defer s.Close()
	m, err := NewSecretMemory(MaxSecretLine)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := s.ReadLine(m); err == nil {
		t.Error("it is taken")
	}
}
