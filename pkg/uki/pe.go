package uki

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// file is a PE32+ file that grows by sections. Offsets are those of "PE Format": of the COFF header from coff, of the optional header from optional.
type file struct {
	data           []byte
	coff, optional int
	sections       int // offset of the table of sections
}

const (
	coffSize      = 20  // of the COFF header
	directories   = 112 // where the data directories begin in the optional header of PE32+
	certificates  = 4   // number of the directory of signatures
	sectionSize   = 40  // of an entry of the table
	sectionsLimit = 96  // of the Windows loader; no stub comes near

	initialized, executable, readable, code = 0x40, 0x20000000, 0x40000000, 0x20 // characteristics of a section
)

var le = binary.LittleEndian

// parse finds the headers and refuses what could not be extended or started.
func parse(data []byte) (*file, error) {
	if len(data) < 64 || string(data[:2]) != "MZ" {
		return nil, errors.New("no UEFI executable (MZ is not its beginning)")
	}
	f := &file{data: slices.Clone(data), coff: int(le.Uint32(data[0x3c:])) + 4}
	f.optional = f.coff + coffSize
	if f.optional+directories > len(data) || string(data[f.coff-4:f.coff]) != "PE\x00\x00" {
		return nil, errors.New("no UEFI executable (no PE header)")
	}
	if magic := le.Uint16(data[f.optional:]); magic != 0x20b {
		return nil, fmt.Errorf("no 64-bit UEFI executable (magic %#x, not PE32+)", magic)
	}
	f.sections = f.optional + int(le.Uint16(data[f.coff+16:]))
	if f.sections < f.optional+directories {
		return nil, errors.New("its optional header is cut short")
	}
	if n := f.count(); n == 0 || n > sectionsLimit || f.sections+n*sectionSize > len(data) {
		return nil, fmt.Errorf("%d sections, which its size or the format does not allow", n)
	}
	if a, b := f.sectionAlignment(), f.fileAlignment(); !isPower(a) || !isPower(b) {
		return nil, fmt.Errorf("alignments %d and %d, which are no powers of two", a, b)
	}
	return f, nil
}

func isPower(n uint32) bool { return n != 0 && n <= 1<<24 && n&(n-1) == 0 }

func (f *file) machine() uint16          { return le.Uint16(f.data[f.coff:]) }
func (f *file) count() int               { return int(le.Uint16(f.data[f.coff+2:])) }
func (f *file) sectionAlignment() uint32 { return le.Uint32(f.data[f.optional+32:]) }
func (f *file) fileAlignment() uint32    { return le.Uint32(f.data[f.optional+36:]) }
func (f *file) headersSize() uint32      { return le.Uint32(f.data[f.optional+60:]) }

// section is the entry of a section in the table.
func (f *file) section(i int) []byte {
	at := f.sections + i*sectionSize
	return f.data[at : at+sectionSize]
}

// signed says whether the file has a signature, which a change would make worthless.
func (f *file) signed() bool {
	at := f.optional + directories + certificates*8
	return le.Uint32(f.data[f.optional+108:]) > certificates && at+8 <= f.sections && le.Uint32(f.data[at+4:]) != 0
}

// add appends a section.
func (f *file) add(name string, data []byte, isCode bool) error {
	if f.signed() {
		return errors.New("it is signed, and would not be with a section more: give the stub without a signature, and sign the result")
	}
	end, room := uint64(f.headersSize()), min(uint64(f.headersSize()), uint64(len(f.data)))
	for i := range f.count() {
		s := f.section(i)
		if old := string(s[:len(name)]); old == name && (len(name) == 8 || s[len(name)] == 0) {
			return fmt.Errorf("it has a section %s already: give the bare stub", name)
		}
		end = max(end, uint64(le.Uint32(s[12:]))+uint64(le.Uint32(s[8:])))
		if at := uint64(le.Uint32(s[20:])); at != 0 {
			room = min(room, at)
		}
	}
	at := f.sections + f.count()*sectionSize
	if uint64(at+sectionSize) > room || f.count() == sectionsLimit {
		return fmt.Errorf("no room in its headers for a section %s", name)
	}
	address, offset := align(end, f.sectionAlignment()), align(uint64(len(f.data)), f.fileAlignment())
	raw := align(uint64(len(data)), f.fileAlignment())
	if max(address, offset)+raw > math.MaxUint32 {
		return fmt.Errorf("section %s of %d bytes: a PE file has at most 4 GiB", name, len(data))
	}
	f.data = append(f.data, make([]byte, offset+raw-uint64(len(f.data)))...)
	copy(f.data[offset:], data)
	f.enter(at, name, address, uint64(len(data)), offset, raw, isCode)
	return nil
}

// enter writes the new section into the headers.
func (f *file) enter(at int, name string, address, size, offset, raw uint64, isCode bool) {
	s := f.data[at : at+sectionSize]
	clear(s)
	copy(s, name)
	le.PutUint32(s[8:], uint32(size))
	le.PutUint32(s[12:], uint32(address))
	le.PutUint32(s[16:], uint32(raw))
	le.PutUint32(s[20:], uint32(offset))
	kind := uint32(readable | initialized)
	if isCode {
		kind = readable | executable | code
	}
	le.PutUint32(s[36:], kind)
	le.PutUint16(f.data[f.coff+2:], uint16(f.count()+1))

	total := f.optional + 8 // of initialized data
	if isCode {
		total = f.optional + 4
	}
	le.PutUint32(f.data[total:], le.Uint32(f.data[total:])+uint32(raw))
	le.PutUint32(f.data[f.optional+56:], uint32(align(address+size, f.sectionAlignment()))) // SizeOfImage
	le.PutUint32(f.data[f.optional+64:], 0)                                                 // CheckSum: nobody looks at that of an UEFI executable
}

func align(n uint64, to uint32) uint64 { return (n + uint64(to) - 1) &^ (uint64(to) - 1) }
