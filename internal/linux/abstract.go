package linux

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// DialAbstract connects to a stream socket of the abstract namespace (unix(7)), by its name without the NUL in front; NULs at its end belong to it. It does not wait: a listener whose queue is full is an
// error (EAGAIN), and so is one of another user. pid is the process that began to listen. What is read goes straight to the caller's memory.
func DialAbstract(name string) (conn *os.File, pid int, err error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, 0, os.NewSyscallError("socket", err)
	}
	defer func() {
		if err != nil {
			unix.Close(fd)
		}
	}()
	if err := syscall.Connect(fd, &syscall.SockaddrUnix{Name: "@" + name}); err != nil { // the one of x/sys takes no name that fills the address
		return nil, 0, os.NewSyscallError("connect", err)
	}
	peer, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return nil, 0, os.NewSyscallError("getsockopt", err)
	}
	if int(peer.Uid) != os.Geteuid() {
		return nil, 0, fmt.Errorf("@%s is of the user %d: %w", name, peer.Uid, errors.ErrUnsupported)
	}
	return os.NewFile(uintptr(fd), "@"+name), int(peer.Pid), nil
}

// OpenFiles are the files that a process has open, by the names that it opened them by (proc_pid_fd(5)); none if it has ended.
func OpenFiles(pid int) (list []string) {
	dir := filepath.Join("/proc", strconv.Itoa(pid), "fd")
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer d.Close()
	numbers, _ := d.Readdirnames(-1)
	for _, n := range numbers {
		if target, err := os.Readlink(filepath.Join(dir, n)); err == nil {
			list = append(list, target)
		}
	}
	return list
}
