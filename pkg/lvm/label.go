package lvm

import (
	"encoding/binary"
	"fmt"
	"io"
)

// The label of a physical volume is one sector of 512 bytes among the first four, little endian; in it lies the header of the physical volume
// (lib/label/label.h, lib/format_text/layout.h).
const (
	sectorSize   = 512
	labelSectors = 4

	labelNumber = 8  // u64, which sector this is
	labelCRC    = 16 // u32, over all behind it
	labelSummed = 20
	labelOffset = 20 // u32, where the header begins
	labelType   = 24
	labelHead   = 32

	labelMagic = "LABELONE"
	labelText  = "LVM2 001"
)

var le = binary.LittleEndian

// Area is a range of a device, in bytes.
type Area struct {
	Offset, Size uint64
}

// PV is a physical volume as its own device has it.
type PV struct {
	UUID       string // with hyphens
	HeaderSize uint64 // bytes, what the header says of the device's size; the VG's metadata overrides it
	DeviceSize uint64 // bytes, the size that ReadPV was told
	Data       []Area // where the extents lie; a size of 0 is the rest of the device
	Boot       []Area // set apart for a boot loader
	Metadata   []MetadataArea
	Used       bool // the header says that it belongs to a volume group

	VG    *VG      // the newest that its metadata areas hold; nil if they hold none
	Notes []string // what is damaged without keeping it from being read
}

// ReadPV reads the physical volume on a device of size bytes. It gives ErrNoLabel for a device that is none. A metadata area that is damaged
// is a note; so are all of them, since other physical volumes of the group have the same.
func ReadPV(r io.ReaderAt, size int64) (*PV, error) {
	t := newCRC()
	sector, err := findLabel(r, size, t)
	if err != nil {
		return nil, err
	}
	pv := &PV{DeviceSize: uint64(size)}
	if err := pv.header(sector); err != nil {
		return nil, err
	}
	pv.readMetadata(r, t)
	return pv, nil
}

// findLabel returns the sector of the first good label.
func findLabel(r io.ReaderAt, size int64, t *crcTable) ([]byte, error) {
	if size < labelSectors*sectorSize {
		return nil, ErrNoLabel
	}
	head := make([]byte, labelSectors*sectorSize)
	if n, err := r.ReadAt(head, 0); n < len(head) {
		return nil, fmt.Errorf("reading the first %d bytes: %w", len(head), noEOF(err))
	}
	for i := range labelSectors {
		s := head[i*sectorSize:][:sectorSize]
		if string(s[:len(labelMagic)]) == labelMagic && string(s[labelType:labelHead]) == labelText &&
			le.Uint64(s[labelNumber:]) == uint64(i) && le.Uint32(s[labelCRC:]) == t.sum(s[labelSummed:]) {
			return s, nil
		}
	}
	return nil, ErrNoLabel
}

func noEOF(err error) error {
	if err == nil || err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// fields takes numbers out of a sector, and remembers when it was too short.
type fields struct {
	b   []byte
	bad bool
}

func (f *fields) take(n int) []byte {
	if len(f.b) < n {
		f.b, f.bad = nil, true
		return make([]byte, n)
	}
	out := f.b[:n]
	f.b = f.b[n:]
	return out
}

// areas reads a list that ends with an offset of 0.
func (f *fields) areas() []Area {
	var all []Area
	for !f.bad {
		a := Area{le.Uint64(f.take(8)), le.Uint64(f.take(8))}
		if f.bad || a.Offset == 0 {
			break
		}
		all = append(all, a)
	}
	return all
}

// header reads the header of the physical volume, and the extension behind it that newer versions have.
func (pv *PV) header(sector []byte) error {
	off := le.Uint32(sector[labelOffset:])
	if off < labelHead || off >= sectorSize {
		return fmt.Errorf("the label says that the header begins at byte %d of its sector", off)
	}
	f := &fields{b: sector[off:]}
	id := string(f.take(idLength))
	pv.HeaderSize = le.Uint64(f.take(8))
	pv.Data = f.areas()
	for _, a := range f.areas() {
		pv.Metadata = append(pv.Metadata, MetadataArea{Area: a})
	}
	if f.bad {
		return fmt.Errorf("the header does not end in its sector")
	}
	if !isRawID(id) {
		return fmt.Errorf("the header has no UUID")
	}
	pv.UUID = spellID(id)
	version, flags := le.Uint32(f.take(4)), le.Uint32(f.take(4))
	if f.bad || version == 0 {
		return nil
	}
	pv.Used = version >= 2 && flags&1 != 0
	pv.Boot = f.areas()
	return nil
}
