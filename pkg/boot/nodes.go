package boot

import (
	"path"
	"strconv"
	"strings"

	"github.com/preroot/preroot/pkg/uevent"
)

// startNodes takes the place of devtmpfs where the kernel has none or refuses it: /dev is a plain directory then, and every
// device that is announced gets its node here.
func (b *Boot) startNodes() {
	b.bareDev = b.m.MakeNode != nil && !b.m.Directories.IsMountPoint("/dev")
	if !b.bareDev {
		return
	}
	for _, n := range []struct {
		name         string
		major, minor uint32 // Documentation/admin-guide/devices.txt
	}{
		{"null", 1, 3}, {"zero", 1, 5}, {"random", 1, 8}, {"urandom", 1, 9}, {"kmsg", 1, 11},
		{"tty", 5, 0}, {"console", 5, 1}, {"ptmx", 5, 2}, {"tty0", 4, 0}, {"tty1", 4, 1}, {"ttyS0", 4, 64},
	} {
		if err := b.m.MakeNode("/dev/"+n.name, false, n.major, n.minor); err != nil {
			b.m.Log.Warnf("%v", err)
		}
	}
}

// staticNodes makes the nodes whose modules are loaded when somebody opens them: loop-control, fuse, btrfs-control (modules.devname of depmod(8), as
// kmod-static-nodes(8) does). Hooks and their programs open them.
func (b *Boot) staticNodes() {
	dir, err := b.modulesDir()
	if err != nil || b.m.MakeNode == nil {
		return
	}
	for line := range strings.Lines(b.read(dir + "/modules.devname")) {
		f := strings.Fields(line)
		if len(f) != 3 || strings.HasPrefix(line, "#") || f[2][0] == ':' || path.Clean("/"+f[1]) != "/"+f[1] {
			continue
		}
		number, minor, _ := strings.Cut(f[2], ":")
		major, err1 := strconv.ParseUint(number[1:], 10, 12)
		least, err2 := strconv.ParseUint(minor, 10, 20)
		if err1 == nil && err2 == nil {
			b.warn(b.m.MakeNode("/dev/"+f[1], number[0] == 'b', uint32(major), uint32(least)))
		}
	}
}

// makeNode makes the node of a device that has come. The name is the kernel's own (DEVNAME); one that leads elsewhere is none.
func (b *Boot) makeNode(ev uevent.Event) {
	if !b.bareDev || ev.Action == "remove" {
		return
	}
	name := ev.Get("DEVNAME")
	major, err1 := strconv.ParseUint(ev.Get("MAJOR"), 10, 12)
	minor, err2 := strconv.ParseUint(ev.Get("MINOR"), 10, 20)
	if name == "" || err1 != nil || err2 != nil || path.Clean("/"+name) != "/"+strings.TrimPrefix(name, "/") {
		return
	}
	if err := b.m.MakeNode("/dev/"+name, ev.Subsystem == "block", uint32(major), uint32(minor)); err != nil {
		b.m.Log.Warnf("%v", err)
	}
}
