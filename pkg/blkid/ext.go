package blkid

import (
	"strconv"

	"github.com/preroot/preroot/internal/crc"
)

// The superblock of ext2, ext3 and ext4: 1 KiB at 1 KiB, little endian
// (Documentation/filesystems/ext4/super.rst of the kernel).
const (
	extOffset = 1024
	extSize   = 1024

	extMagic       = 0x38
	extMinorRev    = 0x3e
	extRev         = 0x4c
	extCompat      = 0x5c
	extIncompat    = 0x60
	extROCompat    = 0x64
	extUUID        = 0x68
	extLabel       = 0x78
	extJournalUUID = 0xd0
	extBlocksHi    = 0x150
	extFlags       = 0x160
	extChecksum    = 0x3fc

	extHasJournal   = 0x0004 // compat
	extJournalDev   = 0x0008 // incompat
	ext64Bit        = 0x0080 // incompat
	extMetadataCsum = 0x0400 // ro_compat
	extTestFS       = 0x0004 // flags

	// What the older drivers understand.
	extROKnown         = 0x0007 // sparse_super, large_file, btree_dir
	ext2IncompatKnown  = 0x0012 // filetype, meta_bg
	ext3IncompatKnown  = 0x0016 // and recover
	extMaxLogBlockSize = 6      // 64 KiB
)

// probeExt tells ext2, ext3, ext4 and an external journal (jbd) apart by their
// features, as libblkid does: ext3 has a journal and ext4 at least one feature
// that the ext3 driver did not know.
func probeExt(s *source, in *Info) string {
	if !s.has(extOffset+extMagic, "\x53\xef") {
		return ""
	}
	sb := s.at(extOffset, extSize)
	if sb == nil || !extSumOK(sb) {
		return ""
	}
	name := extType(sb)
	if name == "" {
		return ""
	}
	extInfo(sb, name, in)
	if name == "jbd" {
		in.Usage = UsageOther
	}
	return name
}

func extSumOK(sb []byte) bool {
	if le.Uint32(sb[extROCompat:])&extMetadataCsum == 0 {
		return true
	}
	t := crc.Table(crc.Castagnoli)
	return crc.Update(&t, ^uint32(0), sb[:extChecksum]) == le.Uint32(sb[extChecksum:])
}

func extType(sb []byte) string {
	journal := le.Uint32(sb[extCompat:])&extHasJournal != 0
	incompat := le.Uint32(sb[extIncompat:])
	newRO := le.Uint32(sb[extROCompat:])&^extROKnown != 0
	switch {
	case incompat&extJournalDev != 0:
		return "jbd"
	case newRO || incompat&^ext3IncompatKnown != 0:
		if le.Uint32(sb[extFlags:])&extTestFS != 0 {
			return "" // ext4dev, gone from the kernel since 2.6.28
		}
		return "ext4"
	case journal:
		return "ext3"
	case incompat&^ext2IncompatKnown != 0:
		return "" // needs a journal replay and has no journal
	}
	return "ext2"
}

func extInfo(sb []byte, name string, in *Info) {
	in.UUID = uuid(sb[extUUID:])
	in.Label = label(sb[extLabel : extLabel+16])
	in.Version = extVersion(le.Uint32(sb[extRev:]), le.Uint16(sb[extMinorRev:]))
	incompat := le.Uint32(sb[extIncompat:])
	if le.Uint32(sb[extCompat:])&extHasJournal != 0 {
		in.JournalUUID = uuid(sb[extJournalUUID:])
	}
	if (name == "ext3" || name == "ext4") && incompat&^ext2IncompatKnown == 0 {
		in.SecType = "ext2"
	}
	if log := le.Uint32(sb[0x18:]); log <= extMaxLogBlockSize {
		in.BlockSize = 1024 << log
		blocks := uint64(le.Uint32(sb[4:]))
		if incompat&ext64Bit != 0 {
			blocks |= uint64(le.Uint32(sb[extBlocksHi:])) << 32
		}
		in.Size = blocks * uint64(in.BlockSize)
	}
}

func extVersion(major uint32, minor uint16) string {
	if major == 1 && minor == 0 {
		return "1.0" // all that mkfs makes
	}
	return strconv.FormatUint(uint64(major), 10) + "." + strconv.Itoa(int(minor))
}
