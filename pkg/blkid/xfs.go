package blkid

import "github.com/preroot/preroot/internal/crc"

// The superblock of XFS: one sector at the start, big endian (struct xfs_dsb
// in fs/xfs/libxfs/xfs_format.h of the kernel).
const (
	xfsBlockSize  = 4
	xfsBlocks     = 8
	xfsUUID       = 32
	xfsExtentSize = 80 // of the realtime device, in blocks
	xfsAGBlocks   = 84
	xfsAGCount    = 88
	xfsVersion    = 100
	xfsSectorSize = 102
	xfsInodeSize  = 104
	xfsLabel      = 108
	xfsBlockLog   = 120
	xfsSectorLog  = 121
	xfsInodeLog   = 122
	xfsInoPBLog   = 123
	xfsMaxPercent = 127
	xfsFeatures2  = 200
	xfsChecksum   = 224
	xfsFixedPart  = 264

	xfsMoreBits    = 0x8000
	xfsCRCFeature  = 0x0100
	xfsMinAGBlocks = 64
)

// probeXFS trusts no magic alone: the sizes must agree with their logarithms,
// and version 5 carries a checksum.
func probeXFS(s *source, in *Info) string {
	if !s.has(0, "XFSB") {
		return ""
	}
	sb := s.at(0, xfsFixedPart)
	if sb == nil || !xfsSizesOK(sb) || !xfsCountsOK(sb) || !xfsSumOK(s, sb) {
		return ""
	}
	in.Label = label(sb[xfsLabel : xfsLabel+12])
	in.UUID = uuid(sb[xfsUUID:])
	in.BlockSize = int64(be.Uint16(sb[xfsSectorSize:]))
	in.Size = be.Uint64(sb[xfsBlocks:]) * uint64(be.Uint32(sb[xfsBlockSize:]))
	return "xfs"
}

func xfsSizesOK(sb []byte) bool {
	block, sector := uint64(be.Uint32(sb[xfsBlockSize:])), uint64(be.Uint16(sb[xfsSectorSize:]))
	inode := uint64(be.Uint16(sb[xfsInodeSize:]))
	return powerInRange(block, sb[xfsBlockLog], 9, 16) &&
		powerInRange(sector, sb[xfsSectorLog], 9, 15) &&
		powerInRange(inode, sb[xfsInodeLog], 8, 11) &&
		int(sb[xfsBlockLog])-int(sb[xfsInodeLog]) == int(sb[xfsInoPBLog])
}

// powerInRange reports whether n is 2 to the power log and log from lo to hi.
func powerInRange(n uint64, log, lo, hi byte) bool {
	return lo <= log && log <= hi && n == 1<<log
}

func xfsCountsOK(sb []byte) bool {
	block := uint64(be.Uint32(sb[xfsBlockSize:]))
	extent := uint64(be.Uint32(sb[xfsExtentSize:])) * block
	if extent < 4<<10 || extent > 1<<30 || sb[xfsMaxPercent] > 100 {
		return false
	}
	groups, perGroup := uint64(be.Uint32(sb[xfsAGCount:])), uint64(be.Uint32(sb[xfsAGBlocks:]))
	blocks := be.Uint64(sb[xfsBlocks:])
	return groups > 0 && blocks > 0 && blocks <= groups*perGroup &&
		blocks >= (groups-1)*perGroup+xfsMinAGBlocks
}

func xfsSumOK(s *source, sb []byte) bool {
	version := be.Uint16(sb[xfsVersion:])
	if version&0xf != 5 {
		return true
	}
	if version&xfsMoreBits == 0 || be.Uint32(sb[xfsFeatures2:])&xfsCRCFeature == 0 {
		return false
	}
	sector := s.at(0, int(be.Uint16(sb[xfsSectorSize:])))
	if sector == nil {
		return false
	}
	t := crc.Table(crc.Castagnoli)
	sum := crc.Update(&t, ^uint32(0), sector[:xfsChecksum])
	sum = crc.Update(&t, sum, []byte{0, 0, 0, 0})
	sum = crc.Update(&t, sum, sector[xfsChecksum+4:])
	return ^sum == le.Uint32(sector[xfsChecksum:])
}
