package blkid

import "github.com/preroot/preroot/internal/crc"

// The superblock of EROFS: 128 bytes at 1 KiB, little endian (struct
// erofs_super_block in fs/erofs/erofs_fs.h of the kernel).
const (
	erofsOffset   = 1024
	erofsChecksum = 4
	erofsCompat   = 8
	erofsBlockLog = 12
	erofsBlocks   = 36
	erofsUUID     = 48
	erofsLabel    = 64
	erofsSize     = 128

	erofsHasChecksum = 1
	erofsMaxBlockLog = 16
)

func probeErofs(s *source, in *Info) string {
	if !s.has(erofsOffset, "\xe2\xe1\xf5\xe0") {
		return ""
	}
	sb := s.at(erofsOffset, erofsSize)
	if sb == nil || sb[erofsBlockLog] < 9 || sb[erofsBlockLog] > erofsMaxBlockLog || !erofsSumOK(s, sb) {
		return ""
	}
	in.Label = label(sb[erofsLabel : erofsLabel+16])
	in.UUID = uuid(sb[erofsUUID:])
	in.BlockSize = 1 << sb[erofsBlockLog]
	in.Size = uint64(le.Uint32(sb[erofsBlocks:])) << sb[erofsBlockLog]
	return "erofs"
}

// erofsSumOK verifies the sum over the rest of the block from the superblock
// on, as the kernel does (erofs_superblock_csum_verify).
func erofsSumOK(s *source, sb []byte) bool {
	if le.Uint32(sb[erofsCompat:])&erofsHasChecksum == 0 {
		return true
	}
	want := le.Uint32(sb[erofsChecksum:])
	n := 1 << sb[erofsBlockLog]
	if n > erofsOffset {
		n -= erofsOffset
	}
	data := s.at(erofsOffset, n)
	if data == nil {
		return false
	}
	t := crc.Table(crc.Castagnoli)
	sum := crc.Update(&t, ^uint32(0), data[:erofsChecksum])
	sum = crc.Update(&t, sum, []byte{0, 0, 0, 0})
	return crc.Update(&t, sum, data[erofsChecksum+4:]) == want
}
