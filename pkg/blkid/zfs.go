package blkid

import "strconv"

// A device of a ZFS pool has four labels of 256 KiB, two at its start and two
// at its end: at 16 KiB of each a list of names and values in XDR (big
// endian), at 128 KiB a ring of uberblocks in the byte order of their writer
// (include/sys/vdev_impl.h, uberblock_impl.h and lib/libnvpair of OpenZFS).
const (
	zfsLabel     = 256 << 10
	zfsList      = 16 << 10
	zfsListRead  = 4096
	zfsRing      = 128 << 10
	zfsSlot      = 1024
	zfsMinimum   = 64 << 20
	zfsUberMagic = 0x00bab10c
	zfsVersion   = 8
	zfsWant      = 4 // uberblocks

	zfsUint64 = 8 // types of a value
	zfsString = 9

	zfsListMagic = "\x01" // XDR; then the writer's byte order
	zfsMember    = "zfs_member"
)

// probeZFS asks the first label, which lies in the head.
func probeZFS(s *source, in *Info) string {
	if !s.has(zfsList, zfsListMagic) || !isZFSList(s.head[zfsList:]) {
		return ""
	}
	return zfsInfo(s, in)
}

// probeZFSFar asks the labels at the end, when the start has been overwritten.
// Those of the last partition lie where the whole disk would have its own.
func probeZFSFar(s *source, in *Info) string {
	off := zfsLabelAt(s, 2)
	if b := s.at(off+zfsList, 12); b == nil || !isZFSList(b) || s.coveredByPart(off, zfsLabel) {
		return ""
	}
	return zfsInfo(s, in)
}

// isZFSList knows the head of a list: encoding, byte order, version 0, unique
// names.
func isZFSList(b []byte) bool {
	return b[0] == 1 && b[1] <= 1 && b[2] == 0 && b[3] == 0 && be.Uint32(b[4:]) == 0 && be.Uint32(b[8:]) == 1
}

func zfsLabelAt(s *source, n int64) int64 {
	if n < 2 {
		return n * zfsLabel
	}
	return s.size&^(zfsLabel-1) - (4-n)*zfsLabel
}

// zfsInfo counts uberblocks, label by label; the label that has the fourth one
// tells the rest, as with libblkid.
func zfsInfo(s *source, in *Info) string {
	found := 0
	for n := range int64(4) {
		off := zfsLabelAt(s, n)
		ring := s.at(off+zfsRing, zfsRing)
		if ring == nil {
			return ""
		}
		for ; len(ring) > 0; ring = ring[zfsSlot:] {
			switch {
			case le.Uint64(ring) == zfsUberMagic:
				in.Version = strconv.FormatUint(le.Uint64(ring[zfsVersion:]), 10)
			case be.Uint64(ring) == zfsUberMagic:
				in.Version = strconv.FormatUint(be.Uint64(ring[zfsVersion:]), 10)
			default:
				continue
			}
			found++
		}
		if found >= zfsWant {
			if b := s.at(off+zfsList, zfsListRead); b != nil {
				zfsNames(b[12:], in)
			}
			return zfsMember
		}
	}
	return ""
}

// zfsNames reads name and id of the pool and the device's own id. Each pair is
// its size, its unpacked size, a counted name, a type, a number of elements
// and the value; everything is aligned to four bytes.
func zfsNames(list []byte, in *Info) {
	for len(list) >= 12 {
		size, nameLen := int64(be.Uint32(list)), int64(be.Uint32(list[8:]))
		if size == 0 || size > int64(len(list)) || nameLen > size-12 {
			return
		}
		pair := list[12:size]
		name := string(pair[:nameLen])
		if pad := (nameLen + 3) &^ 3; pad <= int64(len(pair)) {
			zfsValue(name, pair[pad:], in)
		}
		list = list[size:]
	}
}

func zfsValue(name string, v []byte, in *Info) {
	if len(v) < 16 {
		return
	}
	kind := be.Uint32(v)
	switch {
	case name == "name" && kind == zfsString:
		if n := int64(be.Uint32(v[8:])); n <= int64(len(v)-12) {
			in.Label = label(v[12 : 12+n])
		}
	case name == "guid" && kind == zfsUint64:
		in.SubUUID = strconv.FormatUint(be.Uint64(v[8:]), 10)
	case name == "pool_guid" && kind == zfsUint64:
		in.UUID = strconv.FormatUint(be.Uint64(v[8:]), 10)
	}
}
