package blkid

import "github.com/preroot/preroot/internal/crc"

// The GUID partition table: a header in sector 1 and its copy in the last
// sector, each with an array of entries (UEFI Specification 2.10, section 5.3).
const (
	gptMagic       = "EFI PART"
	gptHeaderSize  = 12
	gptHeaderCRC   = 16
	gptMyLBA       = 24
	gptFirstUsable = 40
	gptLastUsable  = 48
	gptDiskGUID    = 56
	gptEntriesLBA  = 72
	gptEntryCount  = 80
	gptEntrySize   = 84
	gptEntriesCRC  = 88
	gptMinHeader   = 92

	gptEntryBytes = 128
)

// gptTable is a header and an array whose checksums are right.
type gptTable struct {
	first, last uint64 // usable sectors
	guid        string
	entries     []byte
}

// gpt reads the primary table or, if that is damaged, the backup.
func (s *source) gpt(in *Info) bool {
	lastLBA := uint64(s.size/s.sector) - 1
	t, ok := s.gptAt(1, lastLBA)
	if !ok {
		if t, ok = s.gptAt(lastLBA, lastLBA); !ok {
			return false
		}
		in.PTBackup = true
	}
	in.PTType = "gpt"
	in.PTUUID = t.guid
	in.Parts = s.gptParts(&t)
	return true
}

// gptAt reads and verifies the table whose header lies in sector lba.
func (s *source) gptAt(lba, lastLBA uint64) (t gptTable, ok bool) {
	h := s.at(int64(lba)*s.sector, int(s.sector))
	if h == nil || string(h[:8]) != gptMagic || !gptHeaderOK(h) || le.Uint64(h[gptMyLBA:]) != lba {
		return t, false
	}
	t.first, t.last = le.Uint64(h[gptFirstUsable:]), le.Uint64(h[gptLastUsable:])
	if t.last < t.first || t.last > lastLBA || t.first < lba && lba < t.last {
		return t, false
	}
	count, at := le.Uint32(h[gptEntryCount:]), le.Uint64(h[gptEntriesLBA:])
	if count == 0 || count > maxParts || le.Uint32(h[gptEntrySize:]) != gptEntryBytes || at > lastLBA {
		return t, false
	}
	want := le.Uint32(h[gptEntriesCRC:])
	t.guid = guid(h[gptDiskGUID:])
	t.entries = s.at(int64(at)*s.sector, int(count)*gptEntryBytes)
	if t.entries == nil {
		return t, false
	}
	table := crc.Table(crc.IEEE)
	return t, ^crc.Update(&table, ^uint32(0), t.entries) == want
}

func gptHeaderOK(h []byte) bool {
	n := le.Uint32(h[gptHeaderSize:])
	if n < gptMinHeader || n > uint32(len(h)) {
		return false
	}
	table := crc.Table(crc.IEEE)
	sum := crc.Update(&table, ^uint32(0), h[:gptHeaderCRC])
	sum = crc.Update(&table, sum, []byte{0, 0, 0, 0})
	sum = crc.Update(&table, sum, h[gptHeaderCRC+4:n])
	return ^sum == le.Uint32(h[gptHeaderCRC:])
}

func (s *source) gptParts(t *gptTable) []Part {
	var parts []Part
	for i := 0; (i+1)*gptEntryBytes <= len(t.entries); i++ {
		e := t.entries[i*gptEntryBytes:][:gptEntryBytes]
		start, end := le.Uint64(e[32:]), le.Uint64(e[40:])
		if allZero(e[:16]) || start < t.first || end > t.last || end < start {
			continue
		}
		parts = append(parts, Part{
			Number: i + 1,
			Start:  int64(start) * s.sector,
			Size:   int64(end-start+1) * s.sector,
			Type:   guid(e),
			UUID:   guid(e[16:]),
			Flags:  le.Uint64(e[48:]),
			Name:   utf16Text(e[56:], false),
		})
	}
	return parts
}

// guid spells a GUID, whose first three fields are little endian.
func guid(b []byte) string {
	var id [16]byte
	be.PutUint32(id[:], le.Uint32(b))
	be.PutUint16(id[4:], le.Uint16(b[4:]))
	be.PutUint16(id[6:], le.Uint16(b[6:]))
	copy(id[8:], b[8:16])
	return uuid(id[:])
}
