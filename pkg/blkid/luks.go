package blkid

import "strconv"

// The header of LUKS: at the start of the device, big endian (LUKS On-Disk
// Format Specification 1.2.3 and LUKS2 1.1.1). Version 2 keeps a second header
// behind the first, at one of a few places. Its SHA-256 is left to cryptsetup.
const (
	luksVersion   = 6
	luksLabel     = 24 // version 2
	luksUUID      = 168
	luksSubsystem = 208 // version 2
	luksOffset    = 256 // version 2: where this header lies
	luksSize      = 512

	luksMagic       = "LUKS\xba\xbe"
	luksSecondMagic = "SKUL\xba\xbe"

	luksSecondFirst = 16 << 10
	luksSecondLast  = 4 << 20
)

// probeLUKS looks for the first header, and for a second one as far as the
// head reaches: at 16 KiB, where cryptsetup puts it if not told otherwise.
func probeLUKS(s *source, in *Info) string {
	if s.has(0, luksMagic) && luksInfo(s, 0, in) {
		return "crypto_LUKS"
	}
	for off := int64(luksSecondFirst); off+luksSize <= headSize; off *= 2 {
		if s.has(int(off), luksSecondMagic) && luksInfo(s, off, in) {
			return "crypto_LUKS"
		}
	}
	return ""
}

// probeLUKSFar looks for a second header at the other places. It costs a read
// for each and comes last, after all other formats: libblkid would let it win
// over a file system made on the device since.
func probeLUKSFar(s *source, in *Info) string {
	for off := int64(luksSecondFirst); off <= luksSecondLast; off *= 2 {
		if off+luksSize <= headSize {
			continue
		}
		h := s.at(off, luksSize)
		if h == nil {
			return ""
		}
		if string(h[:len(luksSecondMagic)]) == luksSecondMagic && luksHeader(h, off, in) {
			return "crypto_LUKS"
		}
	}
	return ""
}

func luksInfo(s *source, off int64, in *Info) bool {
	h := s.at(off, luksSize)
	return h != nil && luksHeader(h, off, in)
}

func luksHeader(h []byte, off int64, in *Info) bool {
	version := be.Uint16(h[luksVersion:])
	if version == 2 && be.Uint64(h[luksOffset:]) != uint64(off) {
		return false
	}
	in.Version = strconv.Itoa(int(version))
	if version == 1 || version == 2 {
		in.UUID = label(h[luksUUID : luksUUID+40])
	}
	if version == 2 {
		in.Label = label(h[luksLabel : luksLabel+48])
		in.Subsystem = label(h[luksSubsystem : luksSubsystem+48])
	}
	return true
}
