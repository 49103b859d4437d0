package linux

import (
	"io"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// FIFO is a named pipe, open for reading and writing: opening it never waits, and it has no end of file while it is open.
type FIFO struct {
	f   *os.File
	raw syscall.RawConn
}

// MakeFIFO makes a named pipe, in the place of whatever has that name, and opens it.
func MakeFIFO(path string) (*FIFO, error) {
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	if err := unix.Mkfifo(path, 0o600); err != nil {
		return nil, &fs.PathError{Op: "mkfifo", Path: path, Err: err}
	}
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	raw, err := f.SyscallConn()
	if err != nil {
		f.Close()
		return nil, err
	}
	return &FIFO{f, raw}, nil
}

// Await waits until there is something to read, or the FIFO is closed.
func (p *FIFO) Await() error {
	return p.raw.Read(func(fd uintptr) bool {
		set := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(set, 0)
		return n > 0 && err == nil
	})
}

// TryRead reads what is there; io.ErrNoProgress means nothing.
func (p *FIFO) TryRead(buf []byte) (n int, err error) {
	if failed := p.raw.Control(func(fd uintptr) { n, err = unix.Read(int(fd), buf) }); failed != nil {
		return 0, failed
	}
	if err == unix.EAGAIN || err == unix.EINTR || err == nil && n == 0 {
		return 0, io.ErrNoProgress
	}
	return max(n, 0), err
}

// Write writes to the FIFO.
func (p *FIFO) Write(data []byte) (int, error) { return p.f.Write(data) }

// Close closes it; the name stays.
func (p *FIFO) Close() error { return p.f.Close() }
