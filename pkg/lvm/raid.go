package lvm

import (
	"fmt"
	"slices"
)

// Raid of MD in device-mapper, and the older mirror: Documentation/admin-guide/device-mapper/dm-raid.rst, dm-log.rst.

// level is what is to be known of a type of segment.
type level struct {
	name, target string
	module       string // besides dm-raid
	spare        int    // legs that may be missing
}

var levels = []level{
	{"raid0", "raid0", "raid0", 0}, {"raid0_meta", "raid0", "raid0", 0},
	{"raid1", "raid1", "raid1", allButOne},
	{"raid4", "raid4", "raid456", 1},
	{"raid5", "raid5_ls", "raid456", 1}, {"raid5_n", "raid5_n", "raid456", 1}, {"raid5_ls", "raid5_ls", "raid456", 1},
	{"raid5_rs", "raid5_rs", "raid456", 1}, {"raid5_la", "raid5_la", "raid456", 1}, {"raid5_ra", "raid5_ra", "raid456", 1},
	{"raid6", "raid6_zr", "raid456", 2}, {"raid6_zr", "raid6_zr", "raid456", 2}, {"raid6_nr", "raid6_nr", "raid456", 2},
	{"raid6_nc", "raid6_nc", "raid456", 2}, {"raid6_n_6", "raid6_n_6", "raid456", 2}, {"raid6_ls_6", "raid6_ls_6", "raid456", 2},
	{"raid6_rs_6", "raid6_rs_6", "raid456", 2}, {"raid6_la_6", "raid6_la_6", "raid456", 2}, {"raid6_ra_6", "raid6_ra_6", "raid456", 2},
	{"raid10", "raid10", "raid10", byCopies}, {"raid10_near", "raid10", "raid10", byCopies},
}

const (
	allButOne = -1
	byCopies  = -2 // as many as leave a copy of each stripe
)

// maxLegs is the most that MD takes.
const maxLegs = 253

// leg is a pair of metadata and data.
type leg struct {
	meta, image   string
	lost          []*PVInfo // what of it is missing
	metaP, imageP Param
}

func (p *planner) raid(l *LV, seg *Segment, r *reader) (string, []Param, error) {
	var lev *level
	for i := range levels {
		if levels[i].name == seg.Type {
			lev = &levels[i]
		}
	}
	if lev == nil {
		return "", nil, p.unsupported(l, "segments of type %s", seg.Type)
	}
	for _, key := range [...]string{"data_offset", "delta_disks", "reshape_count", "parity_devs"} {
		if r.numberOr(key, 0) != 0 || r.err != nil {
			return "", nil, p.unsupported(l, "a raid with %s", key)
		}
	}
	if len(l.Segments) != 1 {
		return "", nil, p.broken(l, "a raid of more than one segment")
	}
	legs, err := p.legs(l, seg, r)
	if err != nil {
		return "", nil, err
	}
	copies := r.numberOr("data_copies", 1)
	if seg.Type == "raid10" && copies == 1 {
		copies = 2
	}
	p.spare(lev, legs, int(min(max(copies, 1), maxLegs)))
	p.module("dm-raid", lev.module)
	params := words{{Text: lev.target}}
	params.counted(p.raidOptions(r, lev, legs, copies))
	params.number(uint64(len(legs)))
	for i := range legs {
		params.add(legs[i].metaP)
		params.add(legs[i].imageP)
	}
	return "raid", params, nil
}

// legs makes the devices of all legs. raid0 has no metadata.
func (p *planner) legs(l *LV, seg *Segment, r *reader) ([]leg, error) {
	var legs []leg
	names := r.texts("raids")
	if seg.Type == "raid0" {
		for _, n := range r.texts("raid0_lvs") {
			names = append(names, "", n)
		}
	}
	n := r.numberOr("device_count", r.numberOr("stripe_count", 0))
	if r.err != nil || len(names) == 0 || len(names)%2 != 0 || len(names)/2 > maxLegs || n != uint64(len(names)/2) {
		return nil, p.broken(l, fmt.Sprintf("%d legs, %d names of volumes", n, len(names)))
	}
	for ; len(names) > 0; names = names[2:] {
		g := leg{meta: names[0], image: names[1], metaP: Param{Text: "-"}}
		if err := p.leg(l, &g); err != nil {
			return nil, err
		}
		legs = append(legs, g)
	}
	return legs, nil
}

// leg makes the devices of one. What of it is missing is an error device, as lvm2 has it: the kernel finds that it cannot read it, and goes on
// without the leg.
func (p *planner) leg(l *LV, g *leg) (err error) {
	missing := len(p.missing)
	p.inLeg++
	defer func() { p.inLeg-- }()
	if g.meta != "" {
		if g.metaP, err = p.sub(l, g.meta); err != nil {
			return err
		}
	}
	if g.imageP, err = p.sub(l, g.image); err != nil {
		return err
	}
	if p.opt.Degraded {
		g.lost = slices.Clone(p.missing[missing:])
		p.missing = p.missing[:missing]
	}
	return nil
}

// spare decides whether the legs that are there suffice. What of them is lost is missing if not.
func (p *planner) spare(lev *level, legs []leg, copies int) {
	gone, run, enough := 0, 0, true // run: of the copies of one stripe
	var lost []*PVInfo
	for i, g := range legs {
		if i%copies == 0 {
			run = 0
		}
		if len(g.lost) > 0 {
			gone++
			run++
			lost = append(lost, g.lost...)
		}
		// raid10 keeps the copies of a stripe on legs that follow each other.
		if lev.spare == byCopies && (run == copies || len(legs)%copies != 0 && gone >= copies) {
			enough = false
		}
	}
	switch {
	case lev.spare == allButOne:
		enough = gone < len(legs)
	case lev.spare >= 0:
		enough = gone <= lev.spare
	}
	if !enough {
		p.missing = append(p.missing, lost...)
		return
	}
	p.without = append(p.without, lost...)
}

// raidOptions are in the order of the kernel's documentation, which lvm2 keeps.
func (p *planner) raidOptions(r *reader, lev *level, legs []leg, copies uint64) (out words) {
	stripe := r.number32("stripe_size", 0)
	if lev.target == "raid1" {
		stripe = 0
	}
	out.number(stripe)
	option := func(name, key string) {
		if n := r.number32(key, 0); n != 0 {
			out.option(name, n)
		}
	}
	option("min_recovery_rate", "min_recovery_rate")
	option("max_recovery_rate", "max_recovery_rate")
	for i, g := range legs {
		if image := p.v.byName[g.image]; image != nil && image.has("WRITEMOSTLY") {
			out.option("write_mostly", uint64(i))
		}
	}
	option("max_write_behind", "writebehind")
	option("region_size", "region_size")
	if lev.target == "raid10" {
		out.option("raid10_copies", copies)
	}
	return out
}

// mirror is the target from before raid1. Its log is a volume, or in memory alone: then all is copied anew each time.
func (p *planner) mirror(l *LV, seg *Segment, r *reader) (string, []Param, error) {
	if n := r.number("mirror_count"); r.err == nil && n != uint64(len(seg.areas)) || len(seg.areas) == 0 {
		return "", nil, p.broken(l, fmt.Sprintf("%d mirrors, %d areas", n, len(seg.areas)))
	}
	p.module("dm-mirror")
	var params words
	if log := r.text("mirror_log"); log != "" {
		dev, err := p.sub(l, log)
		if err != nil {
			return "", nil, err
		}
		params.option("disk", 2)
		params.add(dev)
	} else {
		params.option("core", 1)
	}
	params.number(r.number32("region_size", 0))
	params.number(uint64(len(seg.areas)))
	for _, a := range seg.areas {
		if p.v.byPV[a.name] != nil {
			return "", nil, p.unsupported(l, "pvmove goes on")
		}
		dev, err := p.sub(l, a.name)
		if err != nil {
			return "", nil, err
		}
		params.add(dev)
		params.number(a.extent * p.v.ExtentSize)
	}
	params.number(1)
	params.text("handle_errors")
	return "mirror", params, nil
}
