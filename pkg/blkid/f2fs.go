package blkid

import "strconv"

// The superblock of F2FS: little endian, at 1 KiB in the first block and at the
// same place in the second (struct f2fs_super_block in include/linux/f2fs_fs.h
// of the kernel).
const (
	f2fsOffset    = 1024
	f2fsSecond    = 4096 + 1024
	f2fsSize      = 3072
	f2fsMajor     = 4
	f2fsMinor     = 6
	f2fsBlockLog  = 16
	f2fsSumOffset = 32
	f2fsBlocks    = 36
	f2fsUUID      = 108
	f2fsLabel     = 124
	f2fsLabelSize = 1024

	f2fsMagic = 0xf2f52010
)

func probeF2FS(s *source, in *Info) string {
	for _, off := range [...]int64{f2fsOffset, f2fsSecond} {
		if sb := s.at(off, f2fsSize); sb != nil && le.Uint32(sb) == f2fsMagic && f2fsInfo(sb, in) {
			return "f2fs"
		}
	}
	return ""
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
	t := crcTable(polyIEEE)
	return crcUpdate(&t, f2fsMagic, sb[:at]) == le.Uint32(sb[at:])
}
