package blkid

// The superblock of the file systems of Minix: at 1 KiB, in the byte order of
// the machine that made it (struct minix_super_block and minix3_super_block in
// include/uapi/linux/minix_fs.h of the kernel). It has neither label nor UUID.
const (
	minixOffset = 1024
	minixSize   = 32
	minixBlock  = 1024 // of versions 1 and 2

	// The number of inodes comes first.
	minixZones1 = 2 // version 1
	minixMaps   = 4 // blocks in the maps of inodes and zones, the first zone, log2 of the blocks in a zone
	minixMagic  = 16
	minixState  = 18
	minixZones2 = 20 // versions 2 and 3

	minix3Maps  = 6 // the number of inodes is wider, and padded
	minix3Magic = 24
	minix3Block = 28

	minixStates = 3 // cleanly unmounted, has errors
)

func probeMinix(s *source, in *Info) string {
	raw := s.at(minixOffset, minixSize)
	// Two bytes of magic are few: what is surely another file system is not
	// taken for this one.
	if raw == nil || s.has(extOffset+extMagic, "\x53\xef") || s.has(erofsOffset, "\xe2\xe1\xf5\xe0") {
		return ""
	}
	sb := [minixSize]byte(raw)
	version := minixVersion(&sb)
	if version == 0 {
		minixTurn(&sb)
		version = minixVersion(&sb)
		if version == 3 {
			return "" // is made in one byte order only
		}
	}
	if version == 0 || !minixSound(&sb, version) {
		return ""
	}
	in.Version = string(rune('0' + version))
	in.BlockSize = minixBlock
	if version == 3 {
		in.BlockSize = int64(le.Uint16(sb[minix3Block:]))
	}
	return "minix"
}

func minixVersion(sb *[minixSize]byte) int {
	switch le.Uint16(sb[minixMagic:]) {
	case 0x137f, 0x138f: // names of 14 and of 30 bytes
		return 1
	case 0x2468, 0x2478:
		return 2
	}
	if le.Uint16(sb[minix3Magic:]) == 0x4d5a { // names of 60 bytes
		return 3
	}
	return 0
}

// minixTurn turns the byte order of the fields of versions 1 and 2.
func minixTurn(sb *[minixSize]byte) {
	for i := 0; i < minixZones2; i += 2 {
		sb[i], sb[i+1] = sb[i+1], sb[i]
	}
	be.PutUint32(sb[minixZones2:], le.Uint32(sb[minixZones2:]))
}

// minixSound holds the fields against each other, as fsck.minix and libblkid
// do: the maps must have a bit for each inode and zone.
func minixSound(sb *[minixSize]byte, version int) bool {
	inodes, maps := uint64(le.Uint16(sb[:])), sb[minixMaps:]
	zones := uint64(le.Uint32(sb[minixZones2:]))
	switch version {
	case 1:
		zones = uint64(le.Uint16(sb[minixZones1:]))
	case 3:
		inodes, maps = uint64(le.Uint32(sb[:])), sb[minix3Maps:]
	}
	field := func(i int) uint64 { return uint64(le.Uint16(maps[2*i:])) }
	inodeMap, zoneMap, firstZone, zoneLog := field(0), field(1), field(2), field(3)
	const perBlock = 8 * minixBlock // whatever the size of a block is
	return zoneLog == 0 && (version == 3 || le.Uint16(sb[minixState:])&^minixStates == 0) && inodes != 0 && inodes != 1<<32-1 &&
		inodeMap*perBlock >= inodes+1 && firstZone <= zones && zoneMap*perBlock >= zones-firstZone+1
}
