package blkid

// fatMaxChain bounds the clusters of a root directory that are looked at.
const fatMaxChain = 99

// fat32Label looks for the label in the root directory, cluster by cluster.
func fat32Label(s *source, f fat, cluster uint32) string {
	entries := f.length32 * f.sector / 4
	for range fatMaxChain {
		if cluster < 2 || int64(cluster) >= entries {
			return ""
		}
		off := f.data*f.sector + int64(cluster-2)*f.cluster
		if name, found := fatLabelIn(s, off, int(f.cluster/fatEntrySize)); found {
			return name
		}
		next := s.at(f.reserved*f.sector+int64(cluster)*4, 4)
		if next == nil {
			return ""
		}
		cluster = le.Uint32(next) & 0x0fffffff
	}
	return ""
}

// fatRootLabel looks for the label in the root directory of FAT12 and FAT16.
func fatRootLabel(s *source, off int64, entries int) string {
	name, _ := fatLabelIn(s, off, entries)
	return name
}

// fatLabelIn searches directory entries for the volume label, a little first,
// for it is most often the first one. A directory that the device cuts off has
// no label unless the device is tiny.
func fatLabelIn(s *source, off int64, entries int) (name string, found bool) {
	left := entries * fatEntrySize
	if s.size > tinySize && off > s.size-int64(left) {
		return "", false
	}
	for chunk := 512; left > 0; chunk = 16 << 10 {
		b := s.at(off, min(left, chunk))
		if b == nil {
			return "", false
		}
		for e := b; len(e) >= fatEntrySize; e = e[fatEntrySize:] {
			if e[0] == 0 {
				return "", false
			}
			if isFATLabel(e) {
				return fatLabelText(e), true
			}
		}
		off += int64(len(b))
		left -= len(b)
	}
	return "", false
}

// isFATLabel reports whether a directory entry is the volume label: attribute
// volume but not directory, no part of a long name, not deleted, no content.
func isFATLabel(e []byte) bool {
	const longName, volume, dir = 0x0f, 0x08, 0x10
	attr := e[11]
	return e[0] != 0xe5 && le.Uint16(e[20:]) == 0 && le.Uint16(e[26:]) == 0 &&
		attr&0x3f != longName && attr&(volume|dir) == volume
}

func fatLabelText(e []byte) string {
	var text [11]byte
	copy(text[:], e)
	if text[0] == 0x05 {
		text[0] = 0xe5 // 0xe5 itself marks a deleted entry
	}
	return label(text[:])
}
