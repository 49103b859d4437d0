package kmod

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// pageBits gives pages of 4 KiB: a path through a trie touches few of them, and a file in the initramfs is in
// the page cache already, so a larger read would only copy more.
const pageBits = 12

const pageSize = 1 << pageBits

// pager reads a file by pages, each once. Reading out of bounds is no panic: it sets err, and yields zeros.
type pager struct {
	name  string
	file  io.ReaderAt
	size  int64
	pages [][]byte
	err   error
}

// maxIndex is the largest index file that is looked at: offsets in the format have 28 bits.
const maxIndex = 1 << 28

func openPager(fsys fs.FS, name string) (*pager, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	if !info.Mode().IsRegular() {
		f.Close()
		return nil, fmt.Errorf("%s: not a regular file", name)
	}
	if info.Size() > maxIndex {
		f.Close()
		return nil, fmt.Errorf("%s: %d bytes, an index has at most %d", name, info.Size(), maxIndex)
	}
	r, ok := f.(io.ReaderAt)
	if !ok {
		f.Close()
		return nil, fmt.Errorf("%s: this file system cannot read at an offset", name)
	}
	return newPager(name, r, info.Size()), nil
}

func newPager(name string, r io.ReaderAt, size int64) *pager {
	return &pager{name: name, file: r, size: size, pages: make([][]byte, (size+pageSize-1)>>pageBits)}
}

// fail keeps the first error; later ones are mostly its consequence.
func (p *pager) fail(off int64, format string, args ...any) {
	if p.err == nil {
		p.err = &CorruptError{File: p.name, Offset: off, Reason: fmt.Sprintf(format, args...)}
	}
}

// page returns the page that holds off, or nil. The last page of a file is short.
func (p *pager) page(off int64) []byte {
	if off < 0 || off >= p.size {
		p.fail(off, "points beyond the end (%d bytes)", p.size)
		return nil
	}
	i := off >> pageBits
	if p.pages[i] == nil {
		p.pages[i] = p.read(i << pageBits)
	}
	return p.pages[i]
}

func (p *pager) read(start int64) []byte {
	buf := make([]byte, min(pageSize, p.size-start))
	n, err := p.file.ReadAt(buf, start)
	if n == len(buf) {
		return buf
	}
	if p.err == nil {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		p.err = fmt.Errorf("%s: offset %d: %w", p.name, start, err)
	}
	return nil
}

func (p *pager) byte(off int64) byte {
	if page := p.page(off); page != nil {
		if i := int(off & (pageSize - 1)); i < len(page) {
			return page[i]
		}
	}
	return 0
}

// uint32 reads a number; all numbers of the format are big endian.
func (p *pager) uint32(off int64) uint32 {
	if i := int(off & (pageSize - 1)); i+4 <= pageSize {
		if page := p.page(off); i+4 <= len(page) {
			b := page[i : i+4]
			return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
		}
	}
	var n uint32
	for k := range int64(4) {
		n = n<<8 | uint32(p.byte(off+k))
	}
	return n
}

// maxString bounds a string of the format: the longest line of modules.dep (a module with all its
// dependencies) has a few KiB.
const maxString = 1 << 16

// text reads a string that ends in NUL and returns it with the offset after the NUL.
func (p *pager) text(off int64) (string, int64) {
	var s []byte
	for p.err == nil {
		page := p.page(off)
		if page == nil {
			break
		}
		rest := page[min(int(off&(pageSize-1)), len(page)):]
		for i, c := range rest {
			if c == 0 {
				if s == nil {
					return string(rest[:i]), off + int64(i) + 1
				}
				return string(append(s, rest[:i]...)), off + int64(i) + 1
			}
		}
		s = append(s, rest...)
		off += int64(len(rest))
		if len(s) > maxString {
			p.fail(off, "a string of more than %d bytes", maxString)
		}
	}
	return "", off
}
