package boot

import (
	"slices"
	"strings"

	"github.com/preroot/preroot/pkg/initrd"
	"github.com/preroot/preroot/pkg/switchroot"
)

// offerInitrd is noinitrd: the data are there to be read, once.
func (b *Boot) offerInitrd() {
	b.m.Log.Notef("noinitrd: %s is not unpacked and not run; it can be read from %s, once", initrd.Image, initrd.DataNode)
	b.warn(b.m.Scratch.Symlink(initrd.Image, initrd.DataNode))
	b.spawn(initrd.DataNode, nil, func() {
		if b.m.RAMDisk.AwaitReader(initrd.Image) == nil {
			b.withdrawInitrd()
		}
	})
}

// withdrawInitrd takes the data away.
func (b *Boot) withdrawInitrd() {
	b.warn(b.m.Scratch.Remove(initrd.DataNode))
	b.warn(b.m.Scratch.Remove(initrd.Image))
}

// leaveInitrd decides, as the last thing before the hand-over, what becomes of the RAM disk: it goes to /initrd of the new root, if that has such a directory, with all that is mounted on it and
// runs from it; otherwise it is taken off, and its memory is free. What still uses it then is named: it goes on, and the memory is not free.
func (b *Boot) leaveInitrd(r *switchroot.Record) {
	if b.config.NoInitrd && b.initialDisk.over {
		b.withdrawInitrd()
	}
	if !b.initialDisk.over {
		return
	}
	m, mounted := b.mountAt(initrd.Directory)
	switch {
	case b.initialDisk.isRoot:
		r.Spare = initrd.RAM0().String()
	case !mounted || m.Number != initrd.RAM0():
	case b.newRootHas(initrd.Directory):
		b.m.Log.Notef("initrd: the RAM disk goes to %s of the new root", initrd.Directory)
		r.Mounts = append(slices.Clone(r.Mounts), initrd.Directory)
		r.Spare = initrd.RAM0().String()
	default:
		b.freeRAMDisk(r)
	}
}

// freeRAMDisk takes the RAM disk off and the driver out of the kernel, which gives the memory back.
func (b *Boot) freeRAMDisk(r *switchroot.Record) {
	if err := b.m.Mounter.Unmount(initrd.Directory); err != nil {
		b.tellUsers()
		b.warn(b.m.RAMDisk.Detach(initrd.Directory))
		r.Spare = initrd.RAM0().String()
		return
	}
	if err := b.m.RAMDisk.Unload(initrd.Module); err != nil {
		b.m.Log.Infof("initrd: the memory of the RAM disk is not free: module %s: %v", initrd.Module, err)
	}
}

// newRootHas says whether the new root has a directory of that name.
func (b *Boot) newRootHas(dir string) bool {
	root, err := b.m.OpenRoot(Sysroot)
	if err != nil {
		return false
	}
	defer root.Close()
	return exists(root, dir+"/.")
}

// tellUsers names what keeps the RAM disk busy.
func (b *Boot) tellUsers() {
	_, users, err := b.m.Programs.Run(initrd.Helper, "users")
	b.warn(err)
	b.m.Log.Warnf("initrd: the new root has no directory %s, and the RAM disk is in use by %s: it stays in memory", initrd.Directory, strings.TrimSpace(users))
}
