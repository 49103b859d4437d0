package linux

import (
	"io"
	"os"
	"syscall"
	"time"
)

// Follow runs a program with stdin /dev/null and copies what it prints to out as it comes. When stop is closed the program and its
// children get SIGINT, a second later SIGTERM, and are waited for as before. spawn starts a function beside the caller. The status is that of Run.
func (Programs) Follow(spawn func(func()), stop <-chan struct{}, out io.Writer, program string, args ...string) (status int, err error) {
	null, err := os.OpenFile("/dev/null", os.O_RDONLY, 0)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	r, w, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer r.Close()
	p, err := os.StartProcess(program, append([]string{program}, args...), &os.ProcAttr{
		Env: childEnv, Files: []*os.File{null, w, w}, Sys: &syscall.SysProcAttr{Setpgid: true},
	})
	w.Close()
	if err != nil {
		return 0, err
	}
	ended := make(chan struct{})
	spawn(func() { interrupt(p.Pid, stop, ended) })
	// Who does not want to see more must not stop the program in the middle of its work.
	_, _ = io.Copy(out, r)
	_, _ = io.Copy(io.Discard, r)
	state, err := p.Wait()
	close(ended)
	if err != nil {
		return 0, err
	}
	return exitStatus(state), nil
}

// interrupt asks the process group to end. A shell that is between two children takes SIGINT and goes on.
func interrupt(group int, stop, ended <-chan struct{}) {
	select {
	case <-ended:
		return
	case <-stop:
	}
	_ = syscall.Kill(-group, syscall.SIGINT)
	patience := time.NewTimer(time.Second)
	defer patience.Stop()
	select {
	case <-ended:
	case <-patience.C:
		_ = syscall.Kill(-group, syscall.SIGTERM)
	}
}
