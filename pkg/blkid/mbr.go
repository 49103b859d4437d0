package blkid

// The DOS partition table: four entries in the first sector. An entry of an
// extended type holds a chain of extended boot records (EBR), each with one
// logical partition and a link to the next record. The numbers are those of
// block/partitions/msdos.c of the kernel.
const (
	mbrID        = 440
	mbrTable     = 446
	mbrEntrySize = 16
	mbrSignature = 510

	mbrMaxLinks     = 128
	mbrFirstLogical = 5
)

// mbrEntry is one entry, in sectors. Starts are relative in an EBR.
type mbrEntry struct {
	boot, kind  byte
	start, size int64
}

func mbrEntryAt(sector []byte, i int) mbrEntry {
	e := sector[mbrTable+i*mbrEntrySize:]
	return mbrEntry{e[0], e[4], int64(le.Uint32(e[8:])), int64(le.Uint32(e[12:]))}
}

func (e mbrEntry) extended() bool {
	return e.kind == 0x05 || e.kind == 0x0f || e.kind == 0x85
}

// mbrIsProtective reports whether an entry says that the disk has a GPT.
func mbrIsProtective(s *source) bool {
	for i := range 4 {
		if mbrEntryAt(s.head[:], i).kind == 0xee {
			return true
		}
	}
	return false
}

// mbr reads a DOS partition table. What looks like one in the boot sector of a
// file system is none.
func (s *source) mbr(in *Info) {
	if s.has(0, "\xc9\xc2\xd4\xc1") || s.has(fatOEM, "NTFS    ") || s.has(fatOEM, "EXFAT   ") {
		return // the first is AIX in EBCDIC
	}
	if _, ok := fatGeometry(s, s.head[:512]); ok {
		return
	}
	var entries [4]mbrEntry
	for i := range entries {
		entries[i] = mbrEntryAt(s.head[:], i)
		if entries[i].boot&0x7f != 0 {
			return
		}
	}
	in.PTType = "dos"
	if id := le.Uint32(s.head[mbrID:]); id != 0 {
		in.PTUUID = hex(id, 8)
	}
	t := mbrReader{s: s, id: in.PTUUID, sectors: s.size / s.sector}
	for i, e := range entries {
		t.add(i+1, e.start, e, false)
	}
	t.next = mbrFirstLogical
	for _, e := range entries {
		if e.extended() && e.size > 0 && e.start < t.sectors {
			t.chain(e.start, min(e.size, t.sectors-e.start))
		}
	}
	in.Parts, in.PTDamaged = t.parts, t.damaged
}

// mbrReader collects partitions; all its numbers are in sectors.
type mbrReader struct {
	s       *source
	id      string
	sectors int64 // of the device
	next    int   // number of the next logical partition
	links   int
	parts   []Part
	damaged bool
}

// add appends an entry at an absolute start. As in the kernel, one that begins
// behind the end of the device is none and one that ends behind it is cut.
func (t *mbrReader) add(number int, start int64, e mbrEntry, logical bool) {
	if e.size == 0 {
		return
	}
	t.damaged = t.damaged || start+e.size > t.sectors
	if start >= t.sectors {
		return
	}
	p := Part{
		Number:   number,
		Start:    start * t.s.sector,
		Size:     min(e.size, t.sectors-start) * t.s.sector,
		Type:     "0x" + hex(uint32(e.kind), 1),
		Flags:    uint64(e.boot),
		Extended: e.extended(),
		Logical:  logical,
	}
	if t.id != "" {
		p.UUID = t.id + "-" + hex(uint32(number), 2)
	}
	t.parts = append(t.parts, p)
}

// chain follows the EBRs of the extended partition first..first+size. Records
// must lie in it and come in rising order, which ends every loop; a link that
// leaves it, or points back, is damage and ends the chain.
func (t *mbrReader) chain(first, size int64) {
	for at, room := first, size; ; t.links++ {
		ebr := t.s.at(at*t.s.sector, 512)
		if t.links >= mbrMaxLinks || ebr == nil || ebr[510] != 0x55 || ebr[511] != 0xaa {
			t.damaged = true
			return
		}
		t.logicals(ebr, at, room, first+size)
		link, ok := mbrLink(ebr)
		if !ok {
			return
		}
		next := first + link.start
		if next <= at || next >= first+size {
			t.damaged = true
			return
		}
		at, room = next, link.size
	}
}

// logicals adds the data partitions of one EBR. The third and fourth entry are
// junk as a rule and count only if they fit the record's own room.
func (t *mbrReader) logicals(ebr []byte, at, room, end int64) {
	for i := range 4 {
		e := mbrEntryAt(ebr, i)
		if e.size == 0 || e.extended() {
			continue
		}
		start := at + e.start
		if i >= 2 && (e.start+e.size > room || start+e.size > end) {
			continue
		}
		if e.start > 0 && start+e.size <= end {
			t.add(t.next, start, e, true)
		} else {
			t.damaged = true
		}
		t.next++
	}
}

func mbrLink(ebr []byte) (e mbrEntry, ok bool) {
	for i := range 4 {
		e = mbrEntryAt(ebr, i)
		if e.size > 0 && e.extended() {
			return e, true
		}
	}
	return e, false
}

// hex spells n with at least width digits.
func hex(n uint32, width int) string {
	var out [8]byte
	i := len(out)
	for n > 0 || len(out)-i < width {
		i--
		out[i] = hexDigits[n&15]
		n >>= 4
	}
	return string(out[i:])
}
