package linux

import (
	"errors"
	"io"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// The program /linuxrc of a classic initrd (initrd(4)) is started by this binary once more, which changes its root and hands its mounts over first: between fork
// and exec the standard library does neither of what is needed here.

// LinuxrcFD is the descriptor of that process over which it tells how it goes.
const LinuxrcFD = 3

// linuxrcEnv is what the kernel gave to /linuxrc, which is what it gives to its init: HOME, TERM, and the words of the command line that nobody knows and that have a value (init/main.c, envp_init).
func linuxrcEnv() []string {
	text, err := os.ReadFile("/proc/1/environ")
	if err != nil || len(text) == 0 {
		return []string{"HOME=/", "TERM=linux"}
	}
	return strings.FieldsFunc(string(text), func(c rune) bool { return c == 0 })
}

// BecomeLinuxrc makes root the root directory of this process and executes program there, with the argv that the kernel gave it and the environment of this process. It returns only when that fails; the other
// side is told.
func BecomeLinuxrc(root, program string) error {
	unix.CloseOnExec(LinuxrcFD)
	if err := unix.Chroot(root); err != nil {
		return tell(&os.PathError{Op: "chroot", Path: root, Err: err})
	}
	if err := unix.Chdir("/"); err != nil {
		return tell(&os.PathError{Op: "chdir", Path: root, Err: err})
	}
	var rights []byte
	listener, err := handOverMounts()
	if err == nil {
		rights = unix.UnixRights(listener)
	}
	if err := unix.Sendmsg(LinuxrcFD, []byte("ready"), rights, nil, 0); err != nil {
		return err
	}
	_ = unix.Close(listener)
	return tell(&os.PathError{Op: "execute", Path: program, Err: syscall.Exec(program, []string{program[1:]}, os.Environ())})
}

// tell sends an error to who has started this process.
func tell(err error) error {
	var errno unix.Errno
	errors.As(err, &errno)
	_ = unix.Sendmsg(LinuxrcFD, []byte{byte(errno)}, nil, nil, 0)
	return err
}

// Linuxrc is /linuxrc while it runs.
type Linuxrc struct {
	process  *os.Process
	listener *os.File
}

// StartLinuxrc starts program in the directory root, in a session of its own with the console as its standard streams. self is this binary, args what makes it call
// BecomeLinuxrc. Its mounts are handed over to serve, where the kernel can do that. An error of the execution wraps the errno.
func StartLinuxrc(self string, args []string, console string) (*Linuxrc, error) {
	tty, err := os.OpenFile(console, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		if tty, err = os.OpenFile("/dev/null", os.O_RDWR, 0); err != nil {
			return nil, err
		}
	}
	defer tty.Close()
	ours, its, err := SocketPair()
	if err != nil {
		return nil, err
	}
	defer ours.Close()
	far := os.NewFile(its.Fd(), "socket")
	p, err := os.StartProcess(self, args, &os.ProcAttr{
		Dir: "/", Env: linuxrcEnv(), Files: []*os.File{tty, tty, tty, far}, Sys: &syscall.SysProcAttr{Setsid: true},
	})
	far.Close()
	if err != nil {
		return nil, err
	}
	Sacrifice(p.Pid)
	l := &Linuxrc{process: p}
	if err := l.listen(ours); err != nil {
		_, _ = p.Wait()
		if l.listener != nil {
			l.listener.Close()
		}
		return nil, err
	}
	return l, nil
}

// listen takes what the process tells before its exec: that it is ready, with the listener of its mounts, or an error. The end of the connection is the exec.
func (l *Linuxrc) listen(s *Socket) error {
	for {
		text, fd, err := s.receiveRights()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case fd >= 0:
			_ = unix.SetNonblock(fd, true)
			l.listener = os.NewFile(uintptr(fd), "seccomp")
		case len(text) == 1:
			return unix.Errno(text[0])
		}
	}
}

// receiveRights waits for one message, which may bring a descriptor; -1 for none.
func (s *Socket) receiveRights() (text []byte, fd int, err error) {
	buf, rights := make([]byte, 64), make([]byte, unix.CmsgSpace(4))
	for {
		n, oob, _, _, err := unix.Recvmsg(s.fd, buf, rights, unix.MSG_CMSG_CLOEXEC)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return nil, -1, err
		case n == 0:
			return nil, -1, io.EOF
		}
		fd := -1
		if messages, err := unix.ParseSocketControlMessage(rights[:oob]); err == nil && len(messages) == 1 {
			if fds, err := unix.ParseUnixRights(&messages[0]); err == nil && len(fds) == 1 {
				fd = fds[0]
			}
		}
		return buf[:n], fd, nil
	}
}

// answerFD is the descriptor of the listener in a process of StartAnswerer.
const answerFD = 3

// StartAnswerer starts self, by the name given, to answer for the mounts of processes that /linuxrc has left (AnswerMounts).
func StartAnswerer(self, name string, listener *os.File) error {
	null, err := os.OpenFile("/dev/null", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	_, err = os.StartProcess(self, []string{name}, &os.ProcAttr{
		Dir: "/", Files: []*os.File{null, null, null, listener}, Sys: &syscall.SysProcAttr{Setsid: true},
	})
	return err
}

// AnswerMounts is the whole of such a process: the kernel does what is asked, until nobody is left.
func AnswerMounts() {
	_ = unix.SetNonblock(answerFD, true)
	listener := os.NewFile(answerFD, "seccomp")
	for {
		n, err := receive(listener)
		if err != nil {
			return
		}
		n.answer(listener, true, nil)
	}
}

// Listener brings the calls of the program that are handed over (ProcNames.Serve); nil where the kernel has no seccomp.
func (l *Linuxrc) Listener() *os.File { return l.listener }

// PID is its process, its session and its process group.
func (l *Linuxrc) PID() int { return l.process.Pid }

// Wait waits for its end and gives the exit status, or the negative number of the signal.
func (l *Linuxrc) Wait() (int, error) {
	state, err := l.process.Wait()
	if err != nil {
		return 0, err
	}
	return exitStatus(state), nil
}

// Kill ends it, with its process group.
func (l *Linuxrc) Kill() { _ = unix.Kill(-l.process.Pid, unix.SIGKILL) }
