package linux

import (
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// Background is a child in a session of its own that somebody waits for.
type Background struct{ p *os.Process }

// StartBackground starts a program in a session of its own, in dir, with input and output (standard output and error) opened by path. It is the first to go when memory
// runs out. It must not be used in PID 1, which reaps every child itself.
func StartBackground(argv, env []string, dir, input, output string) (*Background, error) {
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
	p, err := os.StartProcess(argv[0], argv, &os.ProcAttr{Dir: dir, Env: env, Files: []*os.File{in, out, out}, Sys: attr})
	if err != nil {
		return nil, err
	}
	Sacrifice(p.Pid)
	return &Background{p}, nil
}

// OffMainThread calls f in a goroutine that spawn starts, and waits for it. Its thread is never the main one, whose namespaces are what /proc/PID shows of the process, and ends
// with it.
func OffMainThread(spawn func(func()), f func()) {
	done := make(chan struct{})
	spawn(func() {
		defer close(done)
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() { // while it is held here, another goroutine has another thread
			OffMainThread(spawn, f)
			runtime.UnlockOSThread()
			return
		}
		f()
	})
	<-done
}

// StartPrivate is StartBackground in a mount namespace of its own, in which the root directory is read-only: what the program mounts, and takes off, nobody else sees. It
// must be called by OffMainThread: the thread is in that namespace from then on.
func StartPrivate(argv, env []string, dir, input, output string) (*Background, error) {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return nil, os.NewSyscallError("unshare", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return nil, os.NewSyscallError("mount", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""); err != nil {
		return nil, os.NewSyscallError("mount", err)
	}
	return StartBackground(argv, env, dir, input, output)
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
