package chain

import (
	"fmt"
	"path"
	"strings"

	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/lvm"
)

// devices takes devices into the chain, with all that they lie on.
func (f *finder) devices(list []*device.Device) (out []*Device) {
	for _, d := range list {
		if got := f.take(d); got != nil {
			out = append(out, got)
		}
	}
	return out
}

// take takes one device in. It is known before what lies below is looked at, so that a tree that bites its own tail ends.
func (f *finder) take(d *device.Device) *Device {
	if known := f.known[d.Name]; known != nil {
		return known
	}
	out := &Device{
		Name: d.Name, Node: d.Node, Number: d.Number, FSType: d.FSType(), UUID: d.FSUUID(), Label: d.FSLabel(), PartUUID: d.PartUUID(), PartLabel: d.PartLabel(), PartNumber: d.PartN,
		DMName: d.DMName, DMUUID: d.DMUUID, Transport: d.Transport, Used: f.usedAt(d),
	}
	f.known[d.Name] = out
	sys := strings.TrimPrefix(d.DevPath, "/")
	out.Kind = f.kindOf(d, sys)
	switch out.Kind {
	case Partition:
		f.below(out, d.Parent)
	case Loop:
		f.loop(out, sys)
	case Disk:
		f.disk(out, sys)
	default:
		f.below(out, d.Slaves...)
		if len(out.Below) == 0 {
			f.problem(Doubt, out, "%s (%s): /sys does not say what it lies on", d.Name, out.Kind)
		}
	}
	if out.Kind == LVM {
		out.VG, out.LV, _ = lvm.SplitDMName(d.DMName)
	}
	if out.Kind == MD {
		out.Level = f.h.attr(sys + "/md/level")
	}
	f.c.Devices = append(f.c.Devices, out)
	return out
}

// below takes in what a device lies on.
func (f *finder) below(out *Device, names ...string) {
	for _, name := range names {
		if d := f.inv.ByName(name); d != nil {
			out.Below = append(out.Below, f.take(d))
		}
	}
}

// kindOf tells what makes a device: by the UUID that its maker gives a mapping (libdevmapper's DM_UUID prefixes), and by the folders that a driver adds in sysfs.
func (f *finder) kindOf(d *device.Device, sys string) Kind {
	uuid := d.DMUUID
	switch {
	case d.Type == "partition":
		return Partition
	case strings.HasPrefix(uuid, "CRYPT-LUKS"), strings.HasPrefix(uuid, "CRYPT-PLAIN"), strings.HasPrefix(uuid, "CRYPT-TCRYPT"), strings.HasPrefix(uuid, "CRYPT-BITLK"):
		return Crypt
	case strings.HasPrefix(uuid, "LVM-"):
		return LVM
	case strings.HasPrefix(uuid, "mpath-"):
		return Multipath
	case strings.HasPrefix(d.Name, "dm-"):
		return Mapper
	case len(f.h.list(sys+"/md")) > 0:
		return MD
	case len(f.h.list(sys+"/loop")) > 0:
		return Loop
	case len(f.h.list(sys+"/bcache")) > 0 && len(d.Slaves) > 0:
		return Bcache
	}
	return Disk
}

// loop finds the file that a loop device shows, and what that lies on.
func (f *finder) loop(out *Device, sys string) {
	out.File = f.h.attr(sys + "/loop/backing_file")
	f.problem(Fatal, out, "%s is a file, %s: an image of this builder finds it by a hook only (--hooks)", out.Name, out.File)
	if m, ok := f.mountOf(out.File); ok {
		if list, err := f.heldBy(m); err == nil {
			out.Below = f.devices(list)
		}
	}
}

// disk finds the hardware of a disk. A disk of NVMe that several controllers show has those of its subsystem (drivers/nvme/host/multipath.c).
func (f *finder) disk(out *Device, sys string) {
	if strings.HasPrefix(sys, "devices/virtual/nvme-subsystem/") {
		dir := path.Dir(sys)
		for _, name := range f.h.list(dir) {
			if controller := f.h.real(dir + "/" + name); controller != dir+"/"+name && strings.HasPrefix(name, "nvme") {
				out.Hardware = f.h.hardware(out.Hardware, controller)
				f.fabrics(out, controller)
			}
		}
		return
	}
	out.Hardware = f.h.hardware(nil, sys)
	f.fabrics(out, path.Dir(path.Dir(sys)))
	switch {
	case out.Transport == "iscsi" || strings.HasPrefix(out.Name, "nbd") || strings.HasPrefix(out.Name, "rbd"):
		f.problem(Fatal, out, "%s comes over the network (%s): images of this builder do not fetch it; the image needs a hook that does (--hooks)", out.Name, nonempty(out.Transport, strings.TrimRight(out.Name, "0123456789")))
	case len(out.Hardware) == 0:
		f.problem(Doubt, out, "%s: /sys shows no hardware that it is part of (%s); name the driver by --add-drivers", out.Name, sys)
	}
}

// fabrics names a controller of NVMe that is reached over a network.
func (f *finder) fabrics(out *Device, controller string) {
	if t := f.h.attr(controller + "/transport"); t == "tcp" || t == "rdma" || t == "fc" {
		f.problem(Fatal, out, "%s comes over the network (NVMe over %s): images of this builder do not fetch it; the image needs a hook that does (--hooks)", out.Name, t)
	}
}

func nonempty(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// usedAt lists where a device is mounted, and whether it is swap.
func (f *finder) usedAt(d *device.Device) (list []string) {
	for _, m := range f.all {
		same := m.Number == d.Number
		if m.Major == 0 && m.fstype == "btrfs" {
			same = m.from == d.Node || m.from == "/dev/mapper/"+d.DMName
		}
		if same {
			list = append(list, m.point)
		}
	}
	for line := range strings.Lines(f.h.read(f.h.Proc, "swaps")) {
		if node, _, _ := strings.Cut(line, " "); node == d.Node {
			list = append(list, "swap")
		}
	}
	return list
}

// String is the device in a few words.
func (d *Device) String() string {
	name := d.Name
	if d.DMName != "" {
		name += " " + d.DMName
	}
	kind := string(d.Kind)
	if d.Level != "" {
		kind += " " + d.Level
	}
	if d.FSType != "" {
		return fmt.Sprintf("%s (%s, %s)", name, kind, d.FSType)
	}
	return fmt.Sprintf("%s (%s)", name, kind)
}
