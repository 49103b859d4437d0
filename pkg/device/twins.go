package device

import "slices"

// tops reduces candidates to those that are different things: a candidate is left out when another one is
// built on it, lies inside it, or is the same disk by another path.
func (inv *Inventory) tops(found []*Device) []*Device {
	if len(found) < 2 {
		return found
	}
	var out []*Device
	for i, d := range found {
		covered := slices.ContainsFunc(found, func(e *Device) bool { return e != d && inv.covers(e, d) }) ||
			slices.ContainsFunc(found[:i], func(e *Device) bool { return samePath(e, d) })
		if !covered {
			out = append(out, d)
		}
	}
	return out
}

// covers says whether top is what low is used for: it is built on low, or low is a partition that the kernel
// also found on a member of a layer (one disk of a mirror, one path of a multipath disk) and top lies on
// that layer; or low is a snapshot of top.
func (inv *Inventory) covers(top, low *Device) bool {
	if inv.above(top, low) || inv.isSnapshot(low, top) {
		return true
	}
	return low.parent != nil && slices.ContainsFunc(inv.Holders(low.parent), func(layer *Device) bool {
		return top == layer || inv.above(top, layer)
	})
}

// isSnapshot says whether s is a device-mapper snapshot of origin, as LVM makes them: both lie on the hidden device whose UUID is the origin's
// with "-real", and the snapshot on one of its own with "-cow" too. While a snapshot is merged back, the origin lies on that one's "-cow", which
// has another's name then. Of thin snapshots only the metadata of LVM know, so they stay twins.
func (inv *Inventory) isSnapshot(s, origin *Device) bool {
	if s.DMUUID == "" || origin.DMUUID == "" {
		return false
	}
	below := inv.below(s)
	has := func(list []*Device, uuid string) bool {
		return slices.ContainsFunc(list, func(d *Device) bool { return d.DMUUID == uuid })
	}
	return has(below, s.DMUUID+"-cow") && has(below, origin.DMUUID+"-real") && has(inv.below(origin), origin.DMUUID+"-real")
}

// above says whether top is built on low: a partition on its disk, a layer on its members, in any number of
// steps.
func (inv *Inventory) above(top, low *Device) bool {
	todo := inv.below(top)
	for i := 0; i < len(todo); i++ {
		if todo[i] == low {
			return true
		}
		for _, d := range inv.below(todo[i]) {
			if !slices.Contains(todo, d) {
				todo = append(todo, d)
			}
		}
	}
	return false
}

// below lists what d is built on directly. Either side may know of the tie: the holder names its slaves, the
// slave its holders.
func (inv *Inventory) below(d *Device) []*Device {
	var list []*Device
	if d.parent != nil {
		list = append(list, d.parent)
	}
	for _, e := range inv.devices {
		if slices.Contains(d.Slaves, e.Name) || slices.Contains(e.Facts.Holders, d.Name) {
			list = append(list, e)
		}
	}
	return list
}

// Holders returns the devices that are built on d directly, partitions not among them.
func (inv *Inventory) Holders(d *Device) []*Device {
	return filter(inv.devices, func(e *Device) bool {
		return slices.Contains(e.Slaves, d.Name) || slices.Contains(d.Facts.Holders, e.Name)
	})
}

// samePath says whether a and b are one disk, or one partition of it, reached by two paths: the same WWID
// and size. USB bridges are never believed, since many give the same WWID to every disk; nor are two disks
// whose serials differ.
func samePath(a, b *Device) bool {
	x, y := a.disk(), b.disk()
	if x == y || x.WWID == "" || x.WWID != y.WWID || x.Size != y.Size || x.Transport == "usb" || y.Transport == "usb" {
		return false
	}
	if x.Serial != "" && y.Serial != "" && x.Serial != y.Serial {
		return false
	}
	return a.PartN == b.PartN && a.PartStart == b.PartStart && a.Size == b.Size
}

// onePool says whether all are members of one file system over several devices: the same type and UUID, and
// every member's own id its own. Two with the same own id are copies of each other.
func onePool(list []*Device) bool {
	first := list[0].Probe
	if first == nil || first.Usage != "filesystem" || first.UUID == "" {
		return false
	}
	for i, d := range list {
		p := d.Probe
		if p == nil || p.Type != first.Type || p.UUID != first.UUID || p.SubUUID == "" {
			return false
		}
		if slices.ContainsFunc(list[:i], func(e *Device) bool { return e.Probe.SubUUID == p.SubUUID }) {
			return false
		}
	}
	return true
}
