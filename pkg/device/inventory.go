package device

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/preroot/preroot/pkg/blkid"
	"github.com/preroot/preroot/pkg/uevent"
)

// Inventory holds the block devices that the kernel has announced. It belongs to one goroutine and does no
// I/O.
type Inventory struct {
	devices []*Device // in order of Name, numbers by value: sda2 before sda10
	seq     uint64
	removed map[string]uint64 // the number of the event by which a device went, until one of its name comes
}

// maxRemoved bounds the memory for devices that went.
const maxRemoved = 4096

// NewInventory returns an inventory without devices.
func NewInventory() *Inventory { return &Inventory{} }

// Apply takes an event and says whether it changed anything. Events of other subsystems and events that say
// what is known already change nothing. A "change" event forgets what was probed: the medium may be another.
func (inv *Inventory) Apply(ev uevent.Event) (changed bool) {
	if ev.Subsystem != "block" {
		return false
	}
	if ev.Action == "remove" {
		inv.noteRemoved(baseName(ev.DevPath), ev.Seqnum)
		return inv.Remove(baseName(ev.DevPath))
	}
	d, ok := fromEvent(&ev)
	if !ok {
		return false
	}
	delete(inv.removed, d.Name)
	old := inv.ByName(d.Name)
	if old != nil && ev.Action == "change" {
		// Another medium in the same device: the first open of an MD array counts as that, though somebody may have mounted it by then (disk_check_events in block/disk-events.c).
		old.DiskSeq = cmp.Or(d.DiskSeq, old.DiskSeq)
	}
	if old != nil && sameDevice(old, d) {
		old.event = max(old.event, ev.Seqnum)
		if ev.Action != "change" {
			return false
		}
		inv.forget(old)
		return true
	}
	if old != nil {
		inv.Remove(d.Name)
	}
	inv.insert(d)
	return true
}

// fromEvent reads the properties of a block device; it says false when the event lacks the device number.
func fromEvent(ev *uevent.Event) (*Device, bool) {
	major, err1 := strconv.ParseUint(ev.Get("MAJOR"), 10, 32)
	minor, err2 := strconv.ParseUint(ev.Get("MINOR"), 10, 32)
	if err1 != nil || err2 != nil {
		return nil, false
	}
	d := &Device{
		Name:    baseName(ev.DevPath),
		DevPath: ev.DevPath,
		Number:  Number{uint32(major), uint32(minor)},
		Type:    ev.Get("DEVTYPE"),
		DiskSeq: ev.Get("DISKSEQ"),
		event:   ev.Seqnum,
	}
	d.Node = nodeOf(d.Name)
	if node := strings.TrimPrefix(ev.Get("DEVNAME"), "/dev/"); validNode(node) {
		d.Node = "/dev/" + node
	}
	if d.Type == "partition" {
		d.PartN, _ = strconv.Atoi(ev.Get("PARTN"))
		d.Parent = baseName(strings.TrimSuffix(d.DevPath, "/"+d.Name))
	}
	return d, d.Name != ""
}

// validNode refuses a name that would leave /dev.
func validNode(name string) bool {
	return name != "" && name[0] != '/' && !slices.Contains(strings.Split(name, "/"), "..")
}

// sameDevice says whether two looks show one device. Partitions carry no DISKSEQ in older kernels.
func sameDevice(a, b *Device) bool {
	return a.Number == b.Number && a.Type == b.Type && a.DevPath == b.DevPath && a.PartN == b.PartN &&
		(a.DiskSeq == b.DiskSeq || a.DiskSeq == "" || b.DiskSeq == "")
}

// insert puts d into its place and ties it to its disk, or to its partitions if they came first.
func (inv *Inventory) insert(d *Device) {
	inv.seq++
	d.Seq = inv.seq
	i, _ := slices.BinarySearchFunc(inv.devices, d.Name, func(e *Device, name string) int { return compareNames(e.Name, name) })
	inv.devices = slices.Insert(inv.devices, i, d)
	d.parent = inv.ByName(d.Parent)
	for _, e := range inv.devices {
		if e.Parent == d.Name {
			e.parent = d
		}
	}
}

// forget drops what was found on d, so that it is looked at again.
func (inv *Inventory) forget(d *Device) {
	inv.seq++
	d.Seq = inv.seq
	d.Probe, d.ProbeErr, d.Probed, d.Probing = nil, nil, false, false
	d.Facts, d.HasFacts = Facts{}, false
}

// Remove forgets the device of that name and says whether there was one.
func (inv *Inventory) Remove(name string) bool {
	i := slices.IndexFunc(inv.devices, func(d *Device) bool { return d.Name == name })
	if i < 0 {
		return false
	}
	gone := inv.devices[i]
	inv.devices = slices.Delete(inv.devices, i, i+1)
	for _, e := range inv.devices {
		if e.parent == gone {
			e.parent = nil
		}
	}
	return true
}

// noteRemoved remembers a removal for a scan that began before it.
func (inv *Inventory) noteRemoved(name string, event uint64) {
	if event == 0 {
		return
	}
	if inv.removed == nil || len(inv.removed) >= maxRemoved {
		inv.removed = map[string]uint64{}
	}
	inv.removed[name] = event
}

// Replace reconciles the inventory with a complete scan: devices that it does not name are removed, new ones
// added, changed ones replaced. So a lost event costs a scan and nothing else. Where an event of the kernel
// is newer than the beginning of the scan (Event.Seqnum), the event counts: the scan may have listed the
// directory before the device came, or before it went. A scan that found nothing removes nothing that an
// event announced, since it has no number.
func (inv *Inventory) Replace(seen []uevent.Event) (changed bool) {
	keep := make(map[string]bool, len(seen))
	began := uint64(0)
	for i := range seen {
		name := baseName(seen[i].DevPath)
		began = max(began, seen[i].Seqnum)
		keep[name] = true
		old := inv.ByName(name)
		stale := old != nil && old.event > seen[i].Seqnum || old == nil && inv.removed[name] > seen[i].Seqnum
		if seen[i].Seqnum != 0 && stale {
			continue
		}
		if inv.Apply(seen[i]) {
			changed = true
		}
	}
	for _, d := range slices.Clone(inv.devices) {
		newer := d.event > began && (began != 0 || len(seen) == 0)
		if !keep[d.Name] && !newer {
			inv.Remove(d.Name)
			changed = true
		}
	}
	return changed
}

// StartProbe marks a device as being looked at; Unprobed leaves it out until SetProbe or a change.
func (inv *Inventory) StartProbe(name string) {
	if d := inv.ByName(name); d != nil {
		d.Probing = true
	}
}

// SetFacts takes what a job read from /sys for the device as it was at seq. It says false when the device is
// gone or has changed since; the facts are then old and not taken.
func (inv *Inventory) SetFacts(name string, seq uint64, f Facts) bool {
	d := inv.ByName(name)
	if d == nil || d.Seq != seq {
		return false
	}
	d.Facts, d.HasFacts = f, true
	return true
}

// SetProbe takes the result of a probe of the device as it was at seq; info is nil when nothing could be
// read. It says false, as SetFacts does, when the result is old.
func (inv *Inventory) SetProbe(name string, seq uint64, info *blkid.Info, err error) bool {
	d := inv.ByName(name)
	if d == nil || d.Seq != seq {
		return false
	}
	d.Probe, d.ProbeErr, d.Probed, d.Probing = info, err, true, false
	return true
}

// Unprobed returns the devices that nobody has looked at or is looking at.
func (inv *Inventory) Unprobed() []*Device {
	var list []*Device
	for _, d := range inv.devices {
		if !d.Probed && !d.Probing {
			list = append(list, d)
		}
	}
	return list
}

// Settled says whether every device that was announced has been probed.
func (inv *Inventory) Settled() bool {
	return !slices.ContainsFunc(inv.devices, func(d *Device) bool { return !d.Probed })
}

// Devices returns all devices in order of their names. The slice is the caller's.
func (inv *Inventory) Devices() []*Device { return slices.Clone(inv.devices) }

// ByName returns the device with that kernel name, nil when there is none.
func (inv *Inventory) ByName(name string) *Device {
	if name == "" {
		return nil
	}
	for _, d := range inv.devices {
		if d.Name == name {
			return d
		}
	}
	return nil
}

// ByNumber returns the device with that number, nil when there is none.
func (inv *Inventory) ByNumber(n Number) *Device {
	for _, d := range inv.devices {
		if d.Number == n {
			return d
		}
	}
	return nil
}

// baseName is the last part of a path.
func baseName(p string) string { return p[strings.LastIndexByte(p, '/')+1:] }

// compareNames orders names with numbers in them by their value: sda2 before sda10.
func compareNames(a, b string) int {
	for a != "" && b != "" {
		na, nb := digits(a), digits(b)
		if na > 0 && nb > 0 {
			if c := compareDigits(a[:na], b[:nb]); c != 0 {
				return c
			}
			a, b = a[na:], b[nb:]
			continue
		}
		if a[0] != b[0] {
			return int(a[0]) - int(b[0])
		}
		a, b = a[1:], b[1:]
	}
	return len(a) - len(b)
}

// digits counts the digits that s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

func compareDigits(a, b string) int {
	x, y := strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	if len(x) != len(y) {
		return len(x) - len(y)
	}
	if c := strings.Compare(x, y); c != 0 {
		return c
	}
	return len(a) - len(b) // "01" and "1" are two names
}
