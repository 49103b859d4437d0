package archive

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Read lists the members of an image in the default limits. What was read before an error is returned with it.
func Read(data []byte) ([]Entry, error) {
	i, err := Parse(data, Limits{})
	return i.Entries(), err
}

// archive reads archives of the forms 070701 and 070702.
type archive struct {
	data    []byte
	members *int // how many more there may be
	entries []Entry
	links   map[inode][]int // entries of one file
	trailer bool
}

// inode names a file of several names, up to the end of its archive.
type inode struct {
	major, minor, number uint32
	kind                 Kind
}

// read reads members from an offset up to the trailer, or to what is no member, and gives the offset behind the last.
func (a *archive) read(at int) (int, error) {
	a.trailer = false
	for {
		start := skipZeros(a.data, at)
		if start == len(a.data) || a.data[start] != '0' || start%4 != 0 {
			return at, nil
		}
		h, err := readHeader(a.data, start)
		if err != nil {
			return at, fmt.Errorf("member at byte %d%s: %w", start, nameSoFar(h.name), err)
		}
		at = h.next(len(a.data))
		if *a.members--; *a.members < 0 {
			return at, fmt.Errorf("member at byte %d: there are too many of them", start)
		}
		if h.name == trailer {
			a.trailer = true
			a.join()
			return at, nil
		}
		if err := a.take(h); err != nil {
			return at, fmt.Errorf("member at byte %d%s: %w", start, nameSoFar(h.name), err)
		}
	}
}

func nameSoFar(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf(", %.200q", name)
}

// take makes an entry of a member.
func (a *archive) take(h header) error {
	name, err := tidyName(h.name)
	if err != nil {
		return err
	}
	e := Entry{
		Name: name, Kind: Kind(h.mode() & 0o170000), Perm: h.mode() & 0o7777, Uid: h.field[2], Gid: h.field[3],
		Major: h.field[9], Minor: h.field[10], Data: a.data[h.start:h.end:h.end],
	}
	if e.Kind == Regular && h.sums && len(e.Data) > 0 && sum(e.Data) != h.field[12] {
		return errors.New("the checksum of its data is wrong")
	}
	if h.field[4] > 1 && e.Kind != Dir && e.Kind != Symlink {
		a.link(inode{h.field[7], h.field[8], h.field[0], e.Kind}, &e)
	}
	a.entries = append(a.entries, e)
	return nil
}

// link notes one of several names of a file.
func (a *archive) link(i inode, e *Entry) {
	if a.links == nil {
		a.links = map[inode][]int{}
	}
	if all := a.links[i]; len(all) > 0 {
		e.HardLink = a.entries[all[0]].Name
	}
	a.links[i] = append(a.links[i], len(a.entries))
}

// join gives all names of a file the data that stands at one of them, the last as a rule.
func (a *archive) join() {
	for _, all := range a.links {
		var data []byte
		for _, i := range slices.Backward(all) {
			if data = a.entries[i].Data; len(data) > 0 {
				break
			}
		}
		for _, i := range all {
			a.entries[i].Data = data
		}
	}
	a.links = nil
}

func (a *archive) finish() []Entry {
	a.join()
	return a.entries
}

// sum is the checksum of the form 070702: the sum of all bytes.
func sum(data []byte) (n uint32) {
	for _, b := range data {
		n += uint32(b)
	}
	return n
}

const (
	// headerSize is the magic and thirteen numbers of eight hexadecimal digits.
	headerSize = 6 + 13*8
	// maxName is PATH_MAX, with the NUL: the kernel passes over members with longer names.
	maxName = 4096
)

// errTruncated ends an image within a member.
var errTruncated = errors.New("the archive ends too early: the image is cut off, or the size of this member is wrong")

// header is that of a member.
type header struct {
	field      [13]uint32 // ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor, rdevminor, namesize, check
	name       string
	start, end int  // of the data
	sums       bool // the last field is a checksum
}

func (h *header) mode() uint32 { return h.field[1] }

// next is the offset of the next member, in an archive that may lack the last bytes of padding.
func (h *header) next(size int) int { return min(h.end+(-h.end&3), size) }

// readHeader reads the header at an offset. With an error it has what was read before.
func readHeader(data []byte, at int) (h header, err error) {
	if at > len(data)-headerSize {
		return h, errTruncated
	}
	switch magic := string(data[at : at+6]); magic {
	case "070701":
	case "070702":
		h.sums = true
	case "070707":
		return h, errors.New("magic 070707 is that of cpio's old form: the kernel takes only newc (cpio -H newc)")
	default:
		return h, fmt.Errorf("magic %q is not that of newc", magic)
	}
	for i := range h.field {
		n, err := strconv.ParseUint(string(data[at+6+8*i:at+14+8*i]), 16, 32)
		if err != nil {
			return h, fmt.Errorf("header: %w", err)
		}
		h.field[i] = uint32(n)
	}
	size := int64(h.field[11])
	if size < 2 || size > maxName {
		return h, fmt.Errorf("name of %d bytes: the kernel takes 1 to %d", size-1, maxName-1)
	}
	nameEnd := int64(at) + headerSize + size
	if nameEnd > int64(len(data)) {
		return h, errTruncated
	}
	// Tools that align data do it with more than one NUL behind the name.
	name, _, whole := bytes.Cut(data[at+headerSize:nameEnd], []byte{0})
	h.name = string(name)
	if !whole {
		return h, errors.New("its name has no end")
	}
	start := nameEnd + (-nameEnd & 3)
	end := start + int64(h.field[6])
	if end > int64(len(data)) {
		// The trailer has no data; where it is the last thing, its padding may be missing.
		if h.name != trailer || h.field[6] != 0 {
			return h, errTruncated
		}
		start, end = nameEnd, nameEnd
	}
	h.start, h.end = int(start), int(end)
	return h, nil
}

// tidyName gives a name the form of Entry.Name, as far as it means that: "./bin//sh" is "bin/sh". A name that is
// absolute or holds ".." is refused, although the kernel would find a place for it: no tool writes one.
func tidyName(name string) (string, error) {
	switch {
	case name == "":
		return "", errors.New("its name is empty")
	case name[0] == '/':
		return "", errors.New("its name is absolute")
	case slices.Contains(strings.Split(name, "/"), ".."):
		return "", errors.New("its name leads out of the archive by \"..\"")
	}
	return path.Clean(name), nil
}
