package blkid

// The boot sector of NTFS and the record of its volume in the master file
// table: little endian (fs/ntfs3/ntfs.h of the kernel).
const (
	ntfsSectorSize = 11
	ntfsCluster    = 13 // sectors in one
	ntfsReserved   = 14
	ntfsFATs       = 16
	ntfsRootCount  = 17
	ntfsSectors16  = 19
	ntfsLength16   = 22
	ntfsSectors32  = 32
	ntfsSectors    = 40
	ntfsTable      = 48 // first cluster of the table
	ntfsMirror     = 56
	ntfsRecord     = 64 // clusters in a record, or minus the logarithm of its bytes
	ntfsSerial     = 72

	ntfsMaxCluster   = 2 << 20
	ntfsVolumeRecord = 3
	ntfsVolumeName   = 0x60 // type of an attribute
	ntfsEnd          = 0xffffffff
)

func probeNTFS(s *source, in *Info) string {
	if !s.has(3, "NTFS    ") {
		return ""
	}
	b := s.head[:512]
	sector := int64(le.Uint16(b[ntfsSectorSize:]))
	cluster := ntfsClusterSize(b[ntfsCluster]) * sector
	if sector < 256 || sector > 4096 || cluster == 0 || cluster > ntfsMaxCluster || !ntfsUnusedZero(b) {
		return ""
	}
	record := ntfsRecordSize(int8(b[ntfsRecord]), cluster)
	table, sectors := le.Uint64(b[ntfsTable:]), le.Uint64(b[ntfsSectors:])
	clusters := sectors / uint64(cluster/sector)
	if record == 0 || table > clusters || le.Uint64(b[ntfsMirror:]) > clusters || table > uint64(s.size/cluster) {
		return ""
	}
	name, ok := ntfsVolume(s, int64(table)*cluster, record)
	if !ok {
		return ""
	}
	in.Label = name
	in.UUID = upperHex(le.Uint64(b[ntfsSerial:]))
	in.BlockSize = sector
	in.Size = sectors * uint64(sector)
	return "ntfs"
}

// ntfsClusterSize is the number of sectors in a cluster: a power of two, or
// minus its logarithm.
func ntfsClusterSize(n byte) int64 {
	switch {
	case n >= 0xf4:
		return 1 << -int8(n)
	case n <= 128 && n&(n-1) == 0:
		return int64(n)
	}
	return 0
}

// ntfsRecordSize is the size of a record in bytes, 0 for a wrong one.
func ntfsRecordSize(n int8, cluster int64) int64 {
	var size int64
	switch {
	case n >= -31 && n <= -9:
		size = 1 << -n
	case n > 0 && n&(n-1) == 0:
		size = int64(n) * cluster
	}
	if size > maxRead {
		return 0
	}
	return size
}

// ntfsUnusedZero tells NTFS from FAT: what FAT needs is zero here.
func ntfsUnusedZero(b []byte) bool {
	return allZero(b[ntfsReserved:ntfsReserved+7]) && allZero(b[ntfsLength16:ntfsLength16+2]) && allZero(b[ntfsSectors32:ntfsSectors32+4])
}

// ntfsVolume reads the name of the volume from the table at off.
func ntfsVolume(s *source, off, record int64) (name string, ok bool) {
	first := s.at(off, 4)
	if first == nil || string(first) != "FILE" {
		return "", false
	}
	b := s.at(off+ntfsVolumeRecord*record, int(record))
	if len(b) < 48 || string(b[:4]) != "FILE" {
		return "", false
	}
	allocated := uint64(le.Uint32(b[28:]))
	for at := uint64(le.Uint16(b[20:])); at+24 <= uint64(len(b)) && at <= allocated; {
		kind, n := le.Uint32(b[at:]), uint64(le.Uint32(b[at+4:]))
		if n == 0 || kind == ntfsEnd {
			break
		}
		if kind == ntfsVolumeName {
			return ntfsText(b[at:]), true
		}
		at += n
	}
	return "", true
}

// ntfsText is the value of a resident attribute.
func ntfsText(attr []byte) string {
	n, off := uint64(le.Uint32(attr[16:])), uint64(le.Uint16(attr[20:]))
	if off+n > uint64(len(attr)) {
		return ""
	}
	return utf16Text(attr[off:off+n], false)
}

func upperHex(n uint64) string {
	const digits = "0123456789ABCDEF"
	var out [16]byte
	for i := range out {
		out[i] = digits[n>>(60-4*i)&15]
	}
	return string(out[:])
}
