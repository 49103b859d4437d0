package blkid

// The superblock of romfs: big endian, at the start of the device (struct
// romfs_super_block in include/uapi/linux/romfs_fs.h of the kernel). It has no UUID.
const (
	romfsSize   = 8 // bytes of the whole image
	romfsLabel  = 16
	romfsHeader = 32  // with the label as far as libblkid reads it
	romfsSummed = 512 // bytes at most, all big endian words of which add up to 0
)

func probeRomfs(s *source, in *Info) string {
	if !s.has(0, "-rom1fs-") {
		return ""
	}
	sb := s.at(0, romfsHeader)
	if sb == nil || !romfsSumOK(s, be.Uint32(sb[romfsSize:])) {
		return ""
	}
	in.Label = label(sb[romfsLabel:romfsHeader])
	in.BlockSize = 1024
	in.Size = uint64(be.Uint32(sb[romfsSize:]))
	return "romfs"
}

// romfsSumOK adds up as the kernel does (romfs_checksum): libblkid 2.38 leaves
// that out, later ones do not.
func romfsSumOK(s *source, size uint32) bool {
	if size < romfsHeader {
		return false
	}
	data := s.at(0, int(min(size, romfsSummed)))
	sum := uint32(0)
	for ; len(data) >= 4; data = data[4:] {
		sum += be.Uint32(data)
	}
	return data != nil && sum == 0
}
