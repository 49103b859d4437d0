package lvm

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// VG is a volume group as one text has it. Sizes are in sectors of 512 bytes, or in extents.
type VG struct {
	Name       string
	ID         string // with hyphens
	Seqno      uint64 // counts the changes
	Format     string
	SystemID   string // of the machine that may use it; see lvmsystemid(7)
	LockType   string // "sanlock", "dlm", ...: it is used by several machines
	Status     []string
	Flags      []string // what older versions may pass over
	Tags       []string
	ExtentSize uint64 // sectors
	PVs        []PVInfo
	LVs        []*LV

	text   string
	byName map[string]*LV
	byPV   map[string]*PVInfo // by the name in the text
	roles  map[*LV]*role
}

// PVInfo is a physical volume as its group knows it.
type PVInfo struct {
	Name          string // in the text, "pv0"
	UUID          string
	Hint          string // the device that it was last seen on
	Status, Flags []string
	Tags          []string
	Size          uint64 // sectors, of its device
	Start         uint64 // sectors, where its extents begin
	Extents       uint64
}

// Missing reports whether lvm2 has given it up: what is on it may be old.
func (p *PVInfo) Missing() bool {
	return slices.Contains(p.Flags, "MISSING") || slices.Contains(p.Status, "MISSING")
}

// String is what errors call it.
func (p *PVInfo) String() string {
	if p.Hint != "" {
		return p.UUID + " (was " + p.Hint + ")"
	}
	return p.UUID
}

// LV is a logical volume, a hidden one too.
type LV struct {
	Name          string
	UUID          string
	Status, Flags []string
	Tags          []string
	Extents       uint64
	Segments      []Segment
}

// Segment is a piece of a volume.
type Segment struct {
	Start, Extents uint64   // in extents of the volume
	Type           string   // "striped", "raid1", "thin" ...
	TypeFlags      []string // behind a plus sign: what a version must know that reads it

	body  *section
	areas []area // of the types that say them in pairs of a name and an extent
}

// area is where a segment lies: a PV or an LV, by its name in the text, and the extent in it.
type area struct {
	name   string
	extent uint64
}

// LV finds a volume by its name, nil if there is none.
func (v *VG) LV(name string) *LV { return v.byName[name] }

// Sectors is the size of a volume.
func (v *VG) Sectors(l *LV) uint64 { return l.Extents * v.ExtentSize }

// ParseVG reads the text of one copy of the metadata.
func ParseVG(s string) (*VG, error) {
	top, err := parseText(s)
	if err != nil {
		return nil, err
	}
	r := &reader{s: top}
	if what := r.text("contents"); what != "Text Format Volume Group" || r.number("version") != 1 {
		return nil, fmt.Errorf("the text is %q, not a volume group of version 1", what)
	}
	v := &VG{text: s}
	var body *section
	for i := range top.entries {
		if e := &top.entries[i]; e.sub != nil && body != nil {
			return nil, errors.New("the text has two volume groups")
		} else if e.sub != nil {
			v.Name, body = e.key, e.sub
		}
	}
	if body == nil || !IsName(v.Name) {
		return nil, fmt.Errorf("the text has no volume group, or %q, which is no name", v.Name)
	}
	if err := v.read(body); err != nil {
		return nil, fmt.Errorf("volume group %s: %w", v.Name, err)
	}
	return v, nil
}

func (v *VG) read(body *section) error {
	r := &reader{s: body}
	v.ID = r.text("id")
	v.Seqno = r.number("seqno")
	v.Format, v.SystemID, v.LockType = r.text("format"), r.text("system_id"), r.text("lock_type")
	v.Status, v.Flags, v.Tags = r.texts("status"), r.texts("flags"), r.texts("tags")
	v.ExtentSize = r.number32("extent_size", 0)
	pvs, lvs := r.section("physical_volumes"), r.section("logical_volumes")
	if r.err != nil {
		return r.err
	}
	if _, ok := rawID(v.ID); !ok {
		return fmt.Errorf("%q is no id", v.ID)
	}
	if v.ExtentSize == 0 {
		return errors.New("extent_size is 0")
	}
	if err := v.readPVs(pvs); err != nil {
		return err
	}
	if err := v.readLVs(lvs); err != nil {
		return err
	}
	return v.check()
}

func (v *VG) readPVs(s *section) error {
	v.byPV = make(map[string]*PVInfo, len(s.entries))
	v.PVs = make([]PVInfo, len(s.entries))
	seen := make(map[string]bool, len(s.entries))
	for i := range s.entries {
		e := &s.entries[i]
		p, r := &v.PVs[i], &reader{s: e.sub}
		p.Name, p.UUID, p.Hint = e.key, r.text("id"), r.text("device")
		p.Status, p.Flags, p.Tags = r.texts("status"), r.texts("flags"), r.texts("tags")
		p.Size, p.Start, p.Extents = r.numberOr("dev_size", 0), r.number("pe_start"), r.number("pe_count")
		if r.err != nil {
			return fmt.Errorf("physical volume %s: %w", e.key, r.err)
		}
		if _, ok := rawID(p.UUID); !ok || seen[p.UUID] {
			return fmt.Errorf("physical volume %s: %q is no id, or that of two", e.key, p.UUID)
		}
		if p.Start > maxSector || p.Extents > (maxSector-p.Start)/v.ExtentSize {
			return fmt.Errorf("physical volume %s: %d extents from sector %d", e.key, p.Extents, p.Start)
		}
		seen[p.UUID] = true
		v.byPV[e.key] = p
	}
	return nil
}

func (v *VG) readLVs(s *section) error {
	v.byName = make(map[string]*LV, len(s.entries))
	seen := make(map[string]bool, len(s.entries))
	for i := range s.entries {
		e := &s.entries[i]
		l := &LV{Name: e.key}
		if err := l.read(e.sub, v.ExtentSize); err != nil {
			return fmt.Errorf("logical volume %s: %w", e.key, err)
		}
		if seen[l.UUID] {
			return fmt.Errorf("logical volume %s: id %s is that of two", e.key, l.UUID)
		}
		seen[l.UUID] = true
		v.LVs = append(v.LVs, l)
		v.byName[l.Name] = l
	}
	return nil
}

// read reads a volume. Its segments must follow each other, in the order of the text.
func (l *LV) read(s *section, extent uint64) error {
	if !IsName(l.Name) {
		return errors.New("that is no name")
	}
	r := &reader{s: s}
	l.UUID = r.text("id")
	l.Status, l.Flags, l.Tags = r.texts("status"), r.texts("flags"), r.texts("tags")
	n := r.number("segment_count")
	if r.err != nil {
		return r.err
	}
	if _, ok := rawID(l.UUID); !ok {
		return fmt.Errorf("%q is no id", l.UUID)
	}
	for i := range s.entries {
		e := &s.entries[i]
		if e.sub == nil || !strings.HasPrefix(e.key, "segment") {
			continue
		}
		seg, err := readSegment(e.sub)
		if err != nil {
			return fmt.Errorf("%s: %w", e.key, err)
		}
		l.Segments = append(l.Segments, seg)
	}
	if uint64(len(l.Segments)) != n || n == 0 {
		return fmt.Errorf("%d segments, %d are said to be there", len(l.Segments), n)
	}
	for i := range l.Segments {
		if seg := &l.Segments[i]; seg.Start != l.Extents || seg.Extents > maxSector/extent-l.Extents {
			return fmt.Errorf("the segment at extent %d does not follow the one before it", seg.Start)
		}
		l.Extents += l.Segments[i].Extents
	}
	return nil
}

func readSegment(s *section) (Segment, error) {
	r := &reader{s: s}
	seg := Segment{Start: r.number("start_extent"), Extents: r.number("extent_count"), body: s}
	names := strings.Split(r.text("type"), "+")
	seg.Type, seg.TypeFlags = names[0], names[1:]
	switch seg.Type {
	case "":
		r.fail("type", " is missing")
	case "striped":
		seg.areas = r.pairs("stripes")
	case "mirror":
		seg.areas = r.pairs("mirrors")
	}
	if r.err == nil && seg.Extents == 0 {
		r.fail("extent_count", " is 0")
	}
	return seg, r.err
}

// check looks at what lies on what: striped segments within their PVs, no volume on itself.
func (v *VG) check() error {
	for _, l := range v.LVs {
		for i := range l.Segments {
			if err := v.checkStripes(&l.Segments[i]); err != nil {
				return fmt.Errorf("logical volume %s: %w", l.Name, err)
			}
		}
	}
	return v.findRoles()
}

// checkStripes is about striped segments, the only ones that lie on physical volumes in earnest.
func (v *VG) checkStripes(seg *Segment) error {
	if seg.Type != "striped" {
		return nil
	}
	r := &reader{s: seg.body}
	n := r.number("stripe_count")
	size := r.number32("stripe_size", 0)
	switch {
	case r.err != nil:
		return r.err
	case n == 0 || n != uint64(len(seg.areas)) || seg.Extents%n != 0:
		return fmt.Errorf("%d extents in %d stripes on %d areas", seg.Extents, n, len(seg.areas))
	case n > 1 && (size == 0 || size&(size-1) != 0 || v.ExtentSize%size != 0):
		return fmt.Errorf("stripes of %d sectors", size)
	}
	for _, a := range seg.areas {
		if end := v.end(a.name); a.extent > end || seg.Extents/n > end-a.extent {
			return fmt.Errorf("%d extents from %d of %s, which has %d", seg.Extents/n, a.extent, a.name, end)
		}
	}
	return nil
}

// end is how many extents a PV or an LV has, 0 if there is none of that name.
func (v *VG) end(name string) uint64 {
	if p := v.byPV[name]; p != nil {
		return p.Extents
	}
	if l := v.byName[name]; l != nil {
		return l.Extents
	}
	return 0
}
