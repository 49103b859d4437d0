package chain

import "strings"

// layers finds what the kernel must have for each layer of the chain.
func (f *finder) layers() {
	f.readGroups()
	for _, d := range f.c.Devices {
		switch d.Kind {
		case Crypt:
			f.crypt(d)
		case LVM:
			f.volume(d)
		case MD:
			d.early("md_mod", "md-"+d.Level)
			f.problem(Fatal, d, "%s is an array of MD: /init does not assemble one; the image needs mdadm and a hook that calls it (--install, --hooks)", d.Name)
		case Multipath:
			f.multipath(d)
		case Mapper:
			f.mapping(d)
		case Loop:
			d.early("loop")
		case Bcache:
			d.early("bcache")
			f.problem(Fatal, d, "%s is made by bcache: /init does not register its members; the image needs a hook that does (--hooks)", d.Name)
		}
	}
}

// early adds words that are needed at once.
func (d *Device) early(words ...string) {
	for _, w := range words {
		d.Words = append(d.Words, Word{Name: w, Early: true})
	}
}

// wish adds words that a kernel may lack.
func (d *Device) wish(words ...string) {
	for _, w := range words {
		d.Words = append(d.Words, Word{Name: w, Wish: true})
	}
}

// targets are the types in the table of a mapping, nothing when it may not be read.
func (f *finder) targets(d *Device) (list []Target, ok bool) {
	if f.h.Table == nil {
		return nil, false
	}
	list, err := f.h.Table(d.DMName)
	return list, err == nil && len(list) > 0
}

// coreTargets are in dm_mod itself.
var coreTargets = "linear striped error zero"

// mapping is one of the device-mapper that no other layer knows: its table says what it needs.
func (f *finder) mapping(d *Device) {
	d.early("dm_mod")
	if strings.HasPrefix(d.DMUUID, "part") && strings.Contains(d.DMUUID, "-mpath-") {
		return // a partition that kpartx has made on a multipath disk: linear
	}
	f.problem(Fatal, d, "%s (%s) is a mapping of the device-mapper that /init does not make; the image needs a hook that does (--hooks)", d.Name, d.DMName)
	list, ok := f.targets(d)
	if !ok {
		f.problem(Doubt, d, "%s (%s): the table of the mapping cannot be read, so its modules are not known; run as root, or name them by --add-drivers", d.Name, d.DMName)
	}
	for _, t := range list {
		if !strings.Contains(" "+coreTargets+" ", " "+t.Type+" ") {
			d.early("dm-" + t.Type)
		}
	}
}

// multipath needs path selectors (drivers/md/dm-ps-*.c; which one, multipathd says by default) and the handlers of its paths.
func (f *finder) multipath(d *Device) {
	d.early("dm_mod", "dm_multipath")
	d.wish("dm_service_time", "dm_round_robin", "dm_queue_length")
	if f.c.byNode(d) {
		f.problem(Fatal, d, "%s (%s) is a multipath disk, and root is named by its node: /init does not join paths; the image needs multipathd and its hooks (--install, --hooks), or root=UUID=, by which it boots from one path", d.Name, d.DMName)
	} else {
		f.problem(Doubt, d, "%s (%s) is a multipath disk: /init does not join paths; the image needs multipathd and its hooks (--install, --hooks), or boots from one path", d.Name, d.DMName)
	}
	for _, p := range d.Below {
		// drivers/scsi/scsi_sysfs.c: the name of the handler, or "detached".
		for _, b := range p.Hardware {
			if h := f.h.attr(b.Path + "/dh_state"); h != "" && h != "detached" {
				d.early("scsi_dh_" + h)
			}
		}
	}
}
