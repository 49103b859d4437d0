package chain

import (
	"io/fs"
	"strings"

	"github.com/preroot/preroot/pkg/blkid"
	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/uevent"
)

// inventory lists the block devices with what lies on them: by the database of udev where it knows that, otherwise by a look at the device.
func (h *Host) inventory() *device.Inventory {
	inv := device.NewInventory()
	if h.Sys == nil {
		return inv
	}
	for ev := range uevent.Scan(h.Sys, "block") {
		inv.Apply(ev)
	}
	for _, d := range inv.Devices() {
		inv.SetFacts(d.Name, d.Seq, device.ReadFacts(h.Sys, d.Name))
	}
	parts := map[string][]blkid.Part{}
	for _, d := range inv.Devices() {
		u := readUdev(h.read(h.Run, "udev/data/b"+d.Number.String()))
		if p, ok := u.part(d); ok {
			parts[d.Parent] = append(parts[d.Parent], p)
		}
		info, known := u.info()
		if !known && d.Size > 0 && !d.Hidden {
			if seen, err := h.probe(d.Node); err == nil {
				info = seen
			}
		}
		inv.SetProbe(d.Name, d.Seq, &info, nil)
	}
	for _, d := range inv.Devices() {
		if d.Probe != nil && len(d.Probe.Parts) == 0 {
			d.Probe.Parts = parts[d.Name]
		}
	}
	return inv
}

// probe looks at a device.
func (h *Host) probe(node string) (blkid.Info, error) {
	d, err := h.open(node)
	if err != nil {
		return blkid.Info{}, err
	}
	defer d.Close()
	return blkid.Probe(d, d.Size, d.Sector)
}

func (h *Host) open(node string) (BlockDevice, error) {
	if h.Open == nil {
		return BlockDevice{}, fs.ErrPermission
	}
	return h.Open(node)
}

// udevEntry are the properties of a device in udev's database: lines "E:KEY=VALUE".
type udevEntry map[string]string

func readUdev(text string) udevEntry {
	u := udevEntry{}
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "E:"), "="); ok && strings.HasPrefix(line, "E:") {
			u[key] = value
		}
	}
	return u
}

// info is what udev's blkid has found on the device; known is false when it found nothing, which may be because it has not looked.
func (u udevEntry) info() (info blkid.Info, known bool) {
	info = blkid.Info{
		Type: u["ID_FS_TYPE"], Usage: u["ID_FS_USAGE"], UUID: device.Decode(u["ID_FS_UUID_ENC"]), Label: device.Decode(u["ID_FS_LABEL_ENC"]), SubUUID: device.Decode(u["ID_FS_UUID_SUB_ENC"]),
		PTType: u["ID_PART_TABLE_TYPE"], PTUUID: u["ID_PART_TABLE_UUID"],
	}
	if info.UUID == "" {
		info.UUID = u["ID_FS_UUID"]
	}
	return info, info.Type != "" || info.PTType != ""
}

// part is the entry of the partition table that udev has found for a partition.
func (u udevEntry) part(d *device.Device) (blkid.Part, bool) {
	if d.PartN == 0 || u["ID_PART_ENTRY_UUID"] == "" {
		return blkid.Part{}, false
	}
	start := d.PartStart
	return blkid.Part{Number: d.PartN, Start: start, Size: d.Size, Type: u["ID_PART_ENTRY_TYPE"], UUID: u["ID_PART_ENTRY_UUID"], Name: device.Decode(u["ID_PART_ENTRY_NAME"])}, true
}
