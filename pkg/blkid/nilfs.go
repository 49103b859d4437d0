package blkid

import (
	"strconv"

	"github.com/preroot/preroot/internal/crc"
)

// The superblock of NILFS2: little endian, at 1 KiB, with a copy in the last
// whole 4 KiB (struct nilfs_super_block in include/uapi/linux/nilfs2_ondisk.h
// of the kernel). The newer of the two counts, by the checkpoint.
const (
	nilfsOffset   = 1024
	nilfsSize     = 1024
	nilfsMinimum  = 1 << 20
	nilfsMagic    = 6
	nilfsBytes    = 8 // that are summed
	nilfsSeed     = 12
	nilfsSum      = 16
	nilfsBlockLog = 20 // of the block size in KiB
	nilfsDevice   = 32 // its size in bytes
	nilfsLastCP   = 56
	nilfsUUID     = 152
	nilfsLabel    = 168
	nilfsLabelEnd = 248
)

func probeNilfs(s *source, in *Info) string {
	if !s.has(nilfsOffset+nilfsMagic, "\x34\x34") || !nilfsAt(s, nilfsOffset, in) {
		return ""
	}
	first := le.Uint64(s.head[nilfsOffset+nilfsLastCP:])
	var copied Info
	if sb := s.at(nilfsCopy(s), nilfsSize); sb != nil && first > le.Uint64(sb[nilfsLastCP:]) && nilfsInfo(s, sb, &copied) {
		*in = copied
	}
	return "nilfs2"
}

// probeNilfsFar looks for the copy alone.
func probeNilfsFar(s *source, in *Info) string {
	if !nilfsAt(s, nilfsCopy(s), in) {
		return ""
	}
	return "nilfs2"
}

func nilfsCopy(s *source) int64 { return (s.size/512 - 8) * 512 }

func nilfsAt(s *source, off int64, in *Info) bool {
	sb := s.at(off, nilfsSize)
	return sb != nil && nilfsInfo(s, sb, in)
}

func nilfsInfo(s *source, sb []byte, in *Info) bool {
	n := int(le.Uint16(sb[nilfsBytes:]))
	if le.Uint16(sb[nilfsMagic:]) != 0x3434 || le.Uint64(sb[nilfsDevice:]) != uint64(s.size) || n < nilfsLabelEnd || n > nilfsSize {
		return false
	}
	t := crc.Table(crc.IEEE)
	sum := crc.Update(&t, le.Uint32(sb[nilfsSeed:]), sb[:nilfsSum])
	sum = crc.Update(&t, sum, []byte{0, 0, 0, 0})
	if crc.Update(&t, sum, sb[nilfsSum+4:n]) != le.Uint32(sb[nilfsSum:]) {
		return false
	}
	in.Label = label(sb[nilfsLabel:nilfsLabelEnd])
	in.UUID = uuid(sb[nilfsUUID:])
	in.Version = strconv.FormatUint(uint64(le.Uint32(sb)), 10)
	if log := le.Uint32(sb[nilfsBlockLog:]); log < 22 {
		in.BlockSize = 1024 << log
	}
	in.Size = le.Uint64(sb[nilfsDevice:])
	return true
}
