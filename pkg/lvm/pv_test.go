package lvm

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// disk is a device made in memory.
type disk struct {
	data []byte
}

func (d *disk) ReadAt(p []byte, off int64) (int, error) {
	return bytes.NewReader(d.data).ReadAt(p, off)
}

// mdaSpec is one metadata area of makePV.
type mdaSpec struct {
	at, size int
	text     string
	off      int // where the text begins in the area; it wraps if it must
	ignored  bool
}

const pvID = "10eMYSfdgfH2fBZzNUK8p91GkZpWccmy"

// makePV makes a device with a label in a sector.
func makePV(size, sector int, areas ...mdaSpec) *disk {
	d := &disk{make([]byte, size)}
	t := newCRC()
	s := d.data[sector*sectorSize:][:sectorSize]
	copy(s, labelMagic)
	copy(s[labelType:], labelText)
	le.PutUint64(s[labelNumber:], uint64(sector))
	le.PutUint32(s[labelOffset:], labelHead)
	h := s[labelHead:]
	copy(h, pvID)
	le.PutUint64(h[32:], uint64(size))
	le.PutUint64(h[40:], 1<<20)
	h = h[72:]
	for _, a := range areas {
		le.PutUint64(h, uint64(a.at))
		le.PutUint64(h[8:], uint64(a.size))
		h = h[16:]
		d.putArea(t, a)
	}
	le.PutUint32(h[16:], 2) // the extension: version and flags
	le.PutUint32(h[20:], 1)
	le.PutUint32(s[labelCRC:], t.sum(s[labelSummed:]))
	return d
}

func (d *disk) putArea(t *crcTable, a mdaSpec) {
	m := d.data[a.at:][:a.size]
	copy(m[mdaMagicAt:], mdaMagic)
	le.PutUint32(m[mdaVersion:], 1)
	le.PutUint64(m[mdaStart:], uint64(a.at))
	le.PutUint64(m[mdaSize:], uint64(a.size))
	if a.text != "" {
		text := a.text + "\x00"
		le.PutUint64(m[mdaLive:], uint64(a.off))
		le.PutUint64(m[mdaLive+locSize:], uint64(len(text)))
		le.PutUint32(m[mdaLive+locCRC:], t.sum([]byte(text)))
		n := copy(m[a.off:], text)
		copy(m[sectorSize:], text[n:])
	}
	if a.ignored {
		le.PutUint32(m[mdaLive+locFlags:], locIgnored)
	}
	le.PutUint32(m, t.sum(m[mdaSummed:sectorSize]))
}

// smallVG is a group of one linear volume.
func smallVG(seqno int) string {
	return fmt.Sprintf(`contents = "Text Format Volume Group"
version = 1
vg {
	id = "v8cQJk-FpC3-iyfw-CLLO-2zLu-28Zo-YBZro0"
	seqno = %d
	status = ["RESIZEABLE", "READ", "WRITE"]
	extent_size = 8
	physical_volumes {
		pv0 {
			id = "10eMYS-fdgf-H2fB-ZzNU-K8p9-1GkZ-pWccmy"
			pe_start = 2048
			pe_count = 100
		}
	}
	logical_volumes {
		root {
			id = "XTvk9J-Aymb-uFcF-HdSt-Mypw-8cQJ-kFpC3i"
			status = ["READ", "WRITE", "VISIBLE"]
			segment_count = 1
			segment1 {
				start_extent = 0
				extent_count = 4
				type = "striped"
				stripe_count = 1
				stripes = ["pv0", 7]
			}
		}
	}
}
`, seqno)
}

func TestReadPV(t *testing.T) {
	const size = 2 << 20
	front := mdaSpec{at: 4096, size: 64 << 10, text: smallVG(5), off: sectorSize}
	back := mdaSpec{at: size - 64<<10, size: 64 << 10, text: smallVG(6), off: 4096}
	wrapped := front
	wrapped.off = front.size - 100
	ignored := back
	ignored.ignored = true
	damage := func(d *disk, at int) *disk { d.data[at] ^= 1; return d }
	for name, c := range map[string]struct {
		d     *disk
		seqno uint64 // 0: no group
		notes int
		err   string
	}{
		"one area":             {makePV(size, 1, front), 5, 0, ""},
		"the newer of two":     {makePV(size, 1, front, back), 6, 0, ""},
		"the newer goes first": {makePV(size, 1, back, front), 6, 0, ""},
		"one ignored":          {makePV(size, 1, front, ignored), 5, 0, ""},
		"all ignored":          {makePV(size, 1, ignored), 0, 0, ""},
		"the text wraps":       {makePV(size, 1, wrapped), 5, 0, ""},
		"no area":              {makePV(size, 1), 0, 0, ""},
		"not in a group":       {makePV(size, 1, mdaSpec{at: 4096, size: 64 << 10}), 0, 0, ""},
		"label in sector 0":    {makePV(size, 0, front), 5, 0, ""},
		"label in sector 3":    {makePV(size, 3, front), 5, 0, ""},
		"damaged text":         {damage(makePV(size, 1, front, back), back.at+back.off+50), 5, 1, ""},
		"damaged header":       {damage(makePV(size, 1, front, back), front.at+400), 6, 1, ""},
		"both damaged":         {damage(damage(makePV(size, 1, front, back), front.at+400), back.at+400), 0, 2, ""},
		"outside":              {makePV(size, 1, front, back).cut(back.at + 4096), 5, 1, ""},
		"damaged label":        {damage(makePV(size, 1, front), 600), 0, 0, "no LVM2 label"},
		"short":                {&disk{make([]byte, 2047)}, 0, 0, "no LVM2 label"},
		"empty":                {&disk{make([]byte, size)}, 0, 0, "no LVM2 label"},
	} {
		t.Run(name, func(t *testing.T) {
			pv, err := ReadPV(c.d, int64(len(c.d.data)))
			if err != nil || c.err != "" {
				if err == nil || c.err == "" || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("%v, want %q", err, c.err)
				}
				return
			}
			var seqno uint64
			if pv.VG != nil {
				seqno = pv.VG.Seqno
			}
			if seqno != c.seqno || len(pv.Notes) != c.notes || pv.UUID != spellID(pvID) || !pv.Used {
				t.Errorf("seqno %d, notes %q, UUID %s, used %v", seqno, pv.Notes, pv.UUID, pv.Used)
			}
		})
	}
}

func (d *disk) cut(n int) *disk { return &disk{d.data[:n]} }

func TestHeaderOutsideOfItsSector(t *testing.T) {
	for _, off := range []uint32{0, 31, 480, 511, 512, 1 << 31} {
		d := makePV(1<<20, 1, mdaSpec{at: 4096, size: 64 << 10, text: smallVG(1), off: 512})
		s := d.data[sectorSize : 2*sectorSize]
		le.PutUint32(s[labelOffset:], off)
		le.PutUint32(s[labelCRC:], newCRC().sum(s[labelSummed:]))
		if pv, err := ReadPV(d, 1<<20); err == nil {
			t.Errorf("header at %d: %+v", off, pv)
		}
	}
}

// FuzzReadPV: the checksums of what is damaged are made right again, so that the damage gets past them.
func FuzzReadPV(f *testing.F) {
	front := mdaSpec{at: 4096, size: 4096, text: smallVG(5), off: 512}
	wrapped := mdaSpec{at: 8192, size: 4096, text: smallVG(6), off: 4000}
	f.Add(makePV(16<<10, 1, front).data)
	f.Add(makePV(16<<10, 0, front, wrapped).data)
	f.Add(makePV(12<<10, 1, wrapped).data)
	far := makePV(12<<10, 1, wrapped)
	le.PutUint64(far.data[8192+mdaLive:], 4095)
	f.Add(far.data)
	long := makePV(12<<10, 1, wrapped)
	le.PutUint64(long.data[8192+mdaLive+locSize:], 4096)
	f.Add(long.data)
	behind := makePV(16<<10, 1, front)
	le.PutUint64(behind.data[4096+mdaLive:], 6000)
	f.Add(behind.data)
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 64<<10 {
			return
		}
		d := &disk{bytes.Clone(data)}
		d.fix()
		seen := &bounded{t: t, size: int64(len(data)), r: d}
		pv, err := ReadPV(seen, int64(len(data)))
		if (pv == nil) == (err == nil) {
			t.Fatalf("%v, %v", pv, err)
		}
		if pv == nil {
			return
		}
		for _, r := range seen.reads[1:] {
			if !slices.ContainsFunc(pv.Metadata, func(m MetadataArea) bool { return m.Offset <= r.Offset && r.Offset+r.Size <= m.Offset+m.Size }) {
				t.Fatalf("%d bytes at %d are in no metadata area", r.Size, r.Offset)
			}
		}
		if pv.VG == nil {
			return
		}
		newest := uint64(0)
		for _, m := range pv.Metadata {
			newest = max(newest, m.Seqno)
		}
		if pv.VG.Seqno != newest {
			t.Fatalf("seqno %d, an area has %d", pv.VG.Seqno, newest)
		}
		checkVG(t, pv.VG)
	})
}

// fix makes the checksums right that can be found.
func (d *disk) fix() {
	t := newCRC()
	for i := 0; i+sectorSize <= len(d.data); i += sectorSize {
		s := d.data[i:][:sectorSize]
		switch {
		case string(s[:8]) == labelMagic:
			le.PutUint32(s[labelCRC:], t.sum(s[labelSummed:]))
		case string(s[mdaMagicAt:mdaVersion]) == mdaMagic:
			m := &MetadataArea{Area: Area{uint64(i), le.Uint64(s[mdaSize:])}}
			loc := locator{off: le.Uint64(s[mdaLive:]), size: le.Uint64(s[mdaLive+locSize:])}
			if text, err := m.text(d, loc); err == nil {
				le.PutUint32(s[mdaLive+locCRC:], t.sum(text))
			}
			le.PutUint32(s, t.sum(s[mdaSummed:]))
		}
	}
}

// bounded fails a test that reads outside of the device, or too much.
type bounded struct {
	t     testing.TB
	size  int64
	read  int64
	reads []Area
	r     *disk
}

func (b *bounded) ReadAt(p []byte, off int64) (int, error) {
	b.read += int64(len(p))
	if off < 0 || off+int64(len(p)) > b.size || b.read > 64*(b.size+4096) {
		b.t.Fatalf("%d bytes at %d of %d, %d in all", len(p), off, b.size, b.read)
	}
	b.reads = append(b.reads, Area{uint64(off), uint64(len(p))})
	return b.r.ReadAt(p, off)
}

// checkVG checks what holds for every group that can be read, and plans all of its volumes.
func checkVG(t testing.TB, v *VG) {
	t.Helper()
	for _, l := range v.LVs {
		sum := uint64(0)
		for _, s := range l.Segments {
			if s.Start != sum || s.Extents == 0 {
				t.Fatalf("%s: segment at %d behind %d", l.Name, s.Start, sum)
			}
			sum += s.Extents
		}
		if sum != l.Extents || v.Sectors(l) > maxSector {
			t.Fatalf("%s: %d extents, its segments have %d", l.Name, l.Extents, sum)
		}
		v.Visible(l)
		v.Origin(l)
		for _, opt := range []Options{{}, {Degraded: true}} {
			missing := func(p *PVInfo) (uint64, bool) { return 1 << 62, p.Name != "pv1" }
			plan, err := v.planFor(l.Name, opt, missing)
			if err != nil {
				continue
			}
			checkPlan(t, v, plan)
			last := &plan.Devices[len(plan.Devices)-1]
			for i := range plan.Devices {
				if plan.Devices[i].Name == plan.Name {
					last = &plan.Devices[i]
				}
			}
			line := last.Lines[len(last.Lines)-1]
			if v.as(l).cow == nil && line.Start+line.Length != v.Sectors(l) {
				t.Fatalf("%s has %d sectors, its table %d", l.Name, v.Sectors(l), line.Start+line.Length)
			}
		}
	}
}

// FuzzPlan reads any text and plans each of its volumes.
func FuzzPlan(f *testing.F) {
	f.Add(smallVG(1))
	f.Add(strings.Replace(smallVG(1), `["pv0", 7]`, `["root", 0]`, 1))
	f.Add(strings.Replace(smallVG(1), `["pv0", 7]`, `["pv0", 96]`, 1))
	f.Add(strings.Replace(smallVG(1), `["pv0", 7]`, `["pv0", 97]`, 1))
	f.Add(strings.Replace(smallVG(1), `pe_count = 100`, `pe_count = 9223372036854775807`, 1))
	f.Add("a { b { c { d { e { f { g { h { i { j = [\"\\\"\", 1, -2., ] } } } } } } } } }")
	for _, name := range []string{"plain-x", "thin", "cache"} {
		text, err := os.ReadFile("testdata/" + name + ".vg")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := ParseVG(s)
		if (v == nil) == (err == nil) {
			t.Fatalf("%v, %v", v, err)
		}
		if v != nil && len(v.LVs) < 100 {
			checkVG(t, v)
		}
	})
}
