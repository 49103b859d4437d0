package boot

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/preroot/preroot/pkg/mount"
)

// maxMountRounds is how often the hooks of mount are run before the boot stops: one may mount what another needs (dracut's init.sh).
const maxMountRounds = 20

// mountByHooks has the hooks of mount mount root, and mounts it itself where there is none. In native mode each of them has one try.
func (b *Boot) mountByHooks() error {
	if b.udevd != nil && b.mountsItself() {
		return b.mountNatively()
	}
	rounds := maxMountRounds
	if b.udevd == nil {
		rounds = 1
	}
	for range rounds {
		for _, s := range b.hooks.finder.Scripts("mount") {
			b.hooks.one("mount", s)
			if b.m.Directories.IsMountPoint(Sysroot) {
				return b.adoptRoot()
			}
		}
		if b.udevd == nil || !b.hooks.has("mount") { // the last of them may have gone
			return b.mountNatively()
		}
	}
	return errors.New("no hook of the stage mount has mounted root on " + Sysroot)
}

// mountNatively mounts a root that no hook mounts.
func (b *Boot) mountNatively() error {
	if b.udevd == nil {
		return b.mountRoot()
	}
	if !b.nativeRoot() {
		return fmt.Errorf("this image has no hook that mounts root=%s", b.config.Root)
	}
	if b.root == nil {
		if err := b.waitForRoot(); err != nil {
			return err
		}
	}
	return b.mountRoot()
}

// adoptRoot takes over a root that was mounted by a hook.
func (b *Boot) adoptRoot() error {
	b.root = b.rootDeviceNow()
	b.mounted = append(b.mounted, Sysroot)
	if err := b.readFstab(); err != nil {
		b.m.Log.Warnf("%v; ignoring it", err)
	}
	b.m.Log.Notef("root: mounted by a hook: %s", b.mountLine(Sysroot))
	return nil
}

// mountLine is the last line of mountinfo for a directory, from the type on; "" without one (proc_pid_mountinfo(5)).
func (b *Boot) mountLine(target string) string {
	text, _ := fs.ReadFile(b.m.Files, "proc/self/mountinfo")
	last := ""
	for line := range strings.Lines(string(text)) {
		before, after, _ := strings.Cut(strings.TrimSpace(line), " - ")
		if f := strings.Fields(before); len(f) > 4 && mount.Unescape(f[4]) == target {
			last = after
		}
	}
	return last
}
