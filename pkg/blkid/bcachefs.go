package blkid

import (
	"strconv"

	"github.com/preroot/preroot/internal/crc"
)

// The superblock of bcachefs: little endian, at 4 KiB, a fixed part and then
// fields of any length (struct bch_sb in fs/bcachefs/bcachefs_format.h of the
// kernel). Each device of the file system has one.
const (
	bchSumSize   = 16
	bchVersion   = 16
	bchMagicAt   = 24
	bchUserUUID  = 56
	bchLabel     = 72
	bchHere      = 104 // in sectors of 512
	bchBlockSize = 120 // in sectors of 512
	bchDevice    = 122
	bchDevices   = 123
	bchLength    = 124 // of the fields, in words of 8 bytes
	bchFlags     = 144
	bchFields    = 752

	bchMinimum = 256 * 512
	bchMagic   = "\xc6\x85\x73\xf6\x66\xce\x90\xa9\xd9\x6a\x60\xcf\x80\x3d\xf7\xef"

	bchMembers1    = 1  // types of a field: members of 56 bytes,
	bchMembers2    = 11 // members of a length that it says
	bchMember1Size = 56

	bchSumCRC32C = 1 // the other kinds of checksum are not verified
	bchSumCRC64  = 2
)

func probeBcachefs(s *source, in *Info) string {
	if !s.has(bcacheOffset+bchMagicAt, bchMagic) && !s.has(bcacheOffset+bchMagicAt, bcacheMagic) {
		return ""
	}
	sb := s.at(bcacheOffset, bchFields)
	if sb == nil || le.Uint64(sb[bchHere:]) != bcacheOffset/512 || sb[bchDevice] >= sb[bchDevices] {
		return ""
	}
	words := le.Uint32(sb[bchLength:])
	if words > (maxRead-bchFields)/8 {
		return ""
	}
	sb = s.at(bcacheOffset, bchFields+int(words)*8)
	if sb == nil || !bchSumOK(sb) {
		return ""
	}
	in.UUID = uuid(sb[bchUserUUID:])
	in.Label = label(sb[bchLabel : bchLabel+32])
	version := int(le.Uint16(sb[bchVersion:]))
	in.Version = strconv.Itoa(version>>10) + "." + strconv.Itoa(version&0x3ff)
	in.BlockSize = int64(le.Uint16(sb[bchBlockSize:])) * 512
	bchReadMembers(sb, in)
	return "bcachefs"
}

func bchSumOK(sb []byte) bool {
	switch sb[bchFlags] >> 2 {
	case bchSumCRC32C:
		t := crc.Table(crc.Castagnoli)
		return ^crc.Update(&t, ^uint32(0), sb[bchSumSize:]) == le.Uint32(sb)
	case bchSumCRC64:
		return crc64(sb[bchSumSize:]) == le.Uint64(sb)
	}
	return true
}

// bchReadMembers finds this device's own id, and counts the devices: the slot
// of one that was removed holds zeros.
func bchReadMembers(sb []byte, in *Info) {
	for f := sb[bchFields:]; len(f) >= 8; {
		n := int(le.Uint32(f)) * 8
		if n < 8 || n > len(f) {
			return
		}
		list, size := f[8:n], bchMember1Size
		switch kind := le.Uint32(f[4:]); {
		case kind == bchMembers2 && n >= 16:
			list, size = f[16:n], int(le.Uint16(f[8:]))
		case kind != bchMembers1:
			list = nil
		}
		if count := int(sb[bchDevices]); size >= 16 && len(list) >= count*size {
			bchCount(list, size, count, int(sb[bchDevice]), in)
		}
		f = f[n:]
	}
}

func bchCount(list []byte, size, count, own int, in *Info) {
	in.Members = 0
	in.SubUUID = uuid(list[own*size:])
	for i := range count {
		if !allZero(list[i*size:][:16]) {
			in.Members++
		}
	}
}
