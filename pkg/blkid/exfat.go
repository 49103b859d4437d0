package blkid

import "strconv"

// The boot sector of exFAT: little endian (Microsoft's exFAT specification,
// section 3). Eleven sectors are summed, the twelfth repeats the sum.
const (
	exfatZero        = 11 // up to 64: where FAT has its parameters
	exfatSectors     = 72
	exfatFAT         = 80 // in sectors
	exfatHeap        = 88 // in sectors
	exfatRoot        = 96 // first cluster of the root directory
	exfatSerial      = 100
	exfatRevision    = 104
	exfatFlags       = 106 // two bytes that are not summed,
	exfatPercent     = 112 // and one more
	exfatSectorLog   = 108
	exfatClusterLog  = 109 // in sectors
	exfatSummed      = 11
	exfatLastCluster = 0xfffffff6

	exfatLabelEntry = 0x83
	exfatMaxLabel   = 11 // units of UTF-16
)

func probeExfat(s *source, in *Info) string {
	if !s.has(0, "\xeb\x76\x90EXFAT   ") || !s.has(fatSignature, "\x55\xaa") || !allZero(s.head[exfatZero:64]) {
		return ""
	}
	b := s.head[:512]
	sectorLog, clusterLog := b[exfatSectorLog], b[exfatClusterLog]
	if sectorLog < 9 || sectorLog > 12 || clusterLog > 25-sectorLog || !exfatSumOK(s, 1<<sectorLog) {
		return ""
	}
	in.UUID = fatUUID(b[exfatSerial:])
	in.Version = strconv.Itoa(int(b[exfatRevision+1])) + "." + strconv.Itoa(int(b[exfatRevision]))
	in.BlockSize = 1 << sectorLog
	in.Size = le.Uint64(b[exfatSectors:]) << sectorLog
	in.Label = exfatLabel(s, sectorLog, clusterLog)
	return "exfat"
}

func exfatSumOK(s *source, sector int) bool {
	b := s.at(0, (exfatSummed+1)*sector)
	if b == nil {
		return false
	}
	sum := uint32(0)
	for i, c := range b[:exfatSummed*sector] {
		if i != exfatFlags && i != exfatFlags+1 && i != exfatPercent {
			sum = sum<<31 | sum>>1 + uint32(c)
		}
	}
	for rest := b[exfatSummed*sector:]; len(rest) > 0; rest = rest[4:] {
		if le.Uint32(rest) != sum {
			return false
		}
	}
	return true
}

// exfatLabel looks for the label in the root directory, cluster by cluster.
func exfatLabel(s *source, sectorLog, clusterLog byte) string {
	b := s.head[:512]
	cluster := le.Uint32(b[exfatRoot:])
	fat, heap := int64(le.Uint32(b[exfatFAT:]))<<sectorLog, int64(le.Uint32(b[exfatHeap:]))<<sectorLog
	for range fatMaxChain {
		if cluster < 2 || cluster > exfatLastCluster {
			return ""
		}
		if name, found := exfatLabelIn(s, heap+int64(cluster-2)<<(sectorLog+clusterLog), 1<<(sectorLog+clusterLog)); found {
			return name
		}
		next := s.at(fat+int64(cluster)*4, 4)
		if next == nil {
			return ""
		}
		cluster = le.Uint32(next)
	}
	return ""
}

// exfatLabelIn searches n bytes of a directory; found says that the search is
// at its end.
func exfatLabelIn(s *source, off int64, n int) (name string, found bool) {
	for chunk := 512; n > 0; chunk = 16 << 10 {
		b := s.at(off, min(n, chunk))
		if b == nil {
			return "", true
		}
		for e := b; len(e) >= fatEntrySize; e = e[fatEntrySize:] {
			switch e[0] {
			case 0:
				return "", true
			case exfatLabelEntry:
				return utf16Text(e[2:][:2*min(int(e[1]), exfatMaxLabel)], false), true
			}
		}
		off += int64(len(b))
		n -= len(b)
	}
	return "", false
}
