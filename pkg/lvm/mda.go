package lvm

import (
	"errors"
	"fmt"
	"io"
)

// A metadata area begins with a sector that says where in it the text lies. The rest is a ring: a text that reaches its end goes on behind that
// sector (lib/format_text/layout.h).
const (
	mdaSummed  = 4 // the checksum before it is over all from here
	mdaMagicAt = 4
	mdaVersion = 20
	mdaStart   = 24 // u64, where the area lies on the device
	mdaSize    = 32 // u64
	mdaLive    = 40 // a locator; the one behind it is of a text that is not committed

	locSize  = 8 // u64; the offset is before it, from the start of the area
	locCRC   = 16
	locFlags = 20

	locIgnored = 1
	mdaMagic   = " LVM2 x[5A%r0N*>"
)

// MetadataArea is one copy of the metadata.
type MetadataArea struct {
	Area
	Ignored bool   // it is there and not in use
	Seqno   uint64 // of the group in it, 0 if there is none
	Err     error  // why it could not be read
}

// readMetadata reads all areas and keeps the newest text. Areas with the same text, the usual case, cost one parse.
func (pv *PV) readMetadata(r io.ReaderAt, t *crcTable) {
	var read []locator
	for i := range pv.Metadata {
		m := &pv.Metadata[i]
		loc, vg, err := m.read(r, pv, t, read)
		if err != nil {
			m.Err = err
			pv.Notes = append(pv.Notes, fmt.Sprintf("metadata area at byte %d: %s", m.Offset, err))
			continue
		}
		if vg == nil {
			continue
		}
		loc.vg, m.Seqno = vg, vg.Seqno
		read = append(read, loc)
		if pv.VG == nil || vg.Seqno > pv.VG.Seqno {
			pv.VG = vg
		}
	}
}

// locator says where a text lies and what it must be.
type locator struct {
	off, size uint64
	crc       uint32
	vg        *VG
}

// read returns the group of an area, nil where there is none.
func (m *MetadataArea) read(r io.ReaderAt, pv *PV, t *crcTable, before []locator) (loc locator, vg *VG, err error) {
	if m.Offset > pv.DeviceSize || m.Size > pv.DeviceSize-m.Offset || m.Size < 2*sectorSize {
		return loc, nil, fmt.Errorf("%d bytes, which do not lie on the device of %d bytes", m.Size, pv.DeviceSize)
	}
	if loc, err = m.head(r, t); err != nil || m.Ignored || loc.off == 0 {
		return loc, nil, err
	}
	for _, b := range before {
		if b.size == loc.size && b.crc == loc.crc {
			return loc, b.vg, nil
		}
	}
	text, err := m.text(r, loc)
	if err != nil {
		return loc, nil, err
	}
	if sum := t.sum(text); sum != loc.crc {
		return loc, nil, fmt.Errorf("the text has checksum %08x, not %08x", sum, loc.crc)
	}
	vg, err = ParseVG(string(text))
	return loc, vg, err
}

// head reads the first sector.
func (m *MetadataArea) head(r io.ReaderAt, t *crcTable) (locator, error) {
	h := make([]byte, sectorSize)
	if n, err := r.ReadAt(h, int64(m.Offset)); n < len(h) {
		return locator{}, noEOF(err)
	}
	switch {
	case string(h[mdaMagicAt:mdaVersion]) != mdaMagic:
		return locator{}, errors.New("it has no header")
	case le.Uint32(h) != t.sum(h[mdaSummed:]):
		return locator{}, errors.New("the checksum of its header is wrong")
	case le.Uint32(h[mdaVersion:]) != 1:
		return locator{}, fmt.Errorf("version %d, only 1 is known", le.Uint32(h[mdaVersion:]))
	case le.Uint64(h[mdaStart:]) != m.Offset || le.Uint64(h[mdaSize:]) != m.Size:
		return locator{}, errors.New("its header is that of another place")
	}
	l := h[mdaLive:]
	m.Ignored = le.Uint32(l[locFlags:])&locIgnored != 0
	return locator{off: le.Uint64(l), size: le.Uint64(l[locSize:]), crc: le.Uint32(l[locCRC:])}, nil
}

// text reads the text, in two pieces if it wraps.
func (m *MetadataArea) text(r io.ReaderAt, loc locator) ([]byte, error) {
	if loc.off < sectorSize || loc.off >= m.Size || loc.size == 0 || loc.size > m.Size-sectorSize {
		return nil, fmt.Errorf("the text is said to have %d bytes at %d", loc.size, loc.off)
	}
	if loc.size > maxText {
		return nil, fmt.Errorf("a text of %d bytes, at most %d are read", loc.size, maxText)
	}
	buf := make([]byte, loc.size)
	first := min(loc.size, m.Size-loc.off)
	if n, err := r.ReadAt(buf[:first], int64(m.Offset+loc.off)); uint64(n) < first {
		return nil, noEOF(err)
	}
	if rest := buf[first:]; len(rest) > 0 {
		if n, err := r.ReadAt(rest, int64(m.Offset+sectorSize)); n < len(rest) {
			return nil, noEOF(err)
		}
	}
	return buf, nil
}
