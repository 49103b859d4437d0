package faults

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"unicode/utf16"

	"github.com/preroot/preroot/internal/vm"
)

var le = binary.LittleEndian

// A part is a partition that is written by hand; start and size in bytes.
type part struct {
	start, size int64
	name        string
	id          byte   // fills the partition's GUID
	image       string // a host file that becomes its content, "" for none
}

// partID is the GUID of a part, as PARTUUID= spells it.
func partID(id byte) string {
	return fmt.Sprintf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", id, id, id, id, id, id, id, id, id, id, id, id, id, id, id, id)
}

const gptEntries = 128

// addGPT attaches a disk with a GUID partition table for a given size of sector (UEFI Specification 2.10, section 5.3).
func (r *rig) addGPT(serial string, size, sector int64, parts ...part) int {
	r.t.Helper()
	i := r.addBlank(serial, size)
	path := r.spec.Disks[i].Path
	entries := make([]byte, gptEntries*128)
	for n, p := range parts {
		e := entries[n*128:]
		// Linux file system data, in the byte order of the table.
		copy(e, "\xaf\x3d\xc6\x0f\x83\x84\x72\x47\x8e\x79\x3d\x69\xd8\x47\x7d\xe4")
		for k := range 16 {
			e[16+k] = p.id
		}
		le.PutUint64(e[32:], uint64(p.start/sector))
		le.PutUint64(e[40:], uint64((p.start+p.size)/sector-1))
		for k, u := range utf16.Encode([]rune(p.name)) {
			le.PutUint16(e[56+2*k:], u)
		}
		if p.image != "" {
			r.host("dd", "if="+p.image, "of="+path, "bs=1M", fmt.Sprintf("seek=%d", p.start), "oflag=seek_bytes", "conv=notrunc,sparse", "status=none")
		}
	}
	last, arraySectors := size/sector-1, int64(len(entries))/sector
	mbr := make([]byte, 512)
	copy(mbr[446:], "\x00\x00\x02\x00\xee\xff\xff\xff\x01\x00\x00\x00")
	le.PutUint32(mbr[446+12:], uint32(min(last, 0xffffffff)))
	mbr[510], mbr[511] = 0x55, 0xaa
	r.patch(i, 0, mbr)
	r.patch(i, 2*sector, entries)
	r.patch(i, sector, gptHeader(1, last, 2, arraySectors, last, entries))
	r.patch(i, (last-arraySectors)*sector, entries)
	r.patch(i, last*sector, gptHeader(last, 1, last-arraySectors, arraySectors, last, entries))
	return i
}

func gptHeader(my, alternate, array, arraySectors, last int64, entries []byte) []byte {
	h := make([]byte, 92)
	copy(h, "EFI PART\x00\x00\x01\x00\x5c\x00\x00\x00")
	le.PutUint64(h[24:], uint64(my))
	le.PutUint64(h[32:], uint64(alternate))
	le.PutUint64(h[40:], uint64(2+arraySectors))
	le.PutUint64(h[48:], uint64(last-arraySectors-1))
	copy(h[56:], "a disk of a test")
	le.PutUint64(h[72:], uint64(array))
	le.PutUint32(h[80:], gptEntries)
	le.PutUint32(h[84:], 128)
	le.PutUint32(h[88:], crc32.ChecksumIEEE(entries))
	le.PutUint32(h[16:], crc32.ChecksumIEEE(h))
	return h
}

// bootRecord is a sector with a DOS table: entries of type, start and size, in sectors.
func bootRecord(entries ...[3]uint32) []byte {
	b := make([]byte, 512)
	for i, e := range entries {
		at := b[446+16*i:]
		at[4] = byte(e[0])
		le.PutUint32(at[8:], e[1])
		le.PutUint32(at[12:], e[2])
	}
	b[510], b[511] = 0x55, 0xaa
	return b
}

// mdMember makes the last sectors of an image the superblock of a member of a mirror, version 1.0: its file system is in
// sight from outside (include/uapi/linux/raid/md_p.h).
func (r *rig) mdMember(disk int) {
	r.t.Helper()
	at := r.size(disk)&^0xfff - 0x2000
	sb := make([]byte, 256)
	le.PutUint32(sb, 0xa92b4efc)
	le.PutUint32(sb[4:], 1)
	copy(sb[16:], "a mirror of 2007")
	copy(sb[32:], "host:root")
	le.PutUint32(sb[72:], 1) // raid1
	le.PutUint64(sb[80:], uint64(at)>>9)
	le.PutUint32(sb[92:], 2)
	le.PutUint64(sb[136:], uint64(at)>>9)
	le.PutUint64(sb[144:], uint64(at)>>9)
	copy(sb[168:], "the first device")
	le.PutUint32(sb[220:], 0) // no roles
	var sum uint64
	for k := 0; k < len(sb); k += 4 {
		sum += uint64(le.Uint32(sb[k:]))
	}
	le.PutUint32(sb[216:], uint32(sum+sum>>32))
	r.patch(disk, at, sb)
}

// ext4 offsets of the superblock (fs/ext4/ext4.h).
const (
	extSuper    = 1024
	extInodes   = 0x00
	extLogBlock = 0x18
	extIncompat = 0x60
	extChecksum = 0x3fc
)

// patchExt changes a field of an ext4 superblock and makes its checksum right again.
func (r *rig) patchExt(disk int, at int64, change func(super []byte)) {
	r.t.Helper()
	sb := r.peek(disk, at+extSuper, 1024)
	change(sb)
	le.PutUint32(sb[extChecksum:], ^crc32.Checksum(sb[:extChecksum], crc32.MakeTable(crc32.Castagnoli)))
	r.patch(disk, at+extSuper, sb)
}

// imageEntry is a root image inside the initramfs, for a disk that lies in memory.
func (r *rig) imageEntry(name string, root vm.Root) {
	r.t.Helper()
	data, err := os.ReadFile(r.master(root))
	if err != nil {
		r.t.Fatal(err)
	}
	r.file(name, 0o644, data)
}
