package main

import "strings"

// A Dracut is a version of dracut and what belongs to it.
type Dracut struct {
	Version string
	Suite   string // the Debian that has it
	Kernel  string // the kernel that its images are made for, by its name of internal/vm
	Common  string // dracut modules of every image without systemd
	Systemd string // Debian packages of a system whose images have systemd inside, beside those of every system
}

// dracuts are the versions, oldest first. The kernels are those of the cloud: the quickest to boot, and they have every driver that a local layout needs.
var dracuts = []Dracut{
	{"059", "bookworm", "6.1-cloud", "kernel-modules rootfs-block udev-rules base fs-lib usrmount shutdown", "systemd"},
	{"106", "trixie", "6.12-cloud", "kernel-modules rootfs-block udev-rules base fs-lib usrmount shutdown", "systemd systemd-cryptsetup"},
	{"112", "sid", "6.12-cloud", "kernel-modules rootfs-block udev-rules base fs-lib usrmount shutdown initqueue", "systemd systemd-cryptsetup"},
}

// newest is the version that has every layout.
const newest = "112"

// dracut returns a version.
func dracut(version string) Dracut {
	for _, d := range dracuts {
		if d.Version == version {
			return d
		}
	}
	return Dracut{Version: version}
}

// A Cell is one line of the table: one image of dracut, booted by both inits.
type Cell struct {
	Layout   string
	Dracut   string // version
	Shell    string // dracut's module of the shell: dash, bash, busybox
	HostOnly bool   // made by dracut --hostonly on the layout itself, in a guest
	Systemd  bool   // dracut's default image, with systemd inside
	Module   bool   // /init got in by our module of dracut, not by a second archive
}

// Name is what the results of a cell are filed under.
func (c Cell) Name() string {
	name := c.Layout + "-" + c.Dracut + "-" + c.Shell
	if c.HostOnly {
		name += "-hostonly"
	}
	if c.Systemd {
		name += "-systemd"
	}
	if c.Module {
		name += "-module"
	}
	return name
}

// words names some layouts.
func words(list string) []string { return strings.Fields(list) }

// The table was written down before the first run: what is crossed with what.
var (
	everyLayout = words("ext4 usr btrfs lvm-linear lvm-thin lvm-on-luks md-raid1 md-degraded luks-typed luks-key luks-on-lvm-on-md overlay" +
		" dmsquash-live live-ram nfs nbd iscsi virtiofs")
	crossed        = words("ext4 lvm-on-luks md-degraded overlay nfs") // with each version and each shell
	hostOnlyOnes   = words("ext4 lvm-on-luks md-raid1")
	ofModule       = []Cell{{Layout: "ext4", Dracut: "059"}, {Layout: "lvm-on-luks", Dracut: "106"}, {Layout: "md-raid1", Dracut: "112"}}
	ofSystemd      = words("ext4 usr lvm-linear md-raid1 luks-typed") // with each version
	olderVersions  = words("059 106")
	furtherShells  = words("bash busybox")
	shellOfTheRest = "dash"
)

// cells is the table.
func cells() []Cell {
	var list []Cell
	for _, l := range everyLayout {
		list = append(list, Cell{Layout: l, Dracut: newest, Shell: shellOfTheRest})
	}
	for _, v := range olderVersions {
		for _, l := range crossed {
			list = append(list, Cell{Layout: l, Dracut: v, Shell: shellOfTheRest})
		}
	}
	for _, s := range furtherShells {
		for _, l := range crossed {
			list = append(list, Cell{Layout: l, Dracut: newest, Shell: s})
		}
	}
	for _, l := range hostOnlyOnes {
		list = append(list, Cell{Layout: l, Dracut: newest, Shell: shellOfTheRest, HostOnly: true})
	}
	for _, d := range dracuts {
		for _, l := range ofSystemd {
			list = append(list, Cell{Layout: l, Dracut: d.Version, Shell: shellOfTheRest, Systemd: true})
		}
	}
	for _, c := range ofModule {
		list = append(list, Cell{Layout: c.Layout, Dracut: c.Dracut, Shell: shellOfTheRest, Module: true})
	}
	return list
}
