package linuxtest

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
)

const (
	diskSize   = 64 << 20 // bytes of every disk
	partSize   = 8 << 20  // bytes of every partition
	firstStart = 1 << 20  // where the first partition begins
	sectorSize = 512
)

// image is the content of a device: zero bytes but for a few pieces.
type image struct {
	size   int64
	pieces []piece
}

type piece struct {
	off  int64
	data []byte
}

func (m *image) put(off int64, data []byte) { m.pieces = append(m.pieces, piece{off, data}) }

// ReadAt reads as a device does.
func (m *image) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off >= m.size {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), m.size-off))
	clear(p[:n])
	for _, c := range m.pieces {
		from, to := max(off, c.off), min(off+int64(n), c.off+int64(len(c.data)))
		if from < to {
			copy(p[from-off:], c.data[from-c.off:to-c.off])
		}
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// newImage makes the content that a line of the section "disks" asks for.
func newImage(d *disk) (*image, error) {
	m := &image{size: d.size()}
	switch d.format {
	case "empty":
	case "ext4":
		sb, err := ext4(m.size, d.attr["uuid"], d.attr["label"])
		if err != nil {
			return nil, err
		}
		m.put(1024, sb)
	case "pv":
		m.put(sectorSize, physicalVolume())
	case "luks":
		m.put(0, luksHeader(d.attr["uuid"]))
	case "swap":
		swapHeader(m, d, 0)
	case "gpt":
		// The partitions are filled in by partition table, when all are known.
	default:
		return nil, fmt.Errorf("disk %s: no image of type %q; write ext4, swap, pv, luks, gpt or empty", d.name, d.format)
	}
	if offset, ok := d.swapFile(); ok {
		swapHeader(m, d, offset)
	}
	return m, nil
}

// ext4 makes a superblock (Documentation/filesystems/ext4/super.rst of the kernel).
func ext4(size int64, uuid, label string) ([]byte, error) {
	sb := make([]byte, 1024)
	le := binary.LittleEndian
	le.PutUint32(sb[4:], uint32(size/4096))
	le.PutUint32(sb[0x18:], 2) // blocks of 4 KiB
	le.PutUint16(sb[0x38:], 0xef53)
	le.PutUint32(sb[0x4c:], 1)
	le.PutUint32(sb[0x5c:], 0x4)  // a journal
	le.PutUint32(sb[0x60:], 0x42) // file types, extents
	copy(sb[0x78:0x88], label)
	id, err := hex.DecodeString(strings.ReplaceAll(uuid, "-", ""))
	if err != nil || len(id) != 16 && len(id) != 0 {
		return nil, fmt.Errorf("uuid %q: want 32 hexadecimal digits", uuid)
	}
	copy(sb[0x68:], id)
	return sb, nil
}

// gpt writes a GUID partition table for the partitions of one disk (UEFI Specification 2.10, section 5.3).
func gpt(m *image, parts []*disk) error {
	le := binary.LittleEndian
	entries := make([]byte, 128*128)
	for _, p := range parts {
		e := entries[128*(p.part-1):]
		id, err := guid(p.attr["partuuid"])
		if err != nil {
			return fmt.Errorf("disk %s: partuuid: %w", p.name, err)
		}
		copy(e, "\xaf\x3d\xc6\x0f\x83\x84\x72\x47\x8e\x79\x3d\x69\xd8\x47\x7d\xe4") // Linux file system data
		copy(e[16:], id)
		le.PutUint64(e[32:], uint64(p.start()/sectorSize))
		le.PutUint64(e[40:], uint64((p.start()+partSize)/sectorSize-1))
		for i, c := range []byte(p.attr["partlabel"]) {
			e[56+2*i] = c
		}
	}
	last := uint64(m.size/sectorSize) - 1
	h := make([]byte, 512)
	copy(h, "EFI PART\x00\x00\x01\x00\x5c")
	for at, v := range map[int]uint64{24: 1, 32: last, 40: 34, 48: last - 33, 56: 1, 64: 1, 72: 2} {
		le.PutUint64(h[at:], v)
	}
	le.PutUint32(h[80:], 128)
	le.PutUint32(h[84:], 128)
	le.PutUint32(h[88:], crc32.ChecksumIEEE(entries))
	le.PutUint32(h[16:], crc32.ChecksumIEEE(h[:92]))
	mbr := make([]byte, 512)
	mbr[450], mbr[454], mbr[510], mbr[511] = 0xee, 1, 0x55, 0xaa
	le.PutUint32(mbr[458:], uint32(last))
	m.put(0, mbr)
	m.put(512, h)
	m.put(1024, entries)
	return nil
}

// guid reads a GUID, whose first three fields are little endian.
func guid(text string) ([]byte, error) {
	b, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(b) != 16 {
		return nil, fmt.Errorf("%q: want 32 hexadecimal digits", text)
	}
	for _, r := range [][2]int{{0, 3}, {1, 2}, {4, 5}, {6, 7}} {
		b[r[0]], b[r[1]] = b[r[1]], b[r[0]]
	}
	return b, nil
}

// program is a static program of x86-64 that exits with status 0: an ELF header, one segment, nine bytes of code.
func program() []byte {
	le := binary.LittleEndian
	b := make([]byte, 64+56)
	copy(b, "\x7fELF\x02\x01\x01")
	for at, v := range map[int]uint16{16: 2, 18: 62, 52: 64, 54: 56, 56: 1} {
		le.PutUint16(b[at:], v)
	}
	le.PutUint32(b[20:], 1)
	const base, size = 0x400000, 64 + 56 + 9
	le.PutUint64(b[24:], base+64+56)
	le.PutUint64(b[32:], 64)
	le.PutUint32(b[64:], 1)
	le.PutUint32(b[68:], 5)
	for at, v := range map[int]uint64{80: base, 88: base, 96: size, 104: size, 112: 0x1000} {
		le.PutUint64(b[at:], v)
	}
	return append(b, 0x31, 0xff, 0xb8, 60, 0, 0, 0, 0x0f, 0x05)
}
