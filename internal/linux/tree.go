package linux

import (
	"io/fs"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// Tree is the root directory as a file system (io/fs). Other than that of os.DirFS it reads a whole file by four system calls, where os.ReadFile makes eight: a boot reads hundreds of
// files, most of them attributes of /sys.
type Tree struct{}

// Open opens a file for reading.
func (Tree) Open(name string) (fs.File, error) {
	f, err := os.Open("/" + name)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Stat follows links.
func (Tree) Stat(name string) (fs.FileInfo, error) { return os.Stat("/" + name) }

// Lstat does not.
func (Tree) Lstat(name string) (fs.FileInfo, error) { return os.Lstat("/" + name) }

// ReadLink gives the target of a link.
func (Tree) ReadLink(name string) (string, error) { return os.Readlink("/" + name) }

// ReadDir lists a directory, sorted by name.
func (Tree) ReadDir(name string) ([]fs.DirEntry, error) { return os.ReadDir("/" + name) }

// attributeSize is what most files of /sys and /proc do not exceed.
const attributeSize = 1024

// ReadFile reads a whole file.
func (Tree) ReadFile(name string) ([]byte, error) {
	fd, err := again(func() (int, error) { return unix.Open("/"+name, unix.O_RDONLY|unix.O_CLOEXEC, 0) })
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: "/" + name, Err: err}
	}
	defer unix.Close(fd)
	data := make([]byte, 0, attributeSize)
	for {
		n, err := again(func() (int, error) { return unix.Read(fd, data[len(data):cap(data)]) })
		if err != nil {
			return data, &fs.PathError{Op: "read", Path: "/" + name, Err: err}
		}
		if n == 0 {
			return data, nil
		}
		if data = data[:len(data)+n]; len(data) == cap(data) {
			data = slices.Grow(data, more(fd, len(data)))
		}
	}
}

// more is how much a file holds that is longer than what was read, at least attributeSize.
func more(fd, have int) int {
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil || st.Size > maxTreeFile {
		return attributeSize
	}
	return max(int(st.Size)-have+1, attributeSize)
}

// maxTreeFile bounds the memory that the size of a file alone is believed for.
const maxTreeFile = 1 << 30

// again makes a call once more that a signal has interrupted.
func again(call func() (int, error)) (n int, err error) {
	for {
		if n, err = call(); err != unix.EINTR {
			return n, err
		}
	}
}
