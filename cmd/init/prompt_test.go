package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/preroot/preroot/pkg/rescue"
)

// TestMain makes the test program what it is called, as the engine does with /init.
func TestMain(m *testing.M) {
	if os.Args[0] == rescue.PromptName {
		main()
	}
	os.Exit(m.Run())
}

// pty is a pseudo terminal with somebody at it.
type pty struct {
	t             *testing.T
	master, slave *os.File
	mu            sync.Mutex
	shown         strings.Builder
	more          chan struct{}
}

func openPty(t *testing.T) *pty {
	t.Helper()
	// Without O_NONBLOCK a Close would wait for the Read of the other goroutine.
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	p := &pty{t: t, master: os.NewFile(uintptr(fd), "ptmx"), slave: slave, more: make(chan struct{}, 1)}
	t.Cleanup(func() { p.master.Close(); slave.Close() })
	go p.read()
	return p
}

func (p *pty) read() {
	buf := make([]byte, 4096)
	for {
		n, err := p.master.Read(buf)
		p.mu.Lock()
		p.shown.Write(buf[:n])
		p.mu.Unlock()
		select {
		case p.more <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

func (p *pty) write(text string) {
	p.t.Helper()
	if _, err := io.WriteString(p.master, text); err != nil {
		p.t.Fatal(err)
	}
}

// await waits until the terminal has shown text, and forgets what came up to it.
func (p *pty) await(text string) {
	p.t.Helper()
	limit := time.After(20 * time.Second)
	for {
		p.mu.Lock()
		shown := p.shown.String()
		i := strings.Index(shown, text)
		if i >= 0 {
			p.shown.Reset()
			p.shown.WriteString(shown[i+len(text):])
		}
		p.mu.Unlock()
		if i >= 0 {
			return
		}
		select {
		case <-p.more:
		case <-limit:
			p.t.Fatalf("the terminal does not show %q, but %q", text, shown[max(0, len(shown)-500):])
		}
	}
}

// mode is the terminal's local modes: ICANON and ECHO tell a line discipline that a shell can use.
func (p *pty) mode() uint32 {
	p.t.Helper()
	set, err := unix.IoctlGetTermios(int(p.slave.Fd()), unix.TCGETS)
	if err != nil {
		p.t.Fatal(err)
	}
	return set.Lflag & (unix.ICANON | unix.ECHO | unix.ISIG)
}

const usable = unix.ICANON | unix.ECHO | unix.ISIG

// prompt is the built-in prompt on a pty, started as the engine starts it.
type prompt struct {
	*pty
	process *os.Process
	request *os.File
}

func startPrompt(t *testing.T, p *pty) *prompt {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	process, err := os.StartProcess(self, []string{rescue.PromptName}, &os.ProcAttr{
		Dir: "/", Env: []string{"TERM=linux"}, Files: []*os.File{p.slave, p.slave, p.slave, w},
		Sys: &syscall.SysProcAttr{Setsid: true, Setctty: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = process.Kill(); _, _ = process.Wait(); r.Close() })
	started := &prompt{p, process, r}
	started.await(rescue.Greeting + "\r\n")
	return started
}

// end waits for the end of the prompt.
func (p *prompt) end(wantStatus int, wantRequest string) {
	p.t.Helper()
	late := time.AfterFunc(20*time.Second, func() { _ = p.process.Kill() })
	defer late.Stop()
	state, err := p.process.Wait()
	if err != nil {
		p.t.Fatal(err)
	}
	request, err := io.ReadAll(p.request)
	if err != nil || state.ExitCode() != wantStatus || string(request) != wantRequest {
		p.t.Errorf("%v, request %q, %v; want status %d, %q", state, request, err, wantStatus, wantRequest)
	}
}

// TestPrompt talks with the prompt on a real terminal.
func TestPrompt(t *testing.T) {
	tty := openPty(t)
	tty.write("echo typed before\n")
	p := startPrompt(t, tty)
	p.await("\r\ntyped before\r\n")
	p.await("preroot:/# ")
	if p.mode() != 0 {
		t.Errorf("mode %#x while a line is edited", p.mode())
	}
	p.write("echo ab\x7fc\r")
	p.await("\r\nac\r\n")
	p.write("\x1b[A\x1b[Dü\r")
	p.await("\r\naüc\r\n")

	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	writer, err := os.OpenFile(fifo, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	for _, file := range []string{fifo, "/dev/zero"} {
		p.write("cat " + file + "\r")
		if file == fifo {
			_, _ = io.WriteString(writer, "from the FIFO\n")
			p.await("\r\nfrom the FIFO\r\n")
		} else {
			p.await(`\x00\x00\x00`)
		}
		p.write("\x03")
		p.await("^C\r\n")
		p.await("preroot:/# ")
	}
	p.write("ls -l /dev/null\r")
	p.await("\r\nDcrw-rw-rw-       1, 3 ")
	p.write(`root="LABEL=my root" ro` + "\r")
	p.end(0, `root="LABEL=my root" ro`+"\n")
	if p.mode() != usable {
		t.Errorf("mode %#x after the end", p.mode())
	}
}

// TestPromptEnds: whatever ends a prompt makes no request, and leaves the terminal usable, even one that it found otherwise.
func TestPromptEnds(t *testing.T) {
	tty := openPty(t)
	p := startPrompt(t, tty)
	p.await("preroot:/# ")
	_ = p.process.Kill()
	p.end(-1, "")
	if p.mode() == usable {
		t.Error("the mode is that of a shell after SIGKILL: nothing is tested below")
	}
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP} {
		p = startPrompt(t, tty)
		p.await("preroot:/# ")
		for _, harmless := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGTSTP, syscall.SIGTTOU, syscall.SIGPIPE} {
			_ = p.process.Signal(harmless)
		}
		p.write("ech")
		p.await("ech")
		_ = p.process.Signal(syscall.SIGINT)
		p.await("^C\r\n")
		p.write("echo on\r")
		p.await("\r\non\r\n")
		_ = p.process.Signal(signal)
		p.end(1, "")
		if p.mode() != usable {
			t.Errorf("mode %#x after %v", p.mode(), signal)
		}
	}
	p = startPrompt(t, tty)
	p.await("preroot:/# ")
	tty.master.Close()
	p.end(1, "")
}

// TestPromptRuns: a program of the image gets no input, shows what it prints, and is ended by Ctrl-C.
func TestPromptRuns(t *testing.T) {
	p := startPrompt(t, openPty(t))
	p.await("preroot:/# ")
	p.write(`/bin/sh -c "read x; echo input $?; sleep 100; echo not reached"` + "\r")
	p.await("\r\ninput 1\r\n")
	p.write("\x03")
	p.await("^C\r\n")
	p.write("false\r")
	p.await("false: status 1\r\n")
	p.write("exit\r")
	p.end(0, "exit\n")
}
