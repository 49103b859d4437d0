package linux

import (
	"io"
	"os"
	"strings"
	"syscall"
)

// Programs runs programs of the image as children of this process. It must not be used in PID 1, which reaps every
// child itself.
type Programs struct{}

// childEnv is what every program gets.
var childEnv = []string{"HOME=/", "TERM=linux", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DM_DISABLE_UDEV=1"}

// maxOutput bounds what is kept of a program's output, in bytes.
const maxOutput = 64 << 10

// Run runs a program with stdin /dev/null and gives its exit status, or the negative number of the signal that ended it, and what it
// printed.
func (Programs) Run(program string, args ...string) (status int, output string, err error) {
	null, err := os.OpenFile("/dev/null", os.O_RDONLY, 0)
	if err != nil {
		return 0, "", err
	}
	defer null.Close()
	r, w, err := os.Pipe()
	if err != nil {
		return 0, "", err
	}
	defer r.Close()
	p, err := os.StartProcess(program, append([]string{program}, args...), &os.ProcAttr{
		Env: childEnv, Files: []*os.File{null, w, w},
	})
	w.Close()
	if err != nil {
		return 0, "", err
	}
	Sacrifice(p.Pid)
	text, _ := io.ReadAll(io.LimitReader(r, maxOutput))
	_, _ = io.Copy(io.Discard, r)
	state, err := p.Wait()
	if err != nil {
		return 0, string(text), err
	}
	return exitStatus(state), string(text), nil
}

func exitStatus(state *os.ProcessState) int {
	if w, ok := state.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return -int(w.Signal())
	}
	return state.ExitCode()
}

// Session is an interactive program on a terminal.
type Session struct {
	process *os.Process
	request *os.File
}

// Interactive starts a program on a terminal, in a session of its own with the terminal as its controlling one. What it writes to descriptor 3 is
// its request.
func (Programs) Interactive(terminal, program string, argv, env []string) (*Session, error) {
	tty, err := os.OpenFile(terminal, os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	defer tty.Close()
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer w.Close()
	p, err := os.StartProcess(program, argv, &os.ProcAttr{
		Dir: "/", Env: env, Files: []*os.File{tty, tty, tty, w},
		Sys: &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0},
	})
	if err != nil {
		r.Close()
		return nil, err
	}
	Sacrifice(p.Pid)
	return &Session{p, r}, nil
}

// maxRequest bounds a request, in bytes: no command line is longer.
const maxRequest = 4096

// Wait waits for the end of the program and gives its request, "" for none. Whoever else holds descriptor 3 is not waited for.
func (s *Session) Wait() (request string, err error) {
	defer s.request.Close()
	if _, err = s.process.Wait(); err != nil {
		return "", err
	}
	conn, err := s.request.SyscallConn()
	if err != nil {
		return "", err
	}
	buf, n := make([]byte, maxRequest), 0
	err = conn.Read(func(fd uintptr) bool {
		n, _ = syscall.Read(int(fd), buf)
		return true // what was written is there already
	})
	line, _, _ := strings.Cut(string(buf[:max(n, 0)]), "\n")
	return line, err
}

// End hangs up: the program, and with it what it runs in the foreground.
func (s *Session) End() {
	_ = s.process.Signal(syscall.SIGHUP)
	_ = s.process.Signal(syscall.SIGCONT)
}

// Kill ends the program whatever it does.
func (s *Session) Kill() { _ = s.process.Kill() }
