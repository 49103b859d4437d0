package linux

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"
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
func (p Programs) Run(program string, args ...string) (status int, output string, err error) {
	return p.RunFor(0, maxOutput, program, args...)
}

// RunFor is Run with bounds: after limit the program is killed (0: never), and at most most bytes of its output are kept.
func (Programs) RunFor(limit time.Duration, most int64, program string, args ...string) (status int, output string, err error) {
	p, r, err := startWith(nil, nil, program, args)
	if err != nil {
		return 0, "", err
	}
	defer r.Close()
	if limit > 0 {
		// Children of it may hold the pipe open: then what has come by then is all.
		_ = r.SetReadDeadline(time.Now().Add(limit + lastWord))
		defer time.AfterFunc(limit, func() { _ = p.Kill() }).Stop()
	}
	return result(p, r, most)
}

// maxInput is what a pipe takes, in bytes (pipe(7)).
const maxInput = 64 << 10

// RunWith is Run with bytes on the program's standard input, at most 64 KiB. The program does not outlive this process.
func (Programs) RunWith(input []byte, program string, args ...string) (status int, output string, err error) {
	if len(input) > maxInput {
		return 0, "", fmt.Errorf("%s: %d bytes of input, at most %d are given", program, len(input), maxInput)
	}
	runtime.LockOSThread() // whose end is that of the program
	defer runtime.UnlockOSThread()
	in, feed, err := os.Pipe()
	if err != nil {
		return 0, "", err
	}
	defer in.Close()
	_, err = feed.Write(input)
	feed.Close()
	if err != nil {
		return 0, "", err
	}
	p, r, err := startWith(in, &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}, program, args)
	if err != nil {
		return 0, "", err
	}
	defer r.Close()
	return result(p, r, maxOutput)
}

// startWith starts a program with a standard input, /dev/null if that is nil; what it prints is read from r. Where memory is short it goes before us.
func startWith(in *os.File, sys *syscall.SysProcAttr, program string, args []string) (p *os.Process, r *os.File, err error) {
	if in == nil {
		if in, err = os.OpenFile("/dev/null", os.O_RDONLY, 0); err != nil {
			return nil, nil, err
		}
		defer in.Close()
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	p, err = os.StartProcess(program, append([]string{program}, args...), &os.ProcAttr{Env: childEnv, Files: []*os.File{in, w, w}, Sys: sys})
	w.Close()
	if err != nil {
		r.Close()
		return nil, nil, err
	}
	Sacrifice(p.Pid)
	return p, r, nil
}

// result waits for the end of a program, and gives its status and at most most bytes of what it has printed.
func result(p *os.Process, r *os.File, most int64) (status int, output string, err error) {
	text, _ := io.ReadAll(io.LimitReader(r, most))
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

// Wait waits for the end of the program. What it has written by then is still read.
func (s *Session) Wait() error {
	_, err := s.process.Wait()
	_ = s.request.SetReadDeadline(time.Now().Add(lastWord))
	return err
}

// lastWord is how long the request of a program that has ended may take through the pipe; others may hold it open for ever.
const lastWord = 100 * time.Millisecond

// Request waits for the line that the program writes, "" when it ends without one. A command that the kernel does not let go can keep
// the process for long after its line.
func (s *Session) Request() string {
	defer s.request.Close()
	var buf [maxRequest]byte
	for n := 0; n < len(buf); {
		got, err := s.request.Read(buf[n:])
		n += max(got, 0)
		line, _, whole := strings.Cut(string(buf[:n]), "\n")
		switch {
		case whole:
			return line
		case err != nil:
			return ""
		}
	}
	return ""
}

// End hangs up: the program, and with it what it runs in the foreground.
func (s *Session) End() {
	_ = s.process.Signal(syscall.SIGHUP)
	_ = s.process.Signal(syscall.SIGCONT)
}

// Kill ends the program whatever it does.
func (s *Session) Kill() { _ = s.process.Kill() }
