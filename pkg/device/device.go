package device

import (
	"strconv"
	"strings"

	"github.com/preroot/preroot/pkg/blkid"
)

// Number is a device number.
type Number struct{ Major, Minor uint32 }

// String is the number as sysfs writes it: "8:1".
func (n Number) String() string {
	return strconv.FormatUint(uint64(n.Major), 10) + ":" + strconv.FormatUint(uint64(n.Minor), 10)
}

// Device is one block device: a disk, a partition, or a layer such as dm-0. The inventory owns it; others
// read it.
type Device struct {
	// Name is the kernel's name, "sda1"; for names with a slash ("cciss!c0d0") as sysfs spells it.
	Name string
	// DevPath is the path under /sys: "/devices/pci0000:00/.../block/sda/sda1".
	DevPath string
	// Node is the path of the device node: "/dev/sda1".
	Node string
	Number
	// Type is "disk" or "partition", as DEVTYPE says; layers are disks.
	Type string
	// Parent is the name of the whole disk of a partition, "" otherwise.
	Parent string
	// PartN is the partition's number, 0 otherwise.
	PartN int
	// Seq changes whenever the device changes; results of jobs are accepted for the Seq they were begun with.
	Seq uint64
	// DiskSeq is the kernel's count of disks (since 5.15): another number is another medium. "" when unknown.
	DiskSeq string

	// Facts is what /sys says, once a job has read it (HasFacts).
	Facts
	HasFacts bool

	// Probe is what was found on the device; nil while unknown, and when nothing could be read (ProbeErr) or
	// there is nothing to read (size 0).
	Probe    *blkid.Info
	ProbeErr error
	// Probed is true once the probe has ended, well or not.
	Probed bool
	// Probing is true while a job looks at the device.
	Probing bool

	parent *Device
	event  uint64 // the number of the kernel's last event about it
}

// Facts is what sysfs says of a device. Sizes and offsets are bytes.
type Facts struct {
	Size      int64
	PartStart int64 // of a partition on its disk
	// SectorSize is the logical block size, 512 when not known.
	SectorSize int
	ReadOnly   bool
	Removable  bool
	// Hidden devices (the paths of NVMe multipath) have no node.
	Hidden bool

	Serial, Model, Vendor, WWID string
	Driver                      string // of the controller or disk, "virtio_blk"
	// Transport is "virtio", "nvme", "ata", "usb", "scsi", "mmc", "iscsi", "fc", "sas", "hyperv", "xen", "pmem" or "".
	Transport string
	// IDs are names for /dev/disk/by-id without "-partN": "ata-QEMU_HARDDISK_QM00001". Those of the whole disk.
	IDs []string
	// IDPath is the name for /dev/disk/by-path without "-partN", "" when there is no stable one; PathCompat holds
	// older spellings of it.
	IDPath     string
	PathCompat []string
	Holders    []string // devices built on this one
	Slaves     []string // devices that this one is built on
	DMName     string
	DMUUID     string
}

// Whole says whether d is a disk or a layer and no partition.
func (d *Device) Whole() bool { return d.Type != "partition" }

// Entry returns the entry of the partition table that describes the partition d, and the type of the table
// ("gpt", "dos"). It is found on the probed parent disk by number; an entry that starts elsewhere is stale
// and not taken.
func (d *Device) Entry() (part *blkid.Part, table string) {
	if d.parent == nil || d.parent.Probe == nil || d.PartN == 0 {
		return nil, ""
	}
	for i := range d.parent.Probe.Parts {
		p := &d.parent.Probe.Parts[i]
		if p.Number == d.PartN && (!d.HasFacts || p.Start == d.PartStart) {
			return p, d.parent.Probe.PTType
		}
	}
	return nil, ""
}

// PartUUID is the id of the partition: the GPT's, or "1234abcd-02" on an MBR disk; "" when unknown.
func (d *Device) PartUUID() string {
	p, table := d.Entry()
	switch {
	case p == nil:
		return ""
	case p.UUID != "":
		return p.UUID
	case table == "dos" && d.parent.Probe.PTUUID != "":
		return d.parent.Probe.PTUUID + "-" + hex2(d.PartN)
	}
	return ""
}

// PartLabel is the GPT name of the partition, "" when it has none.
func (d *Device) PartLabel() string {
	if p, table := d.Entry(); p != nil && table == "gpt" {
		return p.Name
	}
	return ""
}

// FSType, FSLabel and FSUUID are what the probe found on the device, "" when nothing.
func (d *Device) FSType() string {
	if d.Probe == nil {
		return ""
	}
	return d.Probe.Type
}

// FSLabel is the label of the file system on the device.
func (d *Device) FSLabel() string {
	if d.Probe == nil {
		return ""
	}
	return d.Probe.Label
}

// FSUUID is the UUID of the file system on the device.
func (d *Device) FSUUID() string {
	if d.Probe == nil {
		return ""
	}
	return d.Probe.UUID
}

// disk is the whole disk of a partition, and a disk itself.
func (d *Device) disk() *Device {
	if d.parent != nil {
		return d.parent
	}
	return d
}

// nodeOf turns a kernel or sysfs name into a path under /dev; sysfs writes '!' for '/'.
func nodeOf(name string) string {
	return "/dev/" + strings.ReplaceAll(name, "!", "/")
}

// hex2 is n in two hex digits, as the kernel and libblkid write the number of an MBR partition.
func hex2(n int) string {
	s := strconv.FormatInt(int64(n), 16)
	if len(s) < 2 {
		return "0" + s
	}
	return s
}
