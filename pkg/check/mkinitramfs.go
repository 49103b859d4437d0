package check

import (
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// The image of initramfs-tools: its /init is a shell script that sources the others (initramfs-tools(7)).

// mkinitramfsNeeds is what a boot cannot do without.
func mkinitramfsNeeds() []need {
	return []need{
		{sourced, "init", "it is the first program", "run-init|mount -t proc"},
		{early, "mount", "it mounts /proc, /sys, /dev and root", ""},
		{program, "mkdir", "it makes /proc and /sys to mount them on", ""},
		{program, "cat", "it reads the kernel command line", ""},
		{program, "run-init", "it starts the real init", ""},
		{present, "conf/arch.conf", "/init sources it", ""},
		{present, "conf/initramfs.conf", "/init sources it", ""},
		{sourced, "scripts/functions", "/init sources it", "run_scripts|maybe_break|wait_for_udev"},
		{sourced, "scripts/local", "it mounts root", "mountroot"},
		{present, "scripts/nfs", "/init sources it for any root", ""},
		{whole, "scripts/init-top/udev", "it starts udevd", "systemd-udevd|udevadm trigger --type=devices"},
		{text, "scripts/init-top/ORDER", "/init sources it, and it starts udevd", "/scripts/init-top/udev"},
		{whole, "scripts/init-bottom/udev", "it hands /dev on to the real system", "udevadm control|mount -n -o move /dev"},
		{text, "scripts/init-bottom/ORDER", "/init sources it, and it hands /dev on", "/scripts/init-bottom/udev"},
		{program, "udevadm", "it has drivers loaded, and ends udevd before /dev is handed on", ""},
	}
}

// mkinitramfs judges an image of initramfs-tools.
func (j *judge) mkinitramfs() {
	j.all(mkinitramfsNeeds())
	j.faultless("/init sources it: its shell ends at a mistake", "init", "conf/param.conf", "conf/conf.d/*")
	for _, dir := range []string{"init-top", "init-premount", "local-top", "local-premount", "local-bottom", "init-bottom"} {
		j.order(dir)
	}
	j.resolvesRoot()
	j.checksRoot()
	udevd := j.udevd(j.udevdPlace())
	if udevd != nil {
		j.bad("program systemd-udevd", "it loads drivers, and scripts/init-bottom/udev fails without it", "install the package udev; update-initramfs -u", udevd.Error())
	}
	w := ways{named: map[string]bool{}}
	j.modprobe(&w)
	if w.alias = udevd; udevd == nil {
		w.alias = j.driverRule()
	}
	j.named(&w)
	j.drivers(w)
	j.openLayers(MkInitramfs)
}

// udevdPlace is where scripts/init-top/udev starts the daemon.
func (j *judge) udevdPlace() string {
	place := "lib/systemd/systemd-udevd"
	if s := j.script("scripts/init-top/udev"); s != nil {
		s.commands(func(name string, _ syntax.Pos) {
			if path.Base(name) == "systemd-udevd" {
				place = strings.TrimPrefix(name, "/")
			}
		})
	}
	return place
}

// order judges the file that names the scripts of a folder: /init sources it where the folder is there.
func (j *judge) order(dir string) {
	dir = "scripts/" + dir
	if !j.has(dir) {
		return
	}
	j.need(need{present, dir + "/ORDER", "/init sources it", ""})
}

// named are the modules that conf/modules names: /init gives each line to modprobe.
func (j *judge) named(w *ways) {
	data, err := j.tree.ReadFile("conf/modules")
	if err != nil || w.asked != nil {
		return
	}
	for line := range strings.Lines(string(data)) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0][0] == '#' {
			continue
		}
		for _, name := range j.modules.index.Resolve(words[0]) {
			w.named[name] = true
		}
	}
}

// resolvesRoot judges how root's device is found: by blkid where it is named by what lies on it; what is on it by fstype of klibc
// or blkid.
func (j *judge) resolvesRoot() {
	if folder, _ := linkRule(j.target.Root); folder != "" && !strings.HasPrefix(j.target.Root, "/dev/") {
		j.need(need{program, "blkid", "it finds the device of " + j.target.Root, ""})
		return
	}
	if strings.HasPrefix(j.target.Root, "/dev/disk/") {
		j.rootLink()
	}
	if file := j.which("fstype"); file != "" && j.runsAt(file) == nil {
		return
	}
	j.need(need{program, "blkid", "it says what lies on root's device", ""})
}

// checksRoot judges the check of root. /init goes on without fsck, but where fsck or what it starts ends with status 127, as the
// dynamic loader and shells do, bit 4 of it counts as "errors are left", and nothing goes on.
func (j *judge) checksRoot() {
	fsck := j.which("fsck")
	if fsck == "" || j.applet("fsck") {
		return
	}
	const why = "where it does not start, /init takes root for damaged"
	j.need(need{program, "logsave", why, ""})
	j.notEmpty("fsck", why)
	if j.target.FSType != "" {
		j.notEmpty("fsck."+j.target.FSType, why)
	}
}

// notEmpty judges a program that may be missing or empty, but not broken.
func (j *judge) notEmpty(name, why string) {
	file := j.which(name)
	if file == "" {
		return
	}
	if data, _ := j.tree.ReadFile(file); len(data) > 0 {
		j.need(need{harmless, name, why, ""})
	}
}
