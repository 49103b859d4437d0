package activate

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/preroot/preroot/pkg/blkid"
	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/lvm"
)

// holders finds the volumes in which a file system lies. Most can be read through the metadata; those that cannot (thin, cached) are made, one after the other, and taken away again if they have
// something else. If none has it, it may lie behind what another layer opens: with behind those are all that carry a member of one. Of a volume and its snapshots, which carry the same, the volume is meant.
func (a *activator) holders(groups []*lvm.Group, ref device.Ref, behind bool) (list []volume) {
	var hidden, members []volume
	for _, v := range candidates(groups) {
		switch info, err := a.look(v); {
		case errors.Is(err, errHidden):
			hidden = append(hidden, v)
		case err != nil:
			a.lack("%v", err)
		case ref.Fits(&info):
			list = append(list, v)
		case isMember(info):
			members = append(members, v)
		}
	}
	if len(list) == 0 {
		slices.SortStableFunc(hidden, func(a, b volume) int { return cmp.Compare(len(a.origins()), len(b.origins())) })
		for _, v := range hidden {
			if v.snapshotOf(list) {
				continue // its devices would be there, with the same in them
			}
			switch info, err := a.tryOut(v, ref); {
			case err != nil:
				a.lack("logical volume %s: %v", v, err)
			case ref.Fits(&info):
				list = append(list, v)
			case isMember(info):
				members = append(members, v)
			}
		}
	}
	if len(list) == 0 && behind {
		return members
	}
	return withoutSnapshots(list)
}

// candidates are the volumes that may hold what is looked for.
func candidates(groups []*lvm.Group) (list []volume) {
	for _, g := range groups {
		for _, l := range g.VG.LVs {
			if g.VG.MayHoldRoot(l) && !l.Skipped() {
				list = append(list, volume{g, l.Name})
			}
		}
	}
	return list
}

// isMember says whether another layer makes a device of it.
func isMember(info blkid.Info) bool {
	return info.Usage == blkid.UsageCrypto || info.Usage == blkid.UsageRAID
}

// withoutSnapshots leaves out the snapshots of those that are in the list.
func withoutSnapshots(list []volume) []volume {
	whole := slices.Clone(list)
	return slices.DeleteFunc(list, func(v volume) bool { return v.snapshotOf(whole) })
}

// snapshotOf says whether a volume is a snapshot of one in the list, or of a snapshot of that.
func (v volume) snapshotOf(list []volume) bool {
	return slices.ContainsFunc(v.origins(), func(name string) bool { return slices.Contains(list, volume{v.group, name}) })
}

// origins are the volumes that it is a snapshot of, one behind the other.
func (v volume) origins() (names []string) {
	for l := v.group.VG.LV(v.name); l != nil && len(names) <= len(v.group.VG.LVs); {
		if l = v.group.VG.Origin(l); l != nil {
			names = append(names, l.Name)
		}
	}
	return names
}

// errHidden is why a volume cannot be looked into through the metadata.
var errHidden = errors.New("it cannot be read before it is active")

// look says what lies in a volume that is not active.
func (a *activator) look(v volume) (blkid.Info, error) {
	r, err := v.group.Open(v.name, func(uuid string) (io.ReaderAt, error) {
		if d := a.disks[uuid]; d != nil {
			return d, nil
		}
		return nil, fmt.Errorf("physical volume %s is missing", uuid)
	})
	switch {
	case errors.As(err, new(*lvm.UnsupportedError)):
		return blkid.Info{}, errHidden
	case err != nil:
		return blkid.Info{}, err
	}
	return blkid.Probe(r, r.Size, 512)
}

// tryOut makes the devices of a volume to see what lies in it. If that is something else, those that were not there before are taken away again.
func (a *activator) tryOut(v volume, ref device.Ref) (info blkid.Info, err error) {
	plan, err := v.group.Plan(v.name, lvm.Options{Degraded: a.Degraded})
	if err != nil {
		return info, err
	}
	made, err := a.make(v.group, plan)
	if err == nil {
		info, err = a.probe(plan.Name)
	}
	if err != nil || !ref.Fits(&info) {
		return info, errors.Join(err, a.remove(made))
	}
	a.tell(v, plan, made)
	return info, nil
}

// probe says what lies on a device of the device-mapper.
func (a *activator) probe(name string) (blkid.Info, error) {
	m, err := a.Mapper.Device(name)
	if err != nil {
		return blkid.Info{}, err
	}
	d, err := a.Open(fmt.Sprintf("/dev/dm-%d", m.Minor))
	if err != nil {
		return blkid.Info{}, err
	}
	defer d.Close()
	size, sector := d.Geometry()
	return blkid.Probe(d, size, sector)
}
