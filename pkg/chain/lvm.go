package chain

import (
	"errors"
	"strings"

	"github.com/preroot/preroot/pkg/lvm"
)

// readGroups reads the metadata of the physical volumes of the chain.
func (f *finder) readGroups() {
	f.groups = map[string]*lvm.Group{}
	var members []lvm.Member
	for _, d := range f.c.Devices {
		if d.FSType != "LVM2_member" {
			continue
		}
		file, err := f.h.open(d.Node)
		if err != nil {
			continue
		}
		if pv, err := lvm.ReadPV(file, file.Size); err == nil {
			members = append(members, lvm.Member{Device: d.Node, PV: pv})
		}
		file.Close()
	}
	for _, g := range lvm.Groups(members) {
		f.groups[strings.ReplaceAll(g.VG.ID, "-", "")] = g
	}
}

// idLength is that of an ID of LVM without its hyphens.
const idLength = 32

// volume finds what a logical volume needs: its segments say it, else the table of its mapping.
func (f *finder) volume(d *Device) {
	d.early("dm_mod")
	id := strings.TrimPrefix(d.DMUUID, "LVM-")
	if hidden := strings.Contains(id, "-"); hidden || len(id) < idLength {
		return // a part of one that is looked at for itself
	}
	g := f.groups[id[:idLength]]
	if g == nil {
		f.unreadVolume(d)
		return
	}
	plan, err := g.Plan(d.LV, lvm.Options{})
	if err != nil {
		w := Doubt
		if errors.As(err, new(*lvm.UnsupportedError)) {
			w = Fatal
		}
		f.problem(w, d, "%s (%s/%s): %v", d.Name, d.VG, d.LV, err)
		return
	}
	d.early(plan.Modules...)
	f.c.SystemID = f.c.SystemID || g.VG.SystemID != ""
}

// unreadVolume is one whose metadata nobody may read: the tables of it and of its parts say what they can.
func (f *finder) unreadVolume(d *Device) {
	todo, known := []*Device{d}, true
	for len(todo) > 0 {
		m := todo[0]
		list, ok := f.targets(m)
		known = known && ok
		for _, t := range list {
			if !strings.Contains(" "+coreTargets+" ", " "+t.Type+" ") {
				d.early("dm-" + t.Type)
			}
			if t.Type == "raid" {
				d.wish("raid0", "raid1", "raid10", "raid456")
			}
		}
		todo = todo[1:]
		for _, b := range m.Below {
			if b.Kind == LVM {
				todo = append(todo, b)
			}
		}
	}
	if !known {
		f.problem(Doubt, d, "%s (%s/%s): neither its metadata nor its table can be read, so its modules are not known; run as root", d.Name, d.VG, d.LV)
	}
}
