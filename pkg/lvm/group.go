package lvm

import (
	"fmt"
	"slices"
	"strings"
)

// Member is a physical volume on a device. A device and what lies on it (a raid's members, the paths of a disk) are not members both: the caller
// gives the upper one alone.
type Member struct {
	Device string // what messages call it
	PV     *PV
}

// Group is a volume group with those of its physical volumes that are there.
type Group struct {
	VG      *VG
	Members map[string]Member // by UUID
	Missing []*PVInfo         // are not there, or are no longer up to date
	Notes   []string

	twins []*Group // other groups of this name
	err   error    // why it cannot be used at all
}

// Groups sorts physical volumes into their groups, by the group's ID. The newest text of each counts.
func Groups(members []Member) []*Group {
	var all []*Group
	byID := map[string]*Group{}
	newest := map[string]Member{}
	for _, m := range members {
		vg := m.PV.VG
		if vg == nil {
			continue
		}
		g := byID[vg.ID]
		if g == nil {
			g = &Group{VG: vg, Members: map[string]Member{}}
			byID[vg.ID] = g
			newest[vg.ID] = m
			all = append(all, g)
		}
		g.newer(m, newest)
	}
	for _, g := range all {
		g.fill(members, byID)
		for _, other := range all {
			if other != g && other.VG.Name == g.VG.Name {
				g.twins = append(g.twins, other)
			}
		}
	}
	return all
}

// newer takes the text of a member if it is newer. Two texts of one number are the work of two machines, or of one that had half of the disks
// each time: neither is the right one.
func (g *Group) newer(m Member, newest map[string]Member) {
	switch vg := m.PV.VG; {
	case vg.Seqno > g.VG.Seqno:
		g.VG, g.err = vg, nil
		newest[vg.ID] = m
	case vg.Seqno == g.VG.Seqno && vg.text != g.VG.text:
		g.err = refuse(g.VG.Name, Split, "%s and %s hold different metadata of the same number %d", newest[vg.ID].Device, m.Device, vg.Seqno)
	}
}

// fill finds the physical volumes that the text lists.
func (g *Group) fill(members []Member, groups map[string]*Group) {
	for i := range g.VG.PVs {
		info := &g.VG.PVs[i]
		for _, m := range members {
			if m.PV.UUID == info.UUID && g.owns(m, groups) {
				g.take(info, m)
			}
		}
		if _, ok := g.Members[info.UUID]; !ok {
			g.Missing = append(g.Missing, info)
		}
	}
	for _, m := range members {
		if m.PV.VG != nil && m.PV.VG.ID == g.VG.ID && !g.lists(m.PV.UUID) {
			g.note("%s was taken out of volume group %s and is left alone", m.Device, g.VG.Name)
		}
	}
}

func (g *Group) note(format string, args ...any) {
	g.Notes = append(g.Notes, fmt.Sprintf(format, args...))
}

func (g *Group) lists(uuid string) bool {
	return slices.ContainsFunc(g.VG.PVs, func(p PVInfo) bool { return p.UUID == uuid })
}

// owns reports whether a PV of that UUID is the group's: its own text says so, or it has none and no other group lists it.
func (g *Group) owns(m Member, groups map[string]*Group) bool {
	if m.PV.VG != nil {
		if m.PV.VG.ID != g.VG.ID {
			g.note("%s is in volume group %s, and no longer in %s", m.Device, m.PV.VG.Name, g.VG.Name)
			return false
		}
		return true
	}
	for _, other := range groups {
		if other != g && other.lists(m.PV.UUID) {
			g.note("%s has no metadata, and both %s and %s list it", m.Device, g.VG.Name, other.VG.Name)
			return false
		}
	}
	return true
}

func (g *Group) take(info *PVInfo, m Member) {
	if other, twice := g.Members[info.UUID]; twice {
		g.err = refuse(g.VG.Name, Duplicate, "%s and %s are both physical volume %s: one of them is a copy", other.Device, m.Device, info.UUID)
		return
	}
	if info.Missing() {
		g.note("%s came back after volume group %s had gone on without it: vgextend --restoremissing takes it in again", m.Device, g.VG.Name)
		return
	}
	g.Members[info.UUID] = m
}

// devices names the members that are there.
func (g *Group) devices() string {
	var names []string
	for i := range g.VG.PVs {
		if m, ok := g.Members[g.VG.PVs[i].UUID]; ok {
			names = append(names, m.Device)
		}
	}
	return strings.Join(names, ", ")
}

// Find returns the group that has the name, or the ID, whichever name is. Of two groups of one name it refuses both, and names them.
func Find(all []*Group, name string) (*Group, error) {
	for _, g := range all {
		if g.VG.ID == name {
			return g, nil
		}
	}
	for _, g := range all {
		if g.VG.Name != name {
			continue
		}
		if len(g.twins) == 0 {
			return g, nil
		}
		var each []string
		for _, t := range append([]*Group{g}, g.twins...) {
			each = append(each, t.VG.ID+" on "+t.devices())
		}
		return nil, refuse(name, Ambiguous, "there are %d of that name: %s", len(each), strings.Join(each, "; "))
	}
	return nil, fmt.Errorf("there is no volume group %s", name)
}

// vgStatus are the flags of a group that say nothing against its use.
var vgStatus = []string{"RESIZEABLE", "READ", "WRITE", "WRITE_LOCKED", "PARTIAL", "PVMOVE"}

// Usable says why a group is not activated here, nil if it may be. ids are the system IDs that are ours (lvmsystemid(7)).
func (g *Group) Usable(ids []string) error {
	v := g.VG
	switch {
	case g.err != nil:
		return g.err
	case v.flag("EXPORTED"):
		return refuse(v.Name, Exported, "it is exported: vgimport takes it in")
	case v.flag("CLUSTERED"), v.flag("SHARED"), v.LockType != "" && v.LockType != "none":
		return refuse(v.Name, Shared, "several machines share it (lock_type %q): it needs lvm2 and its lock manager", v.LockType)
	case v.SystemID != "" && !slices.Contains(ids, v.SystemID):
		return refuse(v.Name, Foreign, "it belongs to the machine with system ID %q, ours is %q", v.SystemID, strings.Join(ids, ", "))
	case v.Format != "" && v.Format != "lvm2":
		return refuse(v.Name, Unknown, "its format is %q, only lvm2 is known", v.Format)
	}
	for _, f := range v.Status {
		if !slices.Contains(vgStatus, f) {
			return refuse(v.Name, Unknown, "its status is %q, which is not known here", f)
		}
	}
	return nil
}

func (v *VG) flag(name string) bool {
	return slices.Contains(v.Status, name) || slices.Contains(v.Flags, name)
}

// have finds the device of a physical volume: its size in bytes.
func (g *Group) have(info *PVInfo) (uint64, bool) {
	m, ok := g.Members[info.UUID]
	if !ok {
		return 0, false
	}
	return m.PV.DeviceSize, true
}

// Plan says what activates the logical volume lv. It does not ask whether the group may be used at all: Usable does. A physical volume that is
// missing and that the volume does not need does not matter; one that it needs gives a *MissingError.
func (g *Group) Plan(lv string, opt Options) (*Plan, error) {
	if g.err != nil {
		return nil, g.err
	}
	return g.VG.planFor(lv, opt, g.have)
}
