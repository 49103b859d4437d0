package device

import (
	"slices"
	"strings"

	"github.com/preroot/preroot/pkg/blkid"
)

// Choice is the answer to Find.
type Choice struct {
	// Device is the one that is meant; nil when there is none, or when Twins says why not.
	Device *Device
	// Twins are the devices between which we do not choose: unrelated, and all with the wanted tag.
	Twins []*Device
	// Members are all devices of the one file system that Device belongs to, Device among them, when it is
	// a file system over several devices (btrfs); nil otherwise.
	Members []*Device
	// Missing is how many more devices that file system says it has.
	Missing int
	// Near tells what was almost meant, one sentence each, when Device is nil and there are no Twins.
	Near []string
}

// Find says which device a reference means. It judges what is known now: whoever wants the right root or
// none asks when Settled is true. Devices with the tag are candidates; those that carry no file system count
// only when none does. Of candidates that are one and the same thing the top one wins (a holder before its
// members, a partition before the hybrid disk round it, the first of the paths to one disk); two candidates
// that are not are Twins.
func (inv *Inventory) Find(ref Ref) Choice {
	found := inv.matches(ref)
	if len(found) > 1 {
		if fs := filter(found, (*Device).isFileSystem); len(fs) > 0 && ref.ByContent() {
			found = fs
		}
	}
	tops := inv.tops(found)
	switch {
	case len(tops) == 0:
		return Choice{Near: inv.near(ref)}
	case onePool(tops):
		return Choice{Device: tops[0], Members: tops, Missing: max(0, tops[0].Probe.Members-len(tops))}
	case len(tops) == 1:
		return Choice{Device: tops[0]}
	}
	return Choice{Twins: tops}
}

// ByContent says whether a reference names what lies on a device, and not the device.
func (r Ref) ByContent() bool { return r.Kind == RefUUID || r.Kind == RefLabel }

// Fits says whether what was found on a device is what such a reference names.
func (r Ref) Fits(found *blkid.Info) bool {
	return r.Kind == RefUUID && sameUUID(found.UUID, r.Value) || r.Kind == RefLabel && sameLabel(found.Label, r.Value)
}

// isFileSystem says whether a file system, and no member of a layer, was found on d.
func (d *Device) isFileSystem() bool { return d.Probe != nil && d.Probe.Usage == "filesystem" }

// tagged says whether the probe's label and UUID name d, as they do for udev's by-uuid and by-label links
// (ID_FS_USAGE filesystem, other or crypto). The UUID of a RAID or LVM member is its array's.
func (d *Device) tagged() bool {
	return d.Probe != nil && (d.Probe.Usage == "filesystem" || d.Probe.Usage == "other" || d.Probe.Usage == "crypto")
}

// matches returns every device that carries what ref asks for, in order of name.
func (inv *Inventory) matches(ref Ref) []*Device {
	if ref.Kind == RefPartUUID && ref.PartOffset != 0 {
		return inv.offset(ref)
	}
	return filter(inv.devices, func(d *Device) bool { return d.is(ref) })
}

// is says whether ref names d.
func (d *Device) is(ref Ref) bool {
	if d.Hidden {
		return false
	}
	switch ref.Kind {
	case RefUUID, RefLabel:
		return d.tagged() && ref.Fits(d.Probe)
	case RefPartUUID:
		return sameUUID(d.PartUUID(), ref.Value)
	case RefPartLabel:
		return sameLabel(d.PartLabel(), ref.Value)
	case RefNumber:
		return d.Number == ref.Number
	case RefNode:
		return slices.Contains(d.nodes(), ref.Value)
	case RefID:
		return slices.Contains(d.ids(), ref.Value)
	case RefPath:
		return slices.Contains(d.paths(), ref.Value) || d.disk().Transport == "virtio" &&
			slices.Contains(d.paths(), strings.TrimPrefix(ref.Value, "virtio-")) // udev's deprecated second name
	}
	return false
}

// sameUUID compares ids; hex ones in any case.
func sameUUID(have, want string) bool {
	return have != "" && (have == want || isHexUUID(have) && strings.EqualFold(have, want))
}

// sameLabel compares a label with a typed text: byte by byte, as typed and with \xNN undone.
func sameLabel(have, want string) bool {
	return have != "" && (have == want || have == Decode(want))
}

// offset finds the partition PartOffset further than the one with the id, on the same disk.
func (inv *Inventory) offset(ref Ref) []*Device {
	base := filter(inv.devices, func(d *Device) bool { return sameUUID(d.PartUUID(), ref.Value) })
	return filter(inv.devices, func(d *Device) bool {
		return slices.ContainsFunc(base, func(b *Device) bool {
			return d.parent != nil && d.parent == b.parent && d.PartN == b.PartN+ref.PartOffset
		})
	})
}

func filter(list []*Device, keep func(*Device) bool) []*Device {
	var out []*Device
	for _, d := range list {
		if keep(d) {
			out = append(out, d)
		}
	}
	return out
}
