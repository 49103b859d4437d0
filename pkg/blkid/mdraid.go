package blkid

import "strconv"

// The superblock of a member of an MD array (include/uapi/linux/raid/md_p.h of
// the kernel). Version 0.90 has the byte order of the machine that wrote it,
// version 1 is little endian.
//
// A wrong checksum does not matter here: a mirror shows its file system on
// each member, and what was once a member must never be mounted by itself.
const (
	mdMagic = 0xa92b4efc

	md0Reserved = 64 << 10 // at the end of the device, aligned to its size
	md0Size     = 64

	md1Size        = 256
	md1UUID        = 16
	md1Name        = 32
	md1SuperOffset = 144
	md1DeviceUUID  = 168
)

func probeMD(s *source, in *Info) string {
	if s.size > md0Reserved {
		if probeMD0(s, s.size&^(md0Reserved-1)-md0Reserved, in) {
			return "linux_raid_member"
		}
		if probeMD1(s, s.size&^0xfff-0x2000, in) {
			in.Version = "1.0"
			return "linux_raid_member"
		}
	}
	switch {
	case probeMD1(s, 0, in):
		in.Version = "1.1"
	case probeMD1(s, 4096, in):
		in.Version = "1.2"
	default:
		return ""
	}
	return "linux_raid_member"
}

// probeMD0 reads version 0.90. The superblock of the last partition lies where
// one of the whole disk would: then it is the partition's.
func probeMD0(s *source, off int64, in *Info) bool {
	sb := s.at(off, md0Size)
	if sb == nil {
		return false
	}
	var word [16]uint32
	for i := range word {
		word[i] = le.Uint32(sb[i*4:])
	}
	if word[0] != mdMagic {
		for i := range word {
			word[i] = be.Uint32(sb[i*4:])
		}
	}
	data := int64(word[8]) << 10
	if word[0] != mdMagic || s.size < data+md0Reserved || off < data {
		return false
	}
	if s.coveredByPart(off-data, data+md0Reserved) {
		return false
	}
	in.Version = utoa(word[1]) + "." + utoa(word[2]) + "." + utoa(word[3])
	in.UUID = md0UUID(&word)
	return true
}

func md0UUID(word *[16]uint32) string {
	var id [16]byte
	be.PutUint32(id[:], word[5])
	if word[2] >= 90 { // older ones had 32 bits
		be.PutUint32(id[4:], word[13])
		be.PutUint32(id[8:], word[14])
		be.PutUint32(id[12:], word[15])
	}
	return uuid(id[:])
}

func probeMD1(s *source, off int64, in *Info) bool {
	sb := s.at(off, md1Size)
	if sb == nil || le.Uint32(sb) != mdMagic || le.Uint32(sb[4:]) != 1 ||
		le.Uint64(sb[md1SuperOffset:]) != uint64(off)>>9 {
		return false
	}
	in.UUID = uuid(sb[md1UUID:])
	in.SubUUID = uuid(sb[md1DeviceUUID:])
	in.Label = label(sb[md1Name : md1Name+32])
	return true
}

func utoa(n uint32) string { return strconv.FormatUint(uint64(n), 10) }
