package archive

import (
	"errors"
	"fmt"
	"io"
	"path"
)

// Kind says what a member of the archive is; the values are the S_IFMT bits of stat(2), which is how the cpio
// header holds them.
type Kind uint32

// The kinds the kernel's unpacker makes (init/initramfs.c, do_name and do_symlink).
const (
	Regular Kind = 0o100000
	Dir     Kind = 0o040000
	Symlink Kind = 0o120000
	Char    Kind = 0o020000
	Block   Kind = 0o060000
	FIFO    Kind = 0o010000
	Socket  Kind = 0o140000
)

// Entry is one member of an archive.
type Entry struct {
	Name         string // clean, relative: "lib/modules"
	Kind         Kind
	Perm         uint32 // the low twelve bits of the mode
	Uid, Gid     uint32 // its owner
	Major, Minor uint32 // of a device node
	Data         []byte // content of a file, target of a link
	Align        int64  // for Writer: the data begins at a multiple of it, by NULs behind the name; 0 for 4
	// HardLink is the first member of the archive that is the same file; "" for that one, and for a file of one name. All
	// have the data. It is for reading: Writer makes files of one name.
	HardLink string
}

// sizeLimit is where the header's eight hexadecimal digits end.
const sizeLimit = 1 << 32

// errTooBig is what a file of 4 GiB and over gets; newc has no field for it.
var errTooBig = errors.New("4 GiB and over do not fit into a newc archive: leave the file out")

// Writer writes a cpio archive of the newc form (magic 070701), the one the kernel unpacks
// (Documentation/driver-api/early-userspace/buffer-format.rst). Time is 0 and inode numbers count
// from 1, so that equal members give equal bytes.
type Writer struct {
	w   io.Writer
	n   int64
	ino uint32
	err error
}

// NewWriter returns a Writer onto w; it starts at a multiple of four bytes.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Add writes one member. A folder must come before what lies in it: the kernel makes no parents.
func (w *Writer) Add(e Entry) error {
	if err := e.Check(); err != nil {
		return err
	}
	w.ino++
	return w.member(e, w.ino)
}

// Close writes the trailer and fills up with zeros to a multiple of align bytes (at least 4). The kernel skips
// zeros between two archives.
func (w *Writer) Close(align int64) error {
	if err := w.member(Entry{Name: trailer}, 0); err != nil {
		return err
	}
	w.pad(max(align, 4))
	return w.err
}

// trailer is the name that ends an archive.
const trailer = "TRAILER!!!"

// Check refuses a member that an archive cannot hold, or whose name means another place than it says.
func (e Entry) Check() error {
	if err := checkName(e.Name); err != nil {
		return err
	}
	if err := tooBig(int64(len(e.Data))); err != nil {
		return fmt.Errorf("%s: %w", e.Name, err)
	}
	return nil
}

func tooBig(size int64) error {
	if size >= sizeLimit {
		return errTooBig
	}
	return nil
}

func (w *Writer) member(e Entry, ino uint32) error {
	links := 1
	if e.Kind == Dir {
		links = 2
	}
	name := append([]byte(e.Name), 0)
	for e.Align > 0 && (w.n+headerSize+int64(len(name))+3)&^3%e.Align != 0 {
		name = append(name, 0)
	}
	w.printf("070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", ino, uint32(e.Kind)|e.Perm, e.Uid, e.Gid, links,
		0, len(e.Data), 0, 0, e.Major, e.Minor, len(name), 0)
	w.write(name)
	w.pad(4)
	w.write(e.Data)
	w.pad(4)
	return w.err
}

func (w *Writer) printf(format string, a ...any) { w.write(fmt.Appendf(nil, format, a...)) }

func (w *Writer) write(b []byte) {
	if w.err != nil {
		return
	}
	n, err := w.w.Write(b)
	w.n, w.err = w.n+int64(n), err
}

func (w *Writer) pad(align int64) {
	if rest := w.n % align; rest != 0 {
		w.write(make([]byte, align-rest))
	}
}

// checkName refuses names that mean another place than they say: absolute, with "..", unclean, or longer than the
// kernel's PATH_MAX (4096 with the final NUL; the unpacker silently skips longer ones).
func checkName(name string) error {
	switch {
	case name == "" || name[0] == '/' || path.Clean(name) != name:
		return fmt.Errorf("name %q in the archive: write it relative to / and without empty or dot parts", name)
	case name == ".." || len(name) > 2 && name[:3] == "../":
		return fmt.Errorf("name %q in the archive leads out of it", name)
	case len(name) >= 4096:
		return fmt.Errorf("name of %d bytes in the archive: the kernel takes 4095", len(name))
	}
	for i := range len(name) {
		if name[i] == 0 {
			return fmt.Errorf("name %q in the archive holds a NUL", name)
		}
	}
	return nil
}
