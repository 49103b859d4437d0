package lvm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Plan is what activates a volume.
type Plan struct {
	Name    string   // of the volume itself in device-mapper
	Devices []Device // to be made in this order: each refers to those before it, and what may write to an origin comes behind its snapshots
	Modules []string // of the kernel, to be loaded before
	Pools   []Pool   // thin pools: what the kernel must say of them before anything is made on them
	Without []string // physical volumes that are missing, where a raid goes without a leg
}

// Pool is a thin pool. The first number of its status must be TransactionID: otherwise metadata and pool do not fit each other, and it needs
// repair (lvmthin(7)).
type Pool struct {
	Device        string // its name in device-mapper
	TransactionID uint64
}

// Device is one device of device-mapper.
type Device struct {
	Name     string
	UUID     string // "LVM-..."
	ReadOnly bool
	Lines    []Line
}

// Line is one line of a table, in sectors.
type Line struct {
	Start, Length uint64
	Target        string
	Params        []Param
}

// Param is a word of a line: text, or a device whose major:minor stands there.
type Param struct {
	Text   string
	PV     string // a physical volume, by its UUID
	Device string // a device further up in the plan, by its name
}

// String is the word with symbols for devices.
func (p Param) String() string {
	switch {
	case p.PV != "":
		return "{pv " + p.PV + "}"
	case p.Device != "":
		return "{" + p.Device + "}"
	}
	return p.Text
}

// Text joins the words, with a device as number gives it ("253:0").
func (l *Line) Text(number func(Param) (string, error)) (string, error) {
	var b strings.Builder
	for i, p := range l.Params {
		s := p.Text
		if p.PV != "" || p.Device != "" {
			var err error
			if s, err = number(p); err != nil {
				return "", err
			}
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

// Options of a plan.
type Options struct {
	Degraded bool // a raid may go without the legs that its level can spare
}

// planner collects a plan. have tells the size in bytes of the device of a PV, and whether it is there.
type planner struct {
	v       *VG
	have    func(*PVInfo) (uint64, bool)
	opt     Options
	want    *LV
	plan    *Plan
	made    map[string]bool // false while it is being made
	missing []*PVInfo       // that are needed; the same one may stand there twice
	without []*PVInfo       // that a raid can spare
	depth   int
	inLeg   int // legs of raids that are being made
}

// planFor makes the plan for one volume.
func (v *VG) planFor(name string, opt Options, have func(*PVInfo) (uint64, bool)) (*Plan, error) {
	l := v.byName[name]
	if l == nil {
		return nil, fmt.Errorf("volume group %s has no logical volume %q", v.Name, name)
	}
	p := &planner{v: v, have: have, opt: opt, want: l, plan: &Plan{Modules: []string{"dm_mod"}}, made: map[string]bool{}}
	top, err := p.volume(l)
	if err != nil {
		return nil, err
	}
	if len(p.missing) > 0 {
		return nil, &MissingError{v.Name + "/" + name, spell(p.missing)}
	}
	p.plan.Without = spell(p.without)
	p.plan.Name = top
	return p.plan, nil
}

// spell names each PV once.
func spell(pvs []*PVInfo) (out []string) {
	for _, pv := range pvs {
		if s := pv.String(); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func (p *planner) unsupported(l *LV, format string, args ...any) error {
	return &UnsupportedError{p.v.Name + "/" + l.Name, fmt.Sprintf(format, args...)}
}

func (p *planner) broken(l *LV, err any) error {
	return fmt.Errorf("logical volume %s/%s: %v", p.v.Name, l.Name, err)
}

func (p *planner) module(names ...string) {
	for _, n := range names {
		if !slices.Contains(p.plan.Modules, n) {
			p.plan.Modules = append(p.plan.Modules, n)
		}
	}
}

// known are the status flags of a volume that change nothing here. With others lvm2 would do more than load tables.
var known = []string{"READ", "WRITE", "FIXED_MINOR", "VISIBLE", "NOTSYNCED", "WRITEMOSTLY", "ACTIVATION_SKIP", "ERROR_WHEN_FULL", "CACHE_VOL",
	"CACHE_USES_CACHEVOL", "METADATA_FORMAT", "LOCKED", "ALLOCATED", "SHAREABLE"}

// volume makes the devices of a volume and returns the name of that which stands for it.
func (p *planner) volume(l *LV) (string, error) {
	r := p.v.as(l)
	switch {
	case r.cow != nil:
		if p.made[p.name(l, "")] {
			return p.name(l, ""), nil
		}
		// A snapshot and its origin are active together, or what is written to one spoils the other.
		_, err := p.volume(r.cow)
		return p.name(l, ""), err
	case len(r.snapshots) > 0:
		return p.origin(l, r.snapshots)
	case l.Segments[0].Type == "thin-pool":
		return p.poolItself(l)
	case r.external:
		return p.externalOrigin(l)
	}
	return p.layer(l, "")
}

func (p *planner) name(l *LV, layer string) string { return DMName(p.v.Name, l.Name, layer) }

// uuid is the name and the group's and the volume's ID, and what tells a layer.
func (p *planner) uuid(l *LV, layer string) string {
	suffix := p.v.as(l).suffix
	if layer != "" {
		suffix = "-" + layer
	}
	vg, _ := rawID(p.v.ID)
	lv, _ := rawID(l.UUID)
	return "LVM-" + vg + lv + suffix
}

// layer makes the device that holds what a volume's segments say.
func (p *planner) layer(l *LV, layer string) (string, error) {
	name := p.name(l, layer)
	done, begun := p.made[name]
	switch {
	case done:
		return name, nil
	case begun:
		return "", p.broken(l, "it lies on itself")
	case p.depth >= maxLayers:
		return "", p.broken(l, "too many volumes lie on each other")
	}
	for _, f := range l.Status {
		if !slices.Contains(known, f) {
			return "", p.unsupported(l, "status %s", f)
		}
	}
	p.made[name] = false
	p.depth++
	d := Device{Name: name, UUID: p.uuid(l, layer), ReadOnly: !l.has("WRITE") && layer != "cow" && layer != "tpool"}
	for i := range l.Segments {
		line, err := p.line(l, i)
		if err != nil {
			return "", err
		}
		d.Lines = append(d.Lines, line)
	}
	p.depth--
	return name, p.add(d)
}

// add puts a device into the plan.
func (p *planner) add(d Device) error {
	if len(d.Name) > maxName {
		return fmt.Errorf("%s is too long a name for device-mapper: %d bytes, at most %d", d.Name, len(d.Name), maxName)
	}
	if len(p.plan.Devices) >= maxPlan {
		return fmt.Errorf("%s needs more than %d devices", p.name(p.want, ""), maxPlan)
	}
	p.made[d.Name] = true
	p.plan.Devices = append(p.plan.Devices, d)
	return nil
}

// on adds a device of one line that lies on another of the same volume.
func (p *planner) on(l *LV, uuid string, readOnly bool, target string, length uint64, params words) (string, error) {
	name := p.name(l, "")
	return name, p.add(Device{name, uuid, readOnly, []Line{{0, length, target, params}}})
}

// line makes the line of one segment.
func (p *planner) line(l *LV, i int) (Line, error) {
	seg := &l.Segments[i]
	out := Line{Start: seg.Start * p.v.ExtentSize, Length: seg.Extents * p.v.ExtentSize}
	for _, f := range seg.TypeFlags {
		if f != cacheVolFlag && f != "METADATA_FORMAT" {
			return out, p.unsupported(l, "%s with %s", seg.Type, f)
		}
	}
	var err error
	r := &reader{s: seg.body}
	switch t := seg.Type; {
	case t == "striped":
		out.Target, out.Params, err = p.striped(l, i, r)
	case t == "error" || t == "zero":
		out.Target = t
		if t == "zero" {
			p.module("dm-zero")
		}
	case t == "mirror":
		out.Target, out.Params, err = p.mirror(l, seg, r)
	case strings.HasPrefix(t, "raid"):
		out.Target, out.Params, err = p.raid(l, seg, r)
	case t == "thin-pool":
		out.Target, out.Params, err = p.thinPool(l, seg, r)
	case t == "thin":
		out.Target, out.Params, err = p.thin(l, seg, r)
	case t == "cache":
		out.Target, out.Params, err = p.cache(l, seg, r)
	default:
		err = p.unsupported(l, "segments of type %s", t)
	}
	if err == nil && r.err != nil {
		err = p.broken(l, r.err)
	}
	return out, err
}

// whole is the parameters of a linear line that lies on all of a device.
func whole(device string) words { return words{{Device: device}, {Text: "0"}} }

// sub makes the volume of that name, which is a part of l.
func (p *planner) sub(l *LV, name string) (Param, error) {
	s := p.v.byName[name]
	if s == nil {
		return Param{}, p.broken(l, "it lies on "+strconv.Quote(name)+", and there is no such volume")
	}
	dev, err := p.volume(s)
	return Param{Device: dev}, err
}

// words are the parameters of a line. Its methods stand in a hundred places: inlined they cost 30 kB.
type words []Param

//go:noinline
func (w *words) add(p Param) { *w = append(*w, p) }

//go:noinline
func (w *words) number(n uint64) { w.add(Param{Text: strconv.FormatUint(n, 10)}) }

//go:noinline
func (w *words) text(s string) { w.add(Param{Text: s}) }

// option adds a name and a number.
//
//go:noinline
func (w *words) option(name string, n uint64) {
	w.text(name)
	w.number(n)
}

// counted adds how many words there are, and the words.
func (w *words) counted(more words) {
	w.number(uint64(len(more)))
	*w = append(*w, more...)
}

// striped is a linear segment, too: Documentation/admin-guide/device-mapper/linear.rst and striped.rst.
func (p *planner) striped(l *LV, i int, r *reader) (string, []Param, error) {
	seg := &l.Segments[i]
	target := "linear"
	var params words
	if n := len(seg.areas); n > 1 {
		target = "striped"
		params.number(uint64(n))
		params.number(r.number("stripe_size"))
	}
	for j, a := range seg.areas {
		missing := len(p.missing)
		dev, off, err := p.area(l, a, seg.Extents/uint64(len(seg.areas)))
		if err == nil && p.opt.Degraded && p.inLeg > 0 && p.v.byPV[a.name] != nil && len(p.missing) > missing {
			dev, err = p.errorDevice(l, i, j)
			off = 0
		}
		if err != nil {
			return "", nil, err
		}
		params.add(dev)
		params.number(off)
	}
	return target, params, nil
}

// area finds where a stripe lies: the device and the sector. A PV that is missing is remembered, so that all of them are named.
func (p *planner) area(l *LV, a area, extents uint64) (Param, uint64, error) {
	pv := p.v.byPV[a.name]
	if pv == nil {
		dev, err := p.sub(l, a.name)
		return dev, a.extent * p.v.ExtentSize, err
	}
	off := pv.Start + a.extent*p.v.ExtentSize
	size, ok := p.have(pv)
	switch {
	case !ok:
		p.missing = append(p.missing, pv)
	case size/sectorSize < off+extents*p.v.ExtentSize:
		return Param{}, 0, p.broken(l, fmt.Sprintf("it reaches past the end of physical volume %s, which has %d bytes", pv.UUID, size))
	}
	return Param{PV: pv.UUID}, off, nil
}

// errorDevice stands for the area j of segment i, whose PV is missing.
func (p *planner) errorDevice(l *LV, i, j int) (Param, error) {
	layer := fmt.Sprintf("missing_%d_%d", i, j)
	d := Device{Name: p.name(l, layer), UUID: p.uuid(l, layer)}
	d.Lines = []Line{{Length: l.Segments[i].Extents * p.v.ExtentSize, Target: "error"}}
	return Param{Device: d.Name}, p.add(d)
}
