package device

import (
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// pathID composes the name of a disk by its place in the machine, as udev's path_id does, from the disk
// upwards: the bus of each ancestor has its own word, and ancestors on the same bus are one. real is the
// disk's directory below /sys. The name is "" where path_id would give none, and for SAS, Fibre Channel,
// iSCSI and Hyper-V, whose names we leave to udev. compat holds the spelling of older versions.
func pathID(sys fs.FS, real string) (id string, compat []string) {
	p := pathWalk{sys: sys, disk: real}
	for dir := path.Dir(real); strings.Contains(dir, "/"); dir = path.Dir(dir) {
		dir = p.step(dir)
		if dir == "" {
			return "", nil
		}
	}
	if !p.parent || !p.transport {
		return "", nil
	}
	id = strings.Join(p.words, "-")
	if p.ataOld != "" {
		old := append([]string(nil), p.words...)
		old[p.ataAt(len(old))] = p.ataOld
		compat = append(compat, strings.Join(old, "-"))
	}
	return id, compat
}

// pathWalk is a walk from a disk to the root of /sys/devices. path_id wants both a known transport and an
// ancestor that makes the name unique.
type pathWalk struct {
	sys               fs.FS
	disk              string
	words             []string // from the root to the disk
	parent, transport bool
	ataOld            string // the word for an ATA port without its device
	ataDepth          int    // how many words were there below it
}

func (p *pathWalk) ataAt(n int) int { return n - 1 - p.ataDepth }

func (p *pathWalk) prepend(word string) { p.words = append([]string{word}, p.words...) }

// step looks at one ancestor and returns the highest directory that it explains, "" to give up.
func (p *pathWalk) step(dir string) string {
	name, bus := path.Base(dir), p.bus(dir)
	switch bus {
	case "scsi":
		p.transport = true
		return p.scsi(dir, name)
	case "usb":
		p.transport = true
		if _, port, ok := strings.Cut(name, "-"); ok {
			p.prepend("usb-0:" + port)
			return p.skip(dir, bus)
		}
	case "pci", "acpi", "xen":
		p.parent = true
		p.prepend(bus + "-" + name)
		return p.skip(dir, bus)
	case "platform", "ccw", "scm":
		p.parent, p.transport = true, true
		p.prepend(bus + "-" + name)
		return p.skip(dir, bus)
	case "virtio":
		p.transport = true
		return p.skip(dir, bus)
	case "nvme":
		nsid := reader{p.sys, p.disk}.text("nsid")
		if nsid == "" {
			return dir
		}
		p.parent, p.transport = true, true
		p.prepend("nvme-" + nsid)
		return p.skip(dir, bus)
	}
	return dir
}

// bus is the subsystem of a directory, "" for one that is no device.
func (p *pathWalk) bus(dir string) string { return reader{p.sys, dir}.link("subsystem") }

// skip climbs as long as the parent is on the same bus. Directories that are no device lie between none of
// these.
func (p *pathWalk) skip(dir, bus string) string {
	for {
		up := path.Dir(dir)
		if !strings.Contains(up, "/") || p.bus(up) != bus {
			return dir
		}
		dir = up
	}
}

// scsi names a SCSI device by its place on its host; targets and hosts have no word.
func (p *pathWalk) scsi(dir, name string) string {
	host, bus, target, lun, ok := scsiAddress(name)
	if !ok {
		return dir
	}
	for _, leave := range []string{"/rport-", "/end_device-", "/session", "/vmbus_", "/VMBUS"} {
		if strings.Contains(dir, leave) {
			return ""
		}
	}
	hostDir := ancestor(dir, "host")
	if hostDir == "" {
		return ""
	}
	if strings.Contains(dir, "/ata") {
		return p.ata(dir, hostDir, bus, target)
	}
	first := host
	for _, e := range (reader{p.sys, path.Dir(hostDir)}).names(".") {
		if n, err := strconv.Atoi(strings.TrimPrefix(e, "host")); err == nil && strings.HasPrefix(e, "host") {
			first = min(first, n)
		}
	}
	p.prepend("scsi-" + itoa(host-first) + ":" + itoa(bus) + ":" + itoa(target) + ":" + itoa(lun))
	return hostDir
}

// ata names a disk by the port of its controller, and by its place behind a port multiplier (bus) or on the
// cable of an old PATA port (target).
func (p *pathWalk) ata(dir, hostDir string, bus, target int) string {
	port := reader{p.sys, "class/ata_port/" + path.Base(path.Dir(hostDir))}.text("port_no")
	if port == "" {
		return ""
	}
	p.ataDepth = len(p.words)
	if bus != 0 {
		p.prepend("ata-" + port + "." + itoa(bus) + ".0")
		return dir
	}
	p.prepend("ata-" + port + "." + itoa(target))
	if target == 0 {
		p.ataOld = "ata-" + port
	}
	return dir
}

// ancestor returns the nearest directory at or above dir whose name is prefix and a number.
func ancestor(dir, prefix string) string {
	for ; strings.Contains(dir, "/"); dir = path.Dir(dir) {
		if n, ok := strings.CutPrefix(path.Base(dir), prefix); ok && n != "" && digits(n) == len(n) {
			return dir
		}
	}
	return ""
}

// scsiName is the "H:C:T:L" above a disk, "" when there is none.
func scsiName(real string) string {
	for dir := real; strings.Contains(dir, "/"); dir = path.Dir(dir) {
		if _, _, _, _, ok := scsiAddress(path.Base(dir)); ok {
			return path.Base(dir)
		}
	}
	return ""
}

// scsiAddress reads "H:C:T:L": host, channel, target, LUN.
func scsiAddress(name string) (host, bus, target, lun int, ok bool) {
	parts := strings.Split(name, ":")
	if len(parts) != 4 {
		return 0, 0, 0, 0, false
	}
	var n [4]int
	for i, p := range parts {
		v, err := strconv.Atoi(p)
		if err != nil || v < 0 || digits(p) != len(p) {
			return 0, 0, 0, 0, false
		}
		n[i] = v
	}
	return n[0], n[1], n[2], n[3], true
}
