package boot

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/hooks"
	"github.com/preroot/preroot/pkg/mount"
)

// maxMountRounds is how often the hooks of mount are run before the boot stops: one may mount what another needs (dracut's init.sh).
const maxMountRounds = 20

// mountByHooks has the hooks of mount mount root, and mounts it itself where none does: there is no such hook, or none knows this root. A root that is
// mounted already, by a hook of another stage or by hand, is taken as it is.
func (b *Boot) mountByHooks() error {
	if b.udevd != nil && b.mountsItself() && !b.rootMounted() {
		return b.mountNatively()
	}
	rounds := maxMountRounds
	if b.udevd == nil || b.hooks.value("rootok") == "" && b.nativeRoot() {
		rounds = 1
	}
	b.hooks.beginMount(b.hooks.has("mount"))
	for range rounds {
		if b.rootMounted() {
			return b.adoptRoot()
		}
		for _, s := range b.hooks.finder.Scripts("mount") {
			b.hooks.one("mount", s)
			if err := b.hooks.died(); err != nil {
				return err
			}
			if b.rootMounted() && b.usable(s) {
				return b.adoptRoot()
			}
		}
		if b.udevd == nil || !b.hooks.has("mount") { // the last of them may have gone
			break
		}
	}
	if b.udevd == nil || b.nativeRoot() {
		return b.mountNatively()
	}
	return fmt.Errorf("no hook of the stage mount has mounted root=%s on %s", b.config.Root, Sysroot)
}

// rootMounted says whether root is mounted, and not by us.
func (b *Boot) rootMounted() bool {
	_, mounted := b.mountAt(Sysroot)
	return mounted && !slices.Contains(b.mounted, Sysroot)
}

// mountNatively mounts a root that no hook mounts.
func (b *Boot) mountNatively() error {
	if b.rootOnNFS() {
		return b.mountNFS()
	}
	if b.udevd != nil && b.root == nil {
		if err := b.waitForRoot(); err != nil {
			return err
		}
	}
	return b.mountRoot()
}

// adoptRoot takes over a root that was mounted by a hook, if it is the one that root= names.
func (b *Boot) adoptRoot() error {
	m, _ := b.mountAt(Sysroot)
	b.mounted, b.source = append(b.mounted, Sysroot), m.source
	judged, there := b.rootDeviceNow(), b.deviceOf(m)
	if judged != nil && there != nil && there != judged && !slices.Contains(b.finder.found[0].Members, there) {
		err := fmt.Errorf("root=%s is %s, but a hook has mounted %s", b.config.Root, judged.Node, there.Node)
		return errors.Join(err, b.unmountRoot())
	}
	b.root = judged
	if err := b.readFstab(); err != nil {
		b.m.Log.Warnf("%v; ignoring it", err)
	}
	b.m.Log.Notef("root: mounted by %s: %s", b.mounter(), m)
	return nil
}

// mounter is who has mounted what we take over.
func (b *Boot) mounter() string {
	if b.initialDisk.isRoot {
		return "the initrd"
	}
	return "a hook"
}

// rootName is what root is called in the log: its device, or, of one that no device of ours holds, what a hook has mounted.
func (b *Boot) rootName() string {
	if b.root != nil {
		return b.root.Node
	}
	return b.source
}

// usable judges a root as the dracut of the image does: up to 060 one without a dynamic linker, or without proc, sys and dev, is taken off again and the
// hook that has mounted it is not run any more (dracut's usable_root).
func (b *Boot) usable(hook hooks.Script) bool {
	if b.udevd == nil || b.dracutVersion() > 60 {
		return true
	}
	for _, pattern := range []string{"sysroot/lib*/ld-*.so*", "sysroot/usr/lib*/ld-*.so*", "sysroot/lib*/ld*.so.*"} {
		if names, _ := fs.Glob(b.m.Files, pattern); len(names) > 0 {
			return true
		}
	}
	there := func(dir string) bool { _, err := fs.Stat(b.m.Files, "sysroot/"+dir); return err == nil }
	if there("proc") && there("sys") && there("dev") {
		return true
	}
	b.m.Log.Warnf("what hook %s has mounted on %s is no root file system: it is taken off again, and the hook is not run any more", hook.Path, Sysroot)
	b.warn(b.m.Mounter.Unmount(Sysroot))
	b.warn(b.m.Scratch.Remove(hook.Path))
	return false
}

// mountPoint is a line of mountinfo (proc_pid_mountinfo(5)).
type mountPoint struct {
	device.Number
	fstype, source, options string
}

// String is the mount as its line tells it, from the type on.
func (m mountPoint) String() string {
	return strings.TrimSpace(m.fstype + " " + m.source + " " + m.options)
}

// mountAt is what is mounted last on a directory.
func (b *Boot) mountAt(target string) (m mountPoint, mounted bool) {
	text, _ := fs.ReadFile(b.m.Files, "proc/self/mountinfo")
	for line := range strings.Lines(string(text)) {
		before, after, _ := strings.Cut(strings.TrimSpace(line), " - ")
		f, rest := strings.Fields(before), strings.SplitN(after, " ", 3)
		if len(f) < 5 || len(rest) < 2 || mount.Unescape(f[4]) != target {
			continue
		}
		m, mounted = mountPoint{fstype: rest[0], source: mount.Unescape(rest[1]), options: strings.Join(rest[2:], " ")}, true
		major, minor, _ := strings.Cut(f[2], ":")
		n, _ := strconv.ParseUint(major, 10, 32)
		k, _ := strconv.ParseUint(minor, 10, 32)
		m.Number = device.Number{Major: uint32(n), Minor: uint32(k)}
	}
	return m, mounted
}

// deviceOf is the block device of a mount, nil for one that has none; a file system with a number of its own (btrfs) names its device.
func (b *Boot) deviceOf(m mountPoint) *device.Device {
	if m.Major != 0 {
		return b.finder.inv.ByNumber(m.Number)
	}
	return b.finder.inv.ByName(strings.TrimPrefix(m.source, "/dev/"))
}
