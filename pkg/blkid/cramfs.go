package blkid

// The superblock of cramfs: 76 bytes at the start, in the byte order of the
// machine that it was made for (struct cramfs_super in
// include/uapi/linux/cramfs_fs.h of the kernel). It has no UUID. Its checksum
// covers the whole image, and the kernel leaves that to fsck; so do we. An
// image behind 512 bytes of boot code is left alone, as by libblkid.
const (
	cramfsSize  = 4 // bytes of the whole image
	cramfsLabel = 48
	cramfsSuper = 76
)

func probeCramfs(s *source, in *Info) string {
	big := s.has(0, "\x28\xcd\x3d\x45")
	if !big && !s.has(0, "\x45\x3d\xcd\x28") {
		return ""
	}
	sb := s.at(0, cramfsSuper)
	if sb == nil {
		return ""
	}
	in.Label = label(sb[cramfsLabel : cramfsLabel+16])
	in.Size = uint64(le.Uint32(sb[cramfsSize:]))
	if big {
		in.Size = uint64(be.Uint32(sb[cramfsSize:]))
	}
	return "cramfs"
}
