package blkid

import "strconv"

// A BitLocker volume begins with a boot sector that points to its metadata: of
// its own for fixed disks, in the clothes of FAT32 on removable ones ("To Go").
// Facts are those of libbde's format description and of dislocker.
const (
	bdeWin7Serial   = 67
	bdeWin7Metadata = 176 // offset of the first metadata block in bytes
	bdeToGoMetadata = 440
	bdeVersion      = 10 // in the metadata

	bdeVista = "\xeb\x52\x90-FVE-FS-"
	bdeWin7  = "\xeb\x58\x90-FVE-FS-"
	bdeToGo  = "\xeb\x58\x90MSWIN4.1"
	bdeMagic = "-FVE-FS-"
)

func probeBitLocker(s *source, in *Info) string {
	switch {
	case s.has(0, bdeVista): // points elsewhere
	case s.has(0, bdeWin7):
		if !bdeMetadata(s, bdeWin7Metadata, in) {
			return ""
		}
		if serial := int32(le.Uint32(s.head[bdeWin7Serial:])); serial != 0 {
			in.UUID = padded(int64(serial), 16)
		}
	case s.has(0, bdeToGo):
		if !bdeMetadata(s, bdeToGoMetadata, in) {
			return ""
		}
	default:
		return ""
	}
	return "BitLocker"
}

// bdeMetadata looks at the block to which the boot sector points.
func bdeMetadata(s *source, pointer int64, in *Info) bool {
	p := s.at(pointer, 8)
	if p == nil || allZero(p) {
		return false
	}
	b := s.at(int64(le.Uint64(p)), 64)
	if b == nil || string(b[:len(bdeMagic)]) != bdeMagic {
		return false
	}
	in.Version = strconv.Itoa(int(le.Uint16(b[bdeVersion:])))
	return true
}

// padded is n with zeros before it, as %0*d of printf(3).
func padded(n int64, width int) string {
	digits, sign := strconv.FormatInt(n, 10), ""
	if n < 0 {
		digits, sign = digits[1:], "-"
	}
	for len(sign)+len(digits) < width {
		digits = "0" + digits
	}
	return sign + digits
}
