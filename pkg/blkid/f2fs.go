package blkid

import (
	"strconv"

	"github.com/preroot/preroot/internal/crc"
)

// The superblock of F2FS: little endian, at 1 KiB (struct f2fs_super_block in
// include/linux/f2fs_fs.h of the kernel). Its copy in the second block is left
// alone, as by libblkid.
const (
	f2fsOffset    = 1024
	f2fsSize      = 3072
	f2fsMajor     = 4
	f2fsMinor     = 6
	f2fsBlockLog  = 16
	f2fsSumOffset = 32
	f2fsBlocks    = 36
	f2fsUUID      = 108
	f2fsLabel     = 124
	f2fsLabelSize = 1024

	f2fsSeed = 0xf2f52010 // of the sum: the magic number
)

func probeF2FS(s *source, in *Info) string {
	if !s.has(f2fsOffset, "\x10\x20\xf5\xf2") {
		return ""
	}
	if sb := s.at(f2fsOffset, f2fsSize); sb == nil || !f2fsInfo(sb, in) {
		return ""
	}
	return "f2fs"
}

func f2fsInfo(sb []byte, in *Info) bool {
	major, minor := le.Uint16(sb[f2fsMajor:]), le.Uint16(sb[f2fsMinor:])
	if major == 1 && minor == 0 {
		return true // the fields lay elsewhere then
	}
	if !f2fsSumOK(sb) {
		return false
	}
	if sb[f2fsLabel] != 0 {
		in.Label = utf16Text(sb[f2fsLabel:f2fsLabel+f2fsLabelSize], false)
	}
	in.UUID = uuid(sb[f2fsUUID:])
	in.Version = strconv.Itoa(int(major)) + "." + strconv.Itoa(int(minor))
	if log := le.Uint32(sb[f2fsBlockLog:]); log < 32 {
		in.BlockSize = 1 << log
		in.Size = le.Uint64(sb[f2fsBlocks:]) << log
	}
	return true
}

// f2fsSumOK verifies the sum if there is one, as the kernel does.
func f2fsSumOK(sb []byte) bool {
	at := le.Uint32(sb[f2fsSumOffset:])
	if at == 0 {
		return true
	}
	if at > f2fsSize-4 {
		return false
	}
	t := crc.Table(crc.IEEE)
	return crc.Update(&t, f2fsSeed, sb[:at]) == le.Uint32(sb[at:])
}
