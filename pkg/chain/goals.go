package chain

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/mount"
)

// findRoot finds what the sysroot's / is: what is mounted there; for a folder, and for a / that is no mount of this machine, what its fstab says. A folder
// of a file system that is mounted at / is a container's: its device is that of the machine around it.
func (f *finder) findRoot() error {
	g := &Goal{Name: "/"}
	g.Entry, g.InFstab = mount.For(f.fstab, "/")
	m, ok := f.mountAt(f.h.Root)
	switch {
	case ok && (m.part == "/" || m.fstype == "btrfs"):
		if err := f.mountedGoal(g, m); err != nil {
			return err
		}
		f.compare(g)
	case g.InFstab:
		if err := f.namedGoal(g, g.Entry.Spec); err != nil {
			return fmt.Errorf("%s is a folder of this machine, and its fstab says / is %s: %w", f.h.Root, g.Entry.Spec, err)
		}
	case ok:
		return fmt.Errorf("%s is the folder %s of %s, and its etc/fstab names no /: it is a container or a chroot without a device of its own", f.h.Root, m.part, m.from)
	default:
		return fmt.Errorf("nothing is mounted at %s, and its etc/fstab names no / either: it is a folder (a container, a chroot) without a device of its own", f.h.Root)
	}
	f.c.Goals = append(f.c.Goals, g)
	return nil
}

// compare notes when fstab means another root than the one that is mounted.
func (f *finder) compare(g *Goal) {
	if !g.InFstab {
		return
	}
	list, err := f.named(g.Entry.Spec)
	if err == nil && len(list) > 0 && list[0].Name != g.On[0].Name && !contains(g.On, list[0].Name) {
		f.note("fstab says / is %s, which is %s; mounted is %s, and that is what counts", g.Entry.Spec, list[0].Node, g.On[0].Node)
	}
	g.Spec = g.Entry.Spec
}

func contains(list []*Device, name string) bool {
	for _, d := range list {
		if d.Name == name {
			return true
		}
	}
	return false
}

// findOthers finds /usr, and what fstab wants to have mounted in the initramfs.
func (f *finder) findOthers() {
	for _, e := range f.fstab {
		dir := path.Clean(e.File)
		if e.Type == "swap" || dir == "/" || dir != "/usr" && !e.Options.Has("x-initrd.mount") || f.c.Goal(dir) != nil || e.Options.Has("bind") {
			continue
		}
		g := &Goal{Name: dir, Entry: e, InFstab: true}
		m, ok := f.mountAt(path.Join(f.h.Root, dir))
		err := error(nil)
		if ok {
			g.Spec = e.Spec
			err = f.mountedGoal(g, m)
		} else {
			err = f.namedGoal(g, e.Spec)
		}
		if err != nil {
			f.unreached(g, err)
			continue
		}
		f.c.Goals = append(f.c.Goals, g)
	}
	if m, ok := f.mountAt(path.Join(f.h.Root, "usr")); ok && f.c.Goal("/usr") == nil {
		g := &Goal{Name: "/usr"}
		if err := f.mountedGoal(g, m); err != nil {
			f.problem(Doubt, nil, "/usr: %v", err)
			return
		}
		f.c.Goals = append(f.c.Goals, g)
		f.note("/usr is mounted and has no line in fstab: at boot nobody mounts it")
	}
}

// unreached is a goal of fstab that is not found.
func (f *finder) unreached(g *Goal, err error) {
	mend := ""
	if g.weight() == Fatal {
		mend = "; mend its line in fstab, or mark it nofail"
	}
	f.problem(g.weight(), nil, "%s: %v%s", g.Name, err, mend)
}

// findResume finds the swap area of a suspended system: by the kernel's words, else by what Debian has written down for initramfs images.
func (f *finder) findResume() {
	spec, ok := f.c.params.Get("resume")
	if !ok {
		spec = resumeOf(f.h.read(f.h.Files, "etc/initramfs-tools/conf.d/resume"))
	}
	if spec == "" || spec == "none" || spec == "auto" || f.c.params.Has("noresume") {
		return
	}
	g := &Goal{Name: "resume"}
	if err := f.namedGoal(g, spec); err != nil {
		f.problem(Aside, nil, "resume: %v", err)
		return
	}
	f.c.Goals = append(f.c.Goals, g)
}

// findAdded finds the devices that were asked for.
func (f *finder) findAdded() {
	for _, spec := range f.h.Add {
		g := &Goal{Name: spec}
		if err := f.namedGoal(g, spec); err != nil {
			f.problem(Aside, nil, "%v", err)
			continue
		}
		f.c.Goals = append(f.c.Goals, g)
	}
}

// resumeOf reads RESUME=DEVICE of initramfs.conf(5).
func resumeOf(text string) (spec string) {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "RESUME="); ok {
			spec = strings.Trim(value, `"'`)
		}
	}
	return spec
}

// namedGoal fills a goal in by the name of its device.
func (f *finder) namedGoal(g *Goal, spec string) error {
	g.Spec = spec
	list, err := f.named(spec)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return fmt.Errorf("%s is no device of this machine", spec)
	}
	if g.FSType = g.Entry.Type; g.FSType == "" || g.FSType == "auto" {
		g.FSType = list[0].FSType()
	}
	for _, option := range g.Entry.Options.Data {
		if v, ok := strings.CutPrefix(option, "subvol="); ok {
			g.Subvolume = v
		}
	}
	g.On = f.devices(list)
	return nil
}

// named finds the devices that a text means.
func (f *finder) named(spec string) ([]*device.Device, error) {
	ref, err := device.ParseRef(spec)
	if err != nil {
		return nil, err
	}
	found := f.inv.Find(ref)
	switch {
	case len(found.Twins) > 0:
		return nil, found.Err(ref)
	case found.Device == nil:
		return f.byLink(ref)
	}
	list := f.members(found.Device)
	if want := found.Device.Probe.Members; want > len(list) {
		f.problem(Doubt, nil, "%s: %d more devices of this file system are missing", spec, want-len(list))
	}
	return list, nil
}

// byLink follows a link in /dev that only udev or a person can have made.
func (f *finder) byLink(ref device.Ref) ([]*device.Device, error) {
	missing := fmt.Errorf("no device of this machine is %s", ref)
	if !strings.HasPrefix(ref.Text, "/dev/") || f.h.Dev == nil {
		return nil, missing
	}
	node, err := device.Resolve(ref.Text, func(p string) (string, error) {
		return fs.ReadLink(f.h.Dev, strings.TrimPrefix(p, "/dev/"))
	})
	if err != nil {
		return nil, err
	}
	for _, d := range f.inv.Devices() {
		if d.Node == node {
			return f.members(d), nil
		}
	}
	return nil, missing
}

// mountedGoal fills a goal in by what is mounted.
func (f *finder) mountedGoal(g *Goal, m mounted) error {
	g.FSType = m.fstype
	if m.fstype == "btrfs" && m.part != "/" {
		g.Subvolume = m.part
	}
	list, err := f.heldBy(m)
	if err != nil {
		return fmt.Errorf("%s is %s (%s): %w", m.point, m.from, m.fstype, err)
	}
	g.On = f.devices(list)
	if m.fstype == "zfs" {
		f.problem(g.weight(), nil, "%s is on the zfs pool %s: images of this builder do not import pools; the image needs a hook that does (--hooks)", g.Name, poolOf(m))
	}
	return nil
}

// poolOf is the pool of a dataset of zfs.
func poolOf(m mounted) string {
	pool, _, _ := strings.Cut(m.from, "/")
	return pool
}

var errNoDevice = errors.New("no device of this machine holds it")

// heldBy finds the devices of what is mounted. Its number is enough, unless it is one that the kernel has made up for a file system on several devices, or on none.
func (f *finder) heldBy(m mounted) ([]*device.Device, error) {
	if m.Major != 0 {
		if d := f.inv.ByNumber(m.Number); d != nil {
			return f.members(d), nil
		}
		return nil, fmt.Errorf("/sys shows no block device %s (a container, or /sys is not mounted)", m.Number)
	}
	switch m.fstype {
	case "btrfs", "bcachefs":
		var all []*device.Device
		for _, node := range strings.Split(m.from, ":") {
			list, err := f.named(node)
			if err != nil {
				return nil, err
			}
			all = list
		}
		return all, nil
	case "zfs":
		pool := poolOf(m)
		if list := f.pool(pool); len(list) > 0 {
			return list, nil
		}
		return nil, fmt.Errorf("no device is a member of the pool %s", pool)
	case "overlay", "aufs", "tmpfs", "rootfs", "ramfs":
		return nil, fmt.Errorf("%w (a container, or a live system)", errNoDevice)
	case "nfs", "nfs4":
		return nil, fmt.Errorf("%w, it comes over the network (--network)", errNoDevice)
	}
	return nil, errNoDevice
}

// journal is the device with the journal of an ext4 that has it elsewhere (mke2fs(8), -J device=).
func (f *finder) journal(d *device.Device) []*device.Device {
	if d.Probe == nil || d.Probe.JournalUUID == "" {
		return nil
	}
	found := f.inv.Find(device.Ref{Kind: device.RefUUID, Text: "UUID=" + d.Probe.JournalUUID, Value: d.Probe.JournalUUID})
	if found.Device == nil {
		f.problem(Doubt, nil, "%s: its journal is on another device, UUID %s, which is not there", d.Node, d.Probe.JournalUUID)
		return nil
	}
	return []*device.Device{found.Device}
}

// pool are the members of a zfs pool.
func (f *finder) pool(name string) (list []*device.Device) {
	for _, d := range f.inv.Devices() {
		if d.FSType() == "zfs_member" && d.FSLabel() == name {
			list = append(list, d)
		}
	}
	return list
}

// members are all devices of the file system on d: those that btrfs has open, or those with the same UUID.
func (f *finder) members(d *device.Device) (list []*device.Device) {
	t := d.FSType()
	if t != "btrfs" && t != "bcachefs" {
		return append([]*device.Device{d}, f.journal(d)...)
	}
	for _, name := range f.h.list("fs/btrfs/" + d.FSUUID() + "/devices") {
		if m := f.inv.ByName(name); m != nil {
			list = append(list, m)
		}
	}
	if len(list) > 0 {
		return list
	}
	for _, m := range f.inv.Devices() {
		if m.FSType() == t && m.FSUUID() == d.FSUUID() && (m == d || len(m.Holders) == 0) {
			list = append(list, m)
		}
	}
	return list
}
