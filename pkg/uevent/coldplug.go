package uevent

import (
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Scan yields an "add" event for each device of these classes ("block") that sys, the tree of /sys, holds
// now, sorted by name. It reads only. A device that vanishes meanwhile is passed over, and so is a class
// that this kernel does not have. A tree without symbolic links gives "/class/block/sda" as DevPath.
func Scan(sys fs.FS, classes ...string) func(yield func(Event) bool) {
	return func(yield func(Event) bool) {
		began := LastNumber(sys)
		for _, class := range classes {
			dir := "class/" + class
			for _, name := range list(sys, dir) {
				ev, ok := ReadDevice(sys, dir+"/"+name, class)
				ev.Seqnum = began
				if ok && !yield(ev) {
					return
				}
			}
		}
	}
}

// LastNumber is the number (Event.Seqnum) of the kernel's last event, 0 when it is not told
// (Documentation/ABI/testing/sysfs-kernel-uevent_seqnum and lib/kobject_uevent.c).
func LastNumber(sys fs.FS) uint64 {
	text, err := fs.ReadFile(sys, "kernel/uevent_seqnum")
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	return n
}

// ReadDevice makes an "add" event of the device whose directory under sys is dir ("class/block/sda"), which
// may be a symbolic link. It says false when the device is not there, or no longer.
func ReadDevice(sys fs.FS, dir, subsystem string) (Event, bool) {
	text, err := fs.ReadFile(sys, dir+"/uevent")
	if err != nil {
		return Event{}, false
	}
	e := Event{Action: "add", DevPath: devPath(sys, dir), Subsystem: subsystem}
	for rest := string(text); rest != ""; {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		if line != "" {
			e.add(line)
		}
	}
	return e, validPath(e.DevPath)
}

// devPath follows the link /sys/class/block/sda -> ../../devices/... one step; the kernel makes no chains.
func devPath(sys fs.FS, dir string) string {
	target, err := fs.ReadLink(sys, dir)
	if err != nil {
		return "/" + dir
	}
	return path.Join("/", path.Dir(dir), target)
}

// Modaliases calls visit for each device in sys, the tree of /sys, that names itself to modprobe: its directory
// there ("bus/pci/devices/0000:00:01.0", a symbolic link), its modalias, and its bus or class. A modalias shared by many
// devices (every CPU has the same) may be visited once only. It reads each bus's list of devices: every driver core
// device with a modalias is on a bus, but for those of the two classes named here. A node of ACPI without an id, of which
// there are more than all others, is called "device:NN" (drivers/acpi/scan.c) and has none.
func Modaliases(sys fs.FS, visit func(dir, modalias, subsystem string)) {
	for _, bus := range list(sys, "bus") {
		if !busHasAliases(bus) {
			continue
		}
		names := list(sys, "bus/"+bus+"/devices")
		switch {
		case bus == "cpu" && len(names) > 1:
			names = names[:1]
		case bus == "acpi":
			names = slices.DeleteFunc(names, func(name string) bool { return strings.HasPrefix(name, "device:") })
		}
		visitAliases(sys, "bus/"+bus+"/devices", names, bus, visit)
	}
	for _, class := range []string{"dmi", "input"} {
		visitAliases(sys, "class/"+class, list(sys, "class/"+class), class, visit)
	}
}

// QuickModaliases is Modaliases for the places of quick disks (KindQuick) alone. One that lies elsewhere, behind a node of a device
// tree with a name of its own, is found by Modaliases.
func QuickModaliases(sys fs.FS, visit func(dir, modalias, subsystem string)) {
	for _, bus := range []string{"nd", "pci", "scsi", "virtio", "vmbus", "xen"} {
		visitAliases(sys, "bus/"+bus+"/devices", list(sys, "bus/"+bus+"/devices"), bus, visit)
	}
	// Most of what these have is none; the buses behind virtio-mmio and Hyper-V show in the names.
	for _, bus := range []string{"acpi", "platform"} {
		names := slices.DeleteFunc(list(sys, "bus/"+bus+"/devices"), func(name string) bool { return !has(name, "virtio", "LNRO0005", "VMBUS", "VMBus", "nvme") })
		visitAliases(sys, "bus/"+bus+"/devices", names, bus, visit)
	}
}

func visitAliases(sys fs.FS, above string, names []string, subsystem string, visit func(dir, modalias, subsystem string)) {
	for _, name := range names {
		visitAlias(sys, above+"/"+name, subsystem, visit)
	}
}

func visitAlias(sys fs.FS, dir, subsystem string, visit func(dir, modalias, subsystem string)) {
	alias := ""
	if text, err := fs.ReadFile(sys, dir+"/modalias"); err == nil {
		alias = strings.TrimRight(string(text), "\n")
	} else if !aliasIsAttribute(subsystem) {
		if ev, ok := ReadDevice(sys, dir, subsystem); ok {
			alias = ev.Get("MODALIAS")
		}
	}
	if alias != "" && validValue(alias) {
		visit(dir, alias, subsystem)
	}
}

// busHasAliases leaves out the buses whose devices never have a modalias; "memory" alone has thousands of
// devices on a large machine.
func busHasAliases(bus string) bool {
	switch bus {
	case "clockevents", "clocksource", "container", "edac", "event_source", "gpio", "iio", "machinecheck",
		"memory", "memory_tiering", "node", "nvmem", "soc", "usb-serial", "workqueue":
		return false
	}
	return true
}

// aliasIsAttribute names the common buses that give each device with a modalias a file of that name. On others
// (cpu, mmc, auxiliary) it stands in the uevent file alone, which must then be read for every device.
func aliasIsAttribute(bus string) bool {
	switch bus {
	case "acpi", "dmi", "hid", "i2c", "input", "nd", "pci", "platform", "pnp", "scsi", "serio", "spi", "usb", "virtio", "vmbus":
		return true
	}
	return false
}

// list returns the names in a directory as fs.ReadDir sorts them, none when it is not there.
func list(sys fs.FS, dir string) []string {
	entries, err := fs.ReadDir(sys, dir)
	if err != nil {
		return nil
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
