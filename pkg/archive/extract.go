package archive

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// ExtractOptions says what Extract does; the zero value is what is safe for anybody.
type ExtractOptions struct {
	Force   bool // into a folder that is not empty, where files of the same names are replaced
	Devices bool // make devices, FIFOs and sockets, too; devices need root
	SetID   bool // keep the set-user-ID and set-group-ID bits; root does it anyway
}

// Extract writes entries, as Tree.Entries lists them, into a folder, which is made if it is not there, and gives the
// entries that were left out because they are devices, FIFOs or sockets. Owner and time are those of a new file.
//
// Nothing outside the folder is touched, whatever the names say and whatever lies in it already: each name is opened
// with openat2(2) beneath the folder and without any link on its way (Linux 5.6).
func Extract(entries []Entry, dir string, o ExtractOptions) (left []Entry, err error) {
	x, err := openTarget(dir, o)
	if err != nil {
		return nil, err
	}
	defer x.top.Close()
	for _, e := range entries {
		if !o.Devices && e.Kind != Regular && e.Kind != Dir && e.Kind != Symlink {
			left = append(left, e)
			continue
		}
		if err := x.write(e); err != nil {
			return left, fmt.Errorf("%s below %s: %w", printable(e.Name), dir, err)
		}
	}
	return left, x.closeDirs(entries)
}

// extractor writes below one folder.
type extractor struct {
	top *os.File // the folder
	o   ExtractOptions
}

func openTarget(dir string, o ExtractOptions) (*extractor, error) {
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	switch names, err := f.Readdirnames(1); {
	case err != nil && err != io.EOF:
		f.Close()
		return nil, err
	case len(names) > 0 && !o.Force:
		f.Close()
		return nil, fmt.Errorf("folder %s is not empty: name an empty or a new one, or unpack into it with -f", dir)
	}
	o.SetID = o.SetID || os.Geteuid() == 0
	return &extractor{f, o}, nil
}

// open opens a name beneath the folder, and follows no link.
func (x *extractor) open(name string, flags, mode uint64) (int, error) {
	fd, err := unix.Openat2(int(x.top.Fd()), name, &unix.OpenHow{
		Flags: flags | unix.O_CLOEXEC | unix.O_NOFOLLOW, Mode: mode,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	})
	switch {
	case errors.Is(err, unix.ENOSYS):
		err = errors.New("this kernel has no openat2(2): Linux 5.6 or later is needed to unpack")
	case errors.Is(err, unix.ELOOP), errors.Is(err, unix.EXDEV):
		err = errors.New("a link that is there already stands in its way: unpack into an empty folder")
	}
	return fd, err
}

// write makes one file.
func (x *extractor) write(e Entry) error {
	if err := e.Check(); err != nil {
		return err
	}
	parent, err := x.open(path.Dir(e.Name), unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer unix.Close(parent)
	base := path.Base(e.Name)
	if e.Kind == Dir {
		return x.mkdir(parent, base)
	}
	if x.o.Force {
		if err := unix.Unlinkat(parent, base, 0); err != nil && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("what is there cannot be replaced: %w", err)
		}
	}
	if e.HardLink != "" {
		return x.hardLink(e, parent, base)
	}
	switch e.Kind {
	case Regular:
		return x.file(e)
	case Symlink:
		return unix.Symlinkat(string(e.Data), parent, base)
	}
	return x.device(e, parent, base)
}

// mkdir makes a folder that only we can use; closeDirs gives it its mode.
func (x *extractor) mkdir(parent int, base string) error {
	err := unix.Mkdirat(parent, base, 0o700)
	if x.o.Force && errors.Is(err, unix.EEXIST) {
		return nil // if it is no folder, nothing can be opened in it
	}
	return err
}

func (x *extractor) file(e Entry) error {
	fd, err := x.open(e.Name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), e.Name)
	_, err = f.Write(e.Data)
	if err == nil {
		err = unix.Fchmod(fd, x.perm(e))
	}
	return errors.Join(err, f.Close())
}

// perm is the mode of a file that is made.
func (x *extractor) perm(e Entry) uint32 {
	if x.o.SetID {
		return e.Perm
	}
	return e.Perm &^ 0o6000
}

// hardLink gives a file that was made before one more name.
func (x *extractor) hardLink(e Entry, parent int, base string) error {
	if err := (Entry{Name: e.HardLink}).Check(); err != nil {
		return err
	}
	first, err := x.open(path.Dir(e.HardLink), unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer unix.Close(first)
	return unix.Linkat(first, path.Base(e.HardLink), parent, base, 0)
}

func (x *extractor) device(e Entry, parent int, base string) error {
	dev := unix.Mkdev(e.Major, e.Minor)
	if e.Kind == FIFO || e.Kind == Socket {
		dev = 0
	}
	if err := unix.Mknodat(parent, base, uint32(e.Kind)|0o600, int(dev)); err != nil {
		return fmt.Errorf("a device, FIFO or socket: %w", err)
	}
	// umask(2) is for the whole process, so the mode is set by itself; no call of Linux before 6.6 does that at a name
	// without following a link.
	fd, err := x.open(e.Name, unix.O_PATH, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Chmod("/proc/self/fd/"+strconv.Itoa(fd), x.perm(e))
}

// closeDirs gives the folders their modes, the deepest first: one may be closed to ourselves.
func (x *extractor) closeDirs(entries []Entry) error {
	for _, e := range slices.Backward(entries) {
		if e.Kind != Dir {
			continue
		}
		fd, err := x.open(e.Name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
		if err == nil {
			err = errors.Join(unix.Fchmod(fd, x.perm(e)), unix.Close(fd))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", printable(e.Name), err)
		}
	}
	return nil
}

// Select picks of entries, as Tree.Entries lists them, what lies at or below any of the names, and the folders above.
// Of a file with several names the first that is picked has the data.
func Select(entries []Entry, names []string) []Entry {
	var picked []Entry
	first := map[string]string{} // of a hard link: the name picked first
	for _, e := range entries {
		if !slices.ContainsFunc(names, func(n string) bool { return below(e.Name, n) || e.Kind == Dir && below(n, e.Name) }) {
			continue
		}
		file := e.Name
		if e.HardLink != "" {
			file = e.HardLink
			e.HardLink = first[file]
		}
		if first[file] == "" {
			first[file] = e.Name
		}
		picked = append(picked, e)
	}
	return picked
}

// below says whether a name is dir, or lies in it.
func below(name, dir string) bool {
	return name == dir || dir == "." || strings.HasPrefix(name, dir+"/")
}
