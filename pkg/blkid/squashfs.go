package blkid

import "strconv"

// The superblock of squashfs: 96 bytes at the start (struct squashfs_super_block
// in fs/squashfs/squashfs_fs.h of the kernel). It has neither label nor UUID.
const (
	squashMajor = 28
	squashMinor = 30
	squashUsed  = 40 // bytes, since version 4
)

// probeSquashfs spells version 4 squashfs and the older ones, which no kernel
// since 2.6.29 mounts, squashfs3.
func probeSquashfs(s *source, in *Info) string {
	little := s.has(0, "hsqs")
	if !little && !s.has(0, "sqsh") {
		return ""
	}
	sb := s.at(0, 96)
	if sb == nil {
		return ""
	}
	major, minor := be.Uint16(sb[squashMajor:]), be.Uint16(sb[squashMinor:])
	if little {
		major, minor = le.Uint16(sb[squashMajor:]), le.Uint16(sb[squashMinor:])
	}
	if !little && major > 3 {
		return "" // version 4 is always little endian
	}
	in.Version = strconv.Itoa(int(major)) + "." + strconv.Itoa(int(minor))
	if major < 4 {
		in.BlockSize = 1024
		return "squashfs3"
	}
	in.Size = le.Uint64(sb[squashUsed:])
	return "squashfs"
}
