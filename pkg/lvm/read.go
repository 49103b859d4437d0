package lvm

import (
	"errors"
	"fmt"
	"io"
	"sort"
)

// piece is what one segment is of a volume, in bytes.
type piece struct {
	start, size int64 // in the volume
	stripe      int64 // bytes of a stripe, 0 for a linear piece
	on          []part
}

// part is where a piece lies.
type part struct {
	r   io.ReaderAt
	off int64
}

// Volume is a plain volume, read through its metadata.
type Volume struct {
	Size   int64 // bytes
	pieces []piece
}

// Open gives the bytes of a volume that is not active, to look for a superblock in it: of linear and striped volumes, of the origin of snapshots of
// the old kind, and of a raid1 or mirror, of which one leg is read that is there (it may be behind the others). Others give an *UnsupportedError. device
// opens a physical volume by its UUID.
func (g *Group) Open(lv string, device func(uuid string) (io.ReaderAt, error)) (*Volume, error) {
	if g.err != nil {
		return nil, g.err
	}
	l := g.VG.byName[lv]
	if l == nil {
		return nil, fmt.Errorf("volume group %s has no logical volume %q", g.VG.Name, lv)
	}
	p := &planner{v: g.VG, have: g.have, want: l}
	o := &opener{planner: p, device: device}
	v, err := o.open(l)
	if err == nil && len(p.missing) > 0 {
		return nil, &MissingError{g.VG.Name + "/" + lv, spell(p.missing)}
	}
	return v, err
}

type opener struct {
	*planner
	device func(string) (io.ReaderAt, error)
}

func (o *opener) open(l *LV) (*Volume, error) {
	if o.v.as(l).cow != nil {
		return nil, o.unsupported(l, "the content of a snapshot cannot be read before it is active")
	}
	if o.depth++; o.depth > maxLayers {
		return nil, o.broken(l, "too many volumes lie on each other")
	}
	defer func() { o.depth-- }()
	v := &Volume{Size: int64(o.v.Sectors(l)) * sectorSize}
	for i := range l.Segments {
		one, err := o.piece(l, &l.Segments[i])
		if err != nil {
			return nil, err
		}
		v.pieces = append(v.pieces, one)
	}
	return v, nil
}

func (o *opener) piece(l *LV, seg *Segment) (piece, error) {
	unit := int64(o.v.ExtentSize) * sectorSize
	out := piece{start: int64(seg.Start) * unit, size: int64(seg.Extents) * unit}
	switch seg.Type {
	case "striped":
		if n := len(seg.areas); n > 1 {
			r := &reader{s: seg.body}
			out.stripe = int64(r.number("stripe_size")) * sectorSize
		}
		for _, a := range seg.areas {
			one, err := o.part(l, a, seg.Extents/uint64(len(seg.areas)))
			if err != nil {
				return out, err
			}
			out.on = append(out.on, one)
		}
		return out, nil
	case "raid1", "mirror":
		v, err := o.anyLeg(l, seg)
		out.on = []part{{v, 0}}
		return out, err
	}
	return out, o.unsupported(l, "the content of %s cannot be read before it is active", seg.Type)
}

func (o *opener) part(l *LV, a area, extents uint64) (part, error) {
	pv := o.v.byPV[a.name]
	if pv == nil {
		sub := o.v.byName[a.name]
		if sub == nil {
			return part{}, o.broken(l, "it lies on "+a.name+", and there is no such volume")
		}
		v, err := o.open(sub)
		return part{v, int64(a.extent*o.v.ExtentSize) * sectorSize}, err
	}
	missing := len(o.missing)
	_, off, err := o.area(l, a, extents)
	if err != nil || len(o.missing) > missing {
		return part{}, err
	}
	r, err := o.device(pv.UUID)
	if err != nil {
		return part{}, o.broken(l, err)
	}
	return part{r, int64(off) * sectorSize}, nil
}

// anyLeg opens the first leg that is there.
func (o *opener) anyLeg(l *LV, seg *Segment) (*Volume, error) {
	r := &reader{s: seg.body}
	var names []string
	for i, n := range r.texts("raids") {
		if i%2 == 1 {
			names = append(names, n)
		}
	}
	for _, a := range seg.areas {
		if a.extent == 0 {
			names = append(names, a.name)
		}
	}
	var first error
	var lost []*PVInfo
	for _, n := range names {
		leg := o.v.byName[n]
		if leg == nil {
			continue
		}
		missing := len(o.missing)
		v, err := o.open(leg)
		if err == nil && len(o.missing) == missing && v.Size >= int64(seg.Extents*o.v.ExtentSize)*sectorSize {
			return v, nil
		}
		lost = append(lost, o.missing[missing:]...)
		o.missing = o.missing[:missing]
		if first == nil {
			first = err
		}
	}
	if len(lost) > 0 {
		return nil, &MissingError{o.v.Name + "/" + l.Name, spell(lost)}
	}
	if first == nil {
		first = o.broken(l, "it has no leg that can be read")
	}
	return nil, first
}

var errOffset = errors.New("a negative offset")

// ReadAt reads from the devices below. It makes the volume an io.ReaderAt.
func (v *Volume) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, errOffset
	}
	for n < len(p) {
		at := off + int64(n)
		i := sort.Search(len(v.pieces), func(i int) bool { return v.pieces[i].start+v.pieces[i].size > at })
		if i == len(v.pieces) {
			return n, io.EOF
		}
		got, err := v.pieces[i].readAt(p[n:], at-v.pieces[i].start)
		n += got
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// readAt reads what lies in one piece of one device at most.
func (s *piece) readAt(p []byte, off int64) (int, error) {
	size, on := s.size-off, s.on[0]
	at := off
	if s.stripe > 0 {
		row, in := off/s.stripe, off%s.stripe
		on = s.on[row%int64(len(s.on))]
		at, size = row/int64(len(s.on))*s.stripe+in, s.stripe-in
	}
	if int64(len(p)) > size {
		p = p[:size]
	}
	n, err := on.r.ReadAt(p, on.off+at)
	if n == len(p) {
		return n, nil
	}
	return n, noEOF(err)
}
