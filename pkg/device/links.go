package device

import (
	"slices"
	"strings"
)

// Links returns the links under /dev that name d, sorted: /dev/disk/by-uuid, by-label, by-partuuid,
// by-partlabel, by-id and by-path, /dev/mapper/NAME of a device-mapper device, and /dev/VG/LV of a logical volume. They are a subset of
// those that systemd-udevd's 60-persistent-storage.rules make; a name that udev might spell otherwise is
// left out. Two devices may have one link in common; Inventory.Links knows whose it is.
func Links(d *Device) []string {
	var links []string
	add := func(dir, name string) {
		if name != "" && name != "." && name != ".." && len(name) < 256 && !strings.ContainsAny(name, "/\x00") {
			links = append(links, "/dev/"+dir+"/"+name)
		}
	}
	if d.tagged() {
		add("disk/by-uuid", Encode(d.Probe.UUID))
		add("disk/by-label", Encode(d.Probe.Label))
	}
	add("disk/by-partuuid", d.PartUUID())
	add("disk/by-partlabel", Encode(d.PartLabel()))
	for _, id := range d.ids() {
		add("disk/by-id", id)
	}
	for _, p := range d.paths() {
		add("disk/by-path", p)
	}
	if d.DMName != "" {
		add("mapper", d.DMName)
	}
	if vg, lv, ok := splitLV(d.DMName); ok && d.isLV() && vg != "." && vg != ".." {
		add(vg, lv)
	}
	slices.Sort(links)
	return slices.Compact(links)
}

// Links returns the links of d without those that belong to another device: of two devices that a link fits,
// the one that Find chooses has it, and none of them when they are twins.
func (inv *Inventory) Links(d *Device) []string {
	return slices.DeleteFunc(Links(d), func(link string) bool {
		ref, err := ParseRef(link)
		return err != nil || inv.Find(ref).Device != d
	})
}

// ids lists the names of d under /dev/disk/by-id.
func (d *Device) ids() []string { return d.withPart(d.disk().IDs) }

// paths lists the names of d under /dev/disk/by-path.
func (d *Device) paths() []string {
	disk := d.disk()
	if disk.IDPath == "" {
		return nil
	}
	return d.withPart(append([]string{disk.IDPath}, disk.PathCompat...))
}

// withPart puts udev's "-partN" behind the names of the disk.
func (d *Device) withPart(names []string) []string {
	if d.Whole() || len(names) == 0 {
		return names
	}
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = n + "-part" + itoa(d.PartN)
	}
	return out
}

// nodes lists the paths under which d is found without a link of /dev/disk.
func (d *Device) nodes() []string {
	list := []string{d.Node}
	if d.DMName == "" {
		return list
	}
	list = append(list, "/dev/mapper/"+d.DMName)
	if vg, lv, ok := splitLV(d.DMName); ok && d.isLV() {
		list = append(list, "/dev/"+vg+"/"+lv)
	}
	return list
}

// isLV says whether a device is of LVM2 and people see it.
func (f *Facts) isLV() bool { return strings.HasPrefix(f.DMUUID, "LVM-") && !f.PartOfLV() }

// PartOfLV says whether a device is a part of a logical volume, which nobody else is to look at: behind the two IDs in its UUID stands something more, such as "-real" or "-tpool" (lvm2,
// build_dm_uuid). Legs of a raid have no such mark in old versions.
func (f *Facts) PartOfLV() bool {
	ids, ok := strings.CutPrefix(f.DMUUID, "LVM-")
	return ok && strings.Contains(ids, "-")
}

// splitLV parts the device-mapper name of a logical volume, "my--vg-root", into "my-vg" and "root": a single
// dash parts them, dashes of their own are doubled (lvm(8), dmsetup splitname).
func splitLV(name string) (vg, lv string, ok bool) {
	for i := 1; i+1 < len(name); i++ {
		if name[i] != '-' {
			continue
		}
		if name[i+1] == '-' {
			i++
			continue
		}
		undouble := func(s string) string { return strings.ReplaceAll(s, "--", "-") }
		return undouble(name[:i]), undouble(name[i+1:]), true
	}
	return "", "", false
}
