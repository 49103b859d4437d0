package linux

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Background is a child in a session of its own that somebody waits for.
type Background struct{ p *os.Process }

// StartBackground starts a program in a session of its own, in dir, with input and output (standard output and error) opened by path. private gives it a mount
// namespace of its own. It is the first to go when memory runs out. It must not be used in PID 1, which reaps every child itself.
func StartBackground(argv, env []string, dir, input, output string, private bool) (*Background, error) {
	in, err := os.OpenFile(input, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	out, err := os.OpenFile(output, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	attr := &syscall.SysProcAttr{Setsid: true}
	if private {
		attr.Unshareflags = unix.CLONE_NEWNS
	}
	p, err := os.StartProcess(argv[0], argv, &os.ProcAttr{Dir: dir, Env: env, Files: []*os.File{in, out, out}, Sys: attr})
	if err != nil {
		return nil, err
	}
	Sacrifice(p.Pid)
	return &Background{p}, nil
}

// PID is its process and its session.
func (b *Background) PID() int { return b.p.Pid }

// Wait waits for its end and gives the exit status, or the negative number of the signal.
func (b *Background) Wait() (int, error) {
	state, err := b.p.Wait()
	if err != nil {
		return 0, err
	}
	return exitStatus(state), nil
}

// Signal sends a signal to a process, or with a negative number to the process group.
func Signal(pid int, signal syscall.Signal) error { return unix.Kill(pid, signal) }
