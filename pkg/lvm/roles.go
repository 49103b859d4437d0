package lvm

import "slices"

// role is what other volumes make of one.
type role struct {
	suffix    string     // of its UUID in device-mapper, "-tdata"
	snapshots []snapshot // it is their origin
	cow       *LV        // it is a snapshot, of this origin
	external  bool       // it is the external origin of a thin volume
	visible   bool       // a snapshot is hidden itself, and as visible as the volume that ties it to its origin
}

// snapshot is a snapshot of the old kind: its own volume keeps what has changed.
type snapshot struct {
	cow     *LV
	chunk   uint64 // sectors
	extents uint64
	merging bool // it is being merged back into its origin
}

// findRoles fills roles. A name that no volume bears is passed over here: a plan that needs it says so.
func (v *VG) findRoles() error {
	v.roles = make(map[*LV]*role)
	for _, l := range v.LVs {
		for i := range l.Segments {
			if err := v.rolesOf(l, &l.Segments[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (v *VG) role(l *LV) *role {
	r := v.roles[l]
	if r == nil {
		r = &role{}
		v.roles[l] = r
	}
	return r
}

// as is role for one who only looks.
func (v *VG) as(l *LV) role {
	if r := v.roles[l]; r != nil {
		return *r
	}
	return role{}
}

var suffixes = []struct{ kind, key, suffix string }{
	{"thin-pool", "metadata", "-tmeta"},
	{"thin-pool", "pool", "-tdata"},
	{"cache-pool", "metadata", "-cmeta"},
	{"cache-pool", "data", "-cdata"},
	{"cache", "origin", "-real"},
}

func (v *VG) rolesOf(l *LV, seg *Segment) error {
	r := &reader{s: seg.body}
	for _, s := range suffixes {
		if sub := v.byName[r.text(s.key)]; sub != nil && s.kind == seg.Type {
			v.role(sub).suffix = s.suffix
		}
	}
	switch seg.Type {
	case "thin-pool":
		v.role(l).suffix = "-pool"
	case "cache":
		if vol := v.byName[r.text("cache_pool")]; vol != nil && slices.Contains(seg.TypeFlags, cacheVolFlag) {
			v.role(vol).suffix = "-cvol"
		}
	case "thin":
		if ext := v.byName[r.text("external_origin")]; ext != nil {
			v.role(ext).external = true
		}
	case "snapshot":
		v.snapshotOf(l, seg, r)
	}
	return r.err
}

func (v *VG) snapshotOf(l *LV, seg *Segment, r *reader) {
	s := snapshot{extents: seg.Extents, chunk: r.number32("chunk_size", 0)}
	store := r.text("cow_store")
	if m := r.text("merging_store"); m != "" {
		store, s.merging = m, true
	}
	origin := v.byName[r.text("origin")]
	if s.cow = v.byName[store]; origin == nil || s.cow == nil || origin == s.cow || v.role(s.cow).cow != nil {
		r.fail(l.Name, ": origin or cow_store is no volume, or one that is taken")
		return
	}
	v.role(origin).snapshots = append(v.role(origin).snapshots, s)
	v.role(s.cow).cow = origin
	v.role(s.cow).visible = l.has("VISIBLE")
}

func (l *LV) has(flag string) bool {
	return slices.Contains(l.Status, flag) || slices.Contains(l.Flags, flag)
}

// Visible reports whether l is a volume of the user's, and not a part of one. These are what can be activated, pools and all.
func (v *VG) Visible(l *LV) bool {
	if r := v.as(l); r.cow != nil {
		return r.visible
	}
	return l.has("VISIBLE") && l.Segments[0].Type != "snapshot" && l.Segments[0].Type != "cache-pool"
}

// Skipped reports whether l is passed over unless somebody names it (lvcreate(8), --setactivationskip): snapshots of thin volumes are, as they are made.
func (l *LV) Skipped() bool { return l.has("ACTIVATION_SKIP") }

// MayHoldRoot reports whether l can hold a file system: a visible volume that is no pool.
func (v *VG) MayHoldRoot(l *LV) bool {
	return v.Visible(l) && l.Segments[0].Type != "thin-pool"
}

// Origin returns the volume that l began as a copy of, nil if there is none: the origin of a snapshot, of a thin snapshot, or an external
// origin. Both have a file system with the same UUID. The origin of a thin snapshot may itself be one.
func (v *VG) Origin(l *LV) *LV {
	if r := v.as(l); r.cow != nil {
		return r.cow
	}
	if l.Segments[0].Type != "thin" {
		return nil
	}
	r := &reader{s: l.Segments[0].body}
	for _, key := range [...]string{"origin", "external_origin"} {
		if o := v.byName[r.text(key)]; o != nil && o != l {
			return o
		}
	}
	return nil
}
