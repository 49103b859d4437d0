package blkid

// The boot sector of FAT12, FAT16 and FAT32: little endian (Microsoft FAT
// Specification, 2005). FAT32 moves the fields behind the first 36 bytes.
const (
	fatOEM        = 3
	fatSectorSize = 11
	fatCluster    = 13 // sectors in a cluster
	fatReserved   = 14 // sectors before the first FAT
	fatCopies     = 16
	fatRootCount  = 17 // entries of the root directory, 0 on FAT32
	fatSectors16  = 19
	fatMedia      = 21
	fatLength16   = 22 // sectors of one FAT, 0 on FAT32
	fatSectors32  = 32
	fatLength32   = 36
	fatBootSign   = 38
	fatSerial     = 39
	fatType       = 54
	fatRoot32     = 44 // first cluster of the root directory
	fatInfo32     = 48 // sector with free counts
	fatSerial32   = 67
	fatType32     = 82
	fatSignature  = 510

	fat12Max = 0xff4
	fat16Max = 0xfff4
	fat32Max = 0x0ffffff6

	fatEntrySize = 32
)

// fat is the geometry of a boot sector that passed the checks.
type fat struct {
	sector   int64 // bytes
	cluster  int64 // bytes
	reserved int64 // sectors before the FATs
	data     int64 // sectors before the root directory or the first cluster
	clusters uint32
	length32 int64 // sectors of one FAT, 0 unless FAT32
}

func probeVFAT(s *source, in *Info) string {
	boot := s.at(0, 512)
	if boot == nil {
		return ""
	}
	f, ok := fatGeometry(s, boot)
	if !ok {
		return ""
	}
	if f.length32 != 0 {
		return vfat32(s, boot, f, in)
	}
	in.Label = fatRootLabel(s, f.data*f.sector, int(le.Uint16(boot[fatRootCount:])))
	if sign := boot[fatBootSign]; sign == 0x28 || sign == 0x29 {
		in.UUID = fatUUID(boot[fatSerial:])
	}
	in.SecType = "msdos"
	switch {
	case f.clusters < fat12Max:
		in.Version = "FAT12"
	case f.clusters < fat16Max:
		in.Version = "FAT16"
	}
	in.BlockSize = f.sector
	return "vfat"
}

func vfat32(s *source, boot []byte, f fat, in *Info) string {
	if !fatInfoOK(s, int64(le.Uint16(boot[fatInfo32:]))*f.sector) {
		return ""
	}
	in.UUID = fatUUID(boot[fatSerial32:])
	in.Version = "FAT32"
	in.BlockSize = f.sector
	in.Label = fat32Label(s, f, le.Uint32(boot[fatRoot32:]))
	return "vfat"
}

// hasFATMagic tells how far the sector names itself FAT: strong by a string,
// weak by a jump instruction or the boot signature, which much else has too.
func hasFATMagic(s *source) (strong, weak bool) {
	strong = s.has(fatType32, "MSWIN") || s.has(fatType32, "FAT32   ") ||
		s.has(fatType, "MSDOS") || s.has(fatType, "FAT16   ") ||
		s.has(fatType, "FAT12   ") || s.has(fatType, "FAT     ")
	weak = s.has(0, "\xeb") || s.has(0, "\xe9") || s.has(fatSignature, "\x55\xaa")
	return strong, weak
}

// fatGeometry checks the boot sector as libblkid does. Without a string it
// must have the boot signature, and be none of the lookalikes.
func fatGeometry(s *source, b []byte) (f fat, ok bool) {
	strong, weak := hasFATMagic(s)
	if !strong && (!weak || !s.has(fatSignature, "\x55\xaa") ||
		s.has(fatType, "JFS     ") || s.has(fatType, "HPFS    ")) {
		return f, false
	}
	if isBitLocker(s) {
		return f, false
	}
	sector, cluster := le.Uint16(b[fatSectorSize:]), b[fatCluster]
	if b[fatCopies] == 0 || le.Uint16(b[fatReserved:]) == 0 ||
		b[fatMedia] < 0xf8 && b[fatMedia] != 0xf0 ||
		cluster == 0 || cluster&(cluster-1) != 0 ||
		sector < 512 || sector > 4096 || sector&(sector-1) != 0 {
		return f, false
	}
	return fatCounts(b, sector)
}

// fatCounts computes the number of clusters in 32 bits, wrapping as libblkid
// does, so that both draw the same line; offsets have 64 bits.
func fatCounts(b []byte, sector uint16) (f fat, ok bool) {
	length, length32 := uint32(le.Uint16(b[fatLength16:])), le.Uint32(b[fatLength32:])
	is32 := length == 0 && length32 != 0
	if length == 0 {
		length = length32
	}
	sectors := uint32(le.Uint16(b[fatSectors16:]))
	if sectors == 0 {
		sectors = le.Uint32(b[fatSectors32:])
	}
	reserved, copies := uint32(le.Uint16(b[fatReserved:])), uint32(b[fatCopies])
	dir := (uint32(le.Uint16(b[fatRootCount:]))*fatEntrySize + uint32(sector) - 1) / uint32(sector)
	f.clusters = (sectors - (reserved + length*copies + dir)) / uint32(b[fatCluster])
	limit := uint32(fat16Max)
	if is32 {
		limit, f.length32 = fat32Max, int64(length)
	}
	f.sector = int64(sector)
	f.cluster = int64(b[fatCluster]) * f.sector
	f.reserved = int64(reserved)
	f.data = f.reserved + int64(length)*int64(copies)
	return f, f.clusters <= limit
}

// isBitLocker recognises the boot sectors that BitLocker makes from FAT ones.
func isBitLocker(s *source) bool {
	const toGo = "\x3b\xd6\x67\x49\x29\x2e\xd8\x4a\x83\x99\xf6\xa3\x39\xe3\xd0\x01"
	return s.has(fatOEM, "-FVE-FS-") || s.has(fatOEM, "MSWIN4.1") && s.has(0x1a8, toGo)
}

func fatInfoOK(s *source, off int64) bool {
	if off == 0 {
		return true
	}
	b := s.at(off, 512)
	if b == nil {
		return false
	}
	one, two := string(b[:4]), string(b[484:488])
	return (one == "RRaA" || one == "RRdA" || one == "\x00\x00\x00\x00") &&
		(two == "rrAa" || two == "\x00\x00\x00\x00")
}

// fatUUID spells the serial number as DOS does.
func fatUUID(b []byte) string {
	if allZero(b[:4]) {
		return ""
	}
	const upper = "0123456789ABCDEF"
	out := [9]byte{4: '-'}
	for i, at := range [...]int{7, 5, 2, 0} {
		out[at], out[at+1] = upper[b[i]>>4], upper[b[i]&15]
	}
	return string(out[:])
}
