package linux

import (
	"io"
	"os"
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

// Shell runs an interactive program on a terminal, in a session of its own with the terminal as its controlling one, and waits for
// its end.
func (Programs) Shell(terminal, program string, env []string) error {
	tty, err := os.OpenFile(terminal, os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return err
	}
	defer tty.Close()
	p, err := os.StartProcess(program, []string{program, "-i"}, &os.ProcAttr{
		Dir: "/", Env: env, Files: []*os.File{tty, tty, tty},
		Sys: &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0},
	})
	if err != nil {
		return err
	}
	_, err = p.Wait()
	return err
}
