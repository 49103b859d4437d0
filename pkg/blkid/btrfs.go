package blkid

import "github.com/preroot/preroot/internal/crc"

// The superblock of btrfs: 4 KiB at 64 KiB, little endian (struct
// btrfs_super_block in include/uapi/linux/btrfs_tree.h of the kernel). Its
// copies at 64 MiB and 256 GiB are left alone, as by libblkid and by mount:
// they outlive the file system when another one is made over it.
const (
	btrfsOffset  = 64 << 10
	btrfsSize    = 4096
	btrfsMinimum = 1 << 20

	btrfsFSID      = 0x20
	btrfsMagic     = 0x40
	btrfsTotal     = 0x70
	btrfsDevices   = 0x88
	btrfsSector    = 0x90
	btrfsSumType   = 0xc4
	btrfsDeviceID  = 0x10b
	btrfsLabel     = 0x12b
	btrfsSumCRC32C = 0 // the other kinds of checksum are not verified
)

func probeBtrfs(s *source, in *Info) string {
	if !s.has(btrfsOffset+btrfsMagic, "_BHRfS_M") {
		return ""
	}
	sb := s.at(btrfsOffset, btrfsSize)
	if sb == nil || !btrfsSumOK(sb) {
		return ""
	}
	in.Label = label(sb[btrfsLabel : btrfsLabel+256])
	in.UUID = uuid(sb[btrfsFSID:])
	in.SubUUID = uuid(sb[btrfsDeviceID:])
	in.BlockSize = int64(le.Uint32(sb[btrfsSector:]))
	in.Size = le.Uint64(sb[btrfsTotal:])
	in.Members = int(min(le.Uint64(sb[btrfsDevices:]), 1<<16))
	return "btrfs"
}

func btrfsSumOK(sb []byte) bool {
	if le.Uint16(sb[btrfsSumType:]) != btrfsSumCRC32C {
		return true
	}
	t := crc.Table(crc.Castagnoli)
	return ^crc.Update(&t, ^uint32(0), sb[btrfsFSID:]) == le.Uint32(sb)
}
