package blkid

import "github.com/preroot/preroot/internal/crc"

// The label of an LVM2 physical volume: one 512-byte sector, the second as a
// rule, little endian (lib/label/label.h and lib/format_text/layout.h of lvm2).
const (
	lvmSectorNumber = 8
	lvmCRC          = 16
	lvmSummed       = 20
	lvmType         = 24
	lvmUUID         = 32
	lvmSize         = 512

	lvmMagic   = "LABELONE"
	lvmVersion = "LVM2 001"
	lvmMember  = "LVM2_member"
	lvmSeed    = 0xf597a6cf
)

// probeLVM finds the label in sector 1, 0, 2 or 3, in libblkid's order. Only
// the first place with the right type counts.
func probeLVM(s *source, in *Info) string {
	for _, sector := range [...]int{1, 0, 2, 3} {
		off := sector * lvmSize
		if !s.has(off+lvmType, lvmVersion) {
			continue
		}
		// Of two labels in one kilobyte the lower one is used.
		if low := off &^ (2*lvmSize - 1); s.has(low, lvmMagic) {
			off = low
		}
		sb := s.at(int64(off), lvmSize)
		if !s.has(off, lvmMagic) || !lvmLabelOK(sb, off) {
			return ""
		}
		in.UUID = lvmName(sb[lvmUUID : lvmUUID+32])
		in.Version = lvmVersion
		return lvmMember
	}
	return ""
}

func lvmLabelOK(sb []byte, off int) bool {
	if sb == nil || le.Uint64(sb[lvmSectorNumber:]) != uint64(off/lvmSize) {
		return false
	}
	t := crc.Table(crc.IEEE)
	return crc.Update(&t, lvmSeed, sb[lvmSummed:]) == le.Uint32(sb[lvmCRC:])
}

// lvmName spells a PV UUID in its groups of 6-4-4-4-4-4-6 characters.
func lvmName(id []byte) string {
	if allZero(id) {
		return ""
	}
	out := make([]byte, 0, 38)
	for i, c := range id {
		if i >= 6 && i < 30 && (i-6)%4 == 0 || i == 26 {
			out = append(out, '-')
		}
		out = append(out, c)
	}
	return label(out)
}
