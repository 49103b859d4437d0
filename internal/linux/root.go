package linux

import (
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// resolveInRoot keeps every look-up, absolute links included, below the directory it starts from.
const resolveInRoot = unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS

// Root is a directory that is looked into as if it were "/": the new root before the switch.
type Root struct{ dir *os.File }

// OpenRoot opens dir as a Root.
func OpenRoot(dir string) (*Root, error) {
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: dir, Err: err}
	}
	return &Root{os.NewFile(uintptr(fd), dir)}, nil
}

// Close lets the directory go.
func (r *Root) Close() error { return r.dir.Close() }

// Fd is the directory's descriptor (O_PATH).
func (r *Root) Fd() int { return int(r.dir.Fd()) }

// Open opens path for reading with every link resolved inside the root; it never waits for a FIFO or a device.
func (r *Root) Open(path string) (*os.File, error) {
	return r.open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY)
}

// OpenPath opens path with O_PATH: a handle for mounting on it.
func (r *Root) OpenPath(path string) (*os.File, error) {
	return r.open(path, unix.O_PATH)
}

func (r *Root) open(path string, flags uint64) (*os.File, error) {
	how := unix.OpenHow{Flags: flags | unix.O_CLOEXEC, Resolve: resolveInRoot}
	fd, err := unix.Openat2(r.Fd(), path, &how)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(fd), path), nil
}

// ReadFile reads at most limit bytes of a regular file inside the root.
func (r *Root) ReadFile(path string, limit int64) ([]byte, error) {
	f, err := r.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() || st.Size() > limit {
		return nil, &os.PathError{Op: "read", Path: path, Err: fs.ErrInvalid}
	}
	data := make([]byte, st.Size())
	n, err := f.ReadAt(data, 0)
	if n == len(data) {
		err = nil
	}
	return data[:n], err
}

// ReadDir lists the names in a directory inside the root.
func (r *Root) ReadDir(path string) ([]string, error) {
	f, err := r.open(path, unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}

// Mkdir makes a directory inside the root; an existing one is no error.
func (r *Root) Mkdir(path string, mode uint32) error {
	err := unix.Mkdirat(r.Fd(), relative(path), mode)
	if err == unix.EEXIST {
		return nil
	}
	return err
}

// NoExec says whether the file system that an open file lies on is mounted noexec.
func NoExec(f *os.File) bool {
	var st unix.Statfs_t
	return unix.Fstatfs(int(f.Fd()), &st) == nil && st.Flags&unix.ST_NOEXEC != 0
}

func relative(path string) string {
	for len(path) > 0 && path[0] == '/' {
		path = path[1:]
	}
	if path == "" {
		return "."
	}
	return path
}
