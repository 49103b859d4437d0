package linux

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// MemoryFile makes a file that lies in memory and has no name: the one place for a crash text that needs no file system
// and never fills up like a pipe.
func MemoryFile(name string) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, &os.PathError{Op: "memfd_create", Path: name, Err: err}
	}
	return os.NewFile(uintptr(fd), name), nil
}

// TakeText reads at most limit bytes of a memory file from its start and closes it.
func TakeText(f *os.File, limit int) string {
	buf := make([]byte, limit)
	n, _ := f.ReadAt(buf, 0)
	f.Close()
	return strings.TrimSpace(string(buf[:n]))
}

// StandardFD is the descriptor that children get as 0, 1 and 2: PID 1's own standard output, or, where the kernel could open no console, what
// the runtime put in its place (/dev/null).
func StandardFD() uintptr { return 1 }
