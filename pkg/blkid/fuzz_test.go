package blkid

import (
	"bytes"
	"os"
	"testing"

	"github.com/preroot/preroot/internal/crc"
)

// gptEntry is one partition of a table made by makeGPT, in sectors.
type gptEntry struct {
	number      int
	first, last uint64
	name        string
}

// makeGPT makes a device with a protective MBR, a primary and a backup GPT.
func makeGPT(size, sector int64, entries []gptEntry) []byte {
	dev := make([]byte, size)
	putTable(dev, 0, mbrEntry{0, 0xee, 1, size/sector - 1})
	array := make([]byte, 128*gptEntryBytes)
	for _, e := range entries {
		b := array[(e.number-1)*gptEntryBytes:]
		copy(b, "type of the part")
		copy(b[16:], "guid of the par")
		b[31] = byte(e.number)
		le.PutUint64(b[32:], e.first)
		le.PutUint64(b[40:], e.last)
		for i, c := range []byte(e.name) {
			b[56+2*i] = c
		}
	}
	last := size/sector - 1
	arraySectors := (int64(len(array)) + sector - 1) / sector
	copy(dev[2*sector:], array)
	copy(dev[(last-arraySectors)*sector:], array)
	putGPTHeader(dev[sector:], 1, last, 2, arraySectors)
	putGPTHeader(dev[last*sector:], last, 1, last-arraySectors, arraySectors)
	fixGPT(dev, sector)
	return dev
}

func putGPTHeader(h []byte, my, other, array, arraySectors int64) {
	copy(h, gptMagic)
	le.PutUint32(h[8:], 0x10000)
	le.PutUint32(h[gptHeaderSize:], gptMinHeader)
	le.PutUint64(h[gptMyLBA:], uint64(my))
	le.PutUint64(h[32:], uint64(other))
	le.PutUint64(h[gptFirstUsable:], uint64(2+arraySectors))
	le.PutUint64(h[gptLastUsable:], uint64(max(my, other)-arraySectors-1))
	copy(h[gptDiskGUID:], "guid of the disk")
	le.PutUint64(h[gptEntriesLBA:], uint64(array))
	le.PutUint32(h[gptEntryCount:], 128)
	le.PutUint32(h[gptEntrySize:], gptEntryBytes)
}

// fixGPT makes the checksums of both headers right, so that damage elsewhere
// gets past them.
func fixGPT(dev []byte, sector int64) {
	t := crc.Table(crc.IEEE)
	size := int64(len(dev))
	for _, lba := range []int64{1, size/sector - 1} {
		if lba < 1 || (lba+1)*sector > size {
			continue
		}
		h := dev[lba*sector:][:sector]
		at, n := le.Uint64(h[gptEntriesLBA:]), uint64(le.Uint32(h[gptEntryCount:]))*gptEntryBytes
		if lo := at * uint64(sector); at < uint64(size/sector) && lo+n <= uint64(size) {
			le.PutUint32(h[gptEntriesCRC:], ^crc.Update(&t, ^uint32(0), dev[lo:lo+n]))
		}
		if hs := le.Uint32(h[gptHeaderSize:]); hs >= gptMinHeader && hs <= uint32(sector) {
			le.PutUint32(h[gptHeaderCRC:], 0)
			le.PutUint32(h[gptHeaderCRC:], ^crc.Update(&t, ^uint32(0), h[:hs]))
		}
	}
}

// probeAny probes any device and checks what holds for all of them.
func probeAny(t *testing.T, d *device, sector int) Info {
	t.Helper()
	in, err := Probe(d, d.size, sector)
	if err != nil {
		t.Fatalf("error without a bad medium: %v", err)
	}
	if d.bytes > readBudget {
		t.Errorf("%d bytes read", d.bytes)
	}
	if len(in.Ambiguous) > 0 && in.Type != "" || len(in.Ambiguous) == 1 {
		t.Errorf("type %q beside ambiguous %q", in.Type, in.Ambiguous)
	}
	if (in.Type == "") != (in.Usage == "") {
		t.Errorf("type %q, usage %q", in.Type, in.Usage)
	}
	if bytes.IndexByte([]byte(in.Label+in.UUID), 0) >= 0 {
		t.Errorf("NUL in label %q or UUID %q", in.Label, in.UUID)
	}
	checkParts(t, in, d.size)
	return in
}

// FuzzProbe: any bytes at the start and at the end of a device of any size.
func FuzzProbe(f *testing.F) {
	seen := map[string]bool{}
	for _, m := range images() {
		if kind := kindOf(m.name); !seen[kind] && m.size < 600*mib {
			seen[kind] = true
			h := head(f, m)
			size := max(m.size, int64(len(h)))
			f.Add(bytes.TrimRight(h, "\x00"), []byte{}, size, 512)
			// Of a whole head, few changes meet the superblock: most of these are short.
			if len(m.super) > 0 && m.super[0][1] < int64(len(h)) {
				f.Add(bytes.TrimRight(h[:m.super[0][1]], "\x00"), []byte{}, size, 512)
			}
		}
	}
	size := int64(2 * mib)
	f.Add([]byte{}, md0Super(size, le)[:128], size, 512)
	f.Add([]byte{}, md1Super(size-8192, "n"), size-8192+256, 4096)
	f.Fuzz(func(t *testing.T, head, tail []byte, size int64, sector int) {
		d := &device{size: size, data: map[int64][]byte{0: head}}
		if at := size - int64(len(tail)); at > 0 && len(tail) > 0 {
			d.data[at] = tail
		}
		if size > 64*kib {
			d.data[size&^(64*kib-1)-64*kib] = tail
		}
		probeAny(t, d, sector)
	})
}

// FuzzFar: formats whose superblock points elsewhere, and labels at the end.
func FuzzFar(f *testing.F) {
	seen := map[string]bool{}
	for _, m := range moreImages() {
		kind := kindOf(m.name)
		if seen[kind] || m.size > 300*mib || m.super == nil {
			continue
		}
		seen[kind] = true
		far := m.super[len(m.super)-1][0] &^ 511
		f.Add(bytes.TrimRight(head(f, m), "\x00"), tailOf(f, m, far), far, max(m.size, 4*mib))
	}
	f.Add([]byte{}, bcachefsSuper(0, 3, 0), int64(bcacheOffset), int64(mib))
	f.Fuzz(func(t *testing.T, head, far []byte, at, size int64) {
		d := &device{size: size, data: map[int64][]byte{0: head[:min(len(head), headSize)]}}
		if at >= headSize || at > 0 && len(head) == 0 {
			d.data[at] = far
		}
		probeAny(t, d, 512)
	})
}

// tailOf returns some bytes of an image.
func tailOf(t testing.TB, m image, off int64) []byte {
	t.Helper()
	file, err := os.Open(m.build(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	b := make([]byte, 4*kib)
	n, _ := file.ReadAt(b, off)
	return bytes.TrimRight(b[:n], "\x00")
}

// FuzzGPT: any damage to a GPT, with and without right checksums.
func FuzzGPT(f *testing.F) {
	const size = 1536 * kib
	sound := makeGPT(size, 512, []gptEntry{{1, 100, 200, "one"}, {3, 300, 2000, "three"}})
	put := func(off int, v uint64) []byte {
		h := bytes.Clone(sound[:4096])
		le.PutUint64(h[off:], v)
		return h
	}
	f.Add(sound[:4096], uint16(0), byte(0))
	f.Add(put(512+gptLastUsable, 1<<62), uint16(512), byte(1))
	f.Add(put(512+gptEntryCount, 0xffffffff_ffffffff), uint16(0), byte(1))
	f.Add(put(512+gptEntriesLBA, 1<<63), uint16(512), byte(1))
	f.Add(put(1024+40, 1), uint16(1024), byte(1)) // ends before it starts
	f.Add(put(1024+32, 1<<63), uint16(0), byte(3))
	f.Fuzz(func(t *testing.T, head []byte, at uint16, mode byte) {
		dev := bytes.Clone(sound)
		copy(dev, head[:min(len(head), 64*kib)])
		copy(dev[size-512:], head[min(len(head), int(at)):][:min(512, len(head)-min(len(head), int(at)))])
		sector := 512
		if mode&2 != 0 {
			sector = 4096
		}
		if mode&1 != 0 {
			fixGPT(dev, int64(sector))
		}
		probeAny(t, &device{size: size, data: map[int64][]byte{0: dev}}, sector)
	})
}

// FuzzMBR: any first sectors, with the signatures of boot records in place.
func FuzzMBR(f *testing.F) {
	seed := func(records map[int64][]mbrEntry) {
		dev := make([]byte, 16*512)
		for at, e := range records {
			putTable(dev, at, e...)
		}
		f.Add(dev, int64(4096), uint8(0))
	}
	seed(map[int64][]mbrEntry{0: {{0x80, 0x83, 1, 100}, {0, 0x82, 101, 4000}}})
	seed(map[int64][]mbrEntry{0: {{0, 5, 1, 100}}, 1: {{0, 0x83, 1, 1}, {0, 5, 3, 2}}, 4: {{0, 0x83, 1, 1}}})
	// CVE-2016-5011: an extended boot record that links to itself.
	seed(map[int64][]mbrEntry{0: {{0, 5, 1, 100}}, 1: {{0, 0x83, 1, 1}, {0, 5, 0, 100}}})
	seed(map[int64][]mbrEntry{0: {{0, 5, 1, 100}}, 1: {{}, {0, 5, 2, 9}}, 3: {{}, {0, 5, 0, 9}}})
	// CVE-2026-53615: starts that wrap to sector 0 in 32 bits.
	seed(map[int64][]mbrEntry{0: {{0, 5, 1, 100}}, 1: {{0, 0x83, 1<<32 - 1, 1}, {0, 5, 1<<32 - 1, 1}}})
	seed(map[int64][]mbrEntry{0: {{0, 0x0f, 2, 1<<32 - 1}}, 2: {{0, 0x83, 1, 1<<32 - 1}, {0, 0x85, 1<<32 - 3, 9}}})
	f.Fuzz(func(t *testing.T, data []byte, sectors int64, shift uint8) {
		dev := bytes.Clone(data[:min(len(data), 64*kib)])
		for at := 0; at+512 <= len(dev); at += 512 {
			dev[at+510], dev[at+511] = 0x55, 0xaa
		}
		sector := 512 << (shift % 4)
		if sectors < 1 || sectors > 1<<50 {
			sectors = 4096
		}
		probeAny(t, &device{size: sectors * int64(sector), data: map[int64][]byte{0: dev}}, sector)
	})
}
