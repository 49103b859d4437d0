package vm

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"syscall"
	"unsafe"
)

// stallingPipe makes the pair of named pipes that QEMU's pipe chardev opens,
// PATH.in and PATH.out, and returns the reading end of the latter. It holds one
// page and no more.
func stallingPipe(path string) (*os.File, error) {
	for _, p := range []string{path + ".in", path + ".out"} {
		if err := syscall.Mkfifo(p, 0o600); err != nil {
			return nil, fmt.Errorf("mkfifo %s: %w", p, err)
		}
	}
	// Read-write: a named pipe opened for reading alone waits for a writer.
	f, err := os.OpenFile(path+".out", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	const setPipeSize = 1031 // F_SETPIPE_SZ of linux/fcntl.h
	if err := control(f, syscall.SYS_FCNTL, setPipeSize, uintptr(os.Getpagesize())); err != nil {
		f.Close()
		return nil, fmt.Errorf("size of pipe %s: %w", path, err)
	}
	return f, nil
}

// untilInit reads the console until the kernel starts /init, then ends.
type untilInit struct {
	in   io.Reader
	last []byte // the line so far
	done bool
}

func (u *untilInit) Read(b []byte) (int, error) {
	if u.done {
		return 0, io.EOF
	}
	n, err := u.in.Read(b[:1])
	u.last = append(u.last, b[:n]...)
	if bytes.HasSuffix(u.last, []byte("\n")) {
		u.done = bytes.Contains(u.last, []byte(" as init process"))
		u.last = u.last[:0]
	}
	return n, err
}

// Stalled tells how many bytes wait unread on the line of a ConsoleUnread
// machine: the size of a page once it has stalled.
func (m *Machine) Stalled() (int, error) { return waiting(m.pipe) }

func waiting(f *os.File) (int, error) {
	var n int32
	const bytesWaiting = 0x541b // FIONREAD of asm-generic/ioctls.h
	err := control(f, syscall.SYS_IOCTL, bytesWaiting, uintptr(unsafe.Pointer(&n)))
	return int(n), err
}

// control makes a call on the file's descriptor and leaves the file in the
// care of the poller, so that reads keep their deadline.
func control(f *os.File, trap, request, arg uintptr) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var errno syscall.Errno
	if err := raw.Control(func(fd uintptr) { _, _, errno = syscall.Syscall(trap, fd, request, arg) }); err != nil {
		return err
	}
	if errno != 0 {
		return errno
	}
	return nil
}
