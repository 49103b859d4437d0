package boot

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/initrd"
)

// linuxrcPhase runs /linuxrc, once in a boot, and takes over what it has decided. One that was under way when an engine ended is not run again: PID 1 has ended it with the rest.
func (b *Boot) linuxrcPhase() error {
	switch {
	case b.counted(stateLinuxrcEnded) > 0:
	case b.m.Restarted && b.counted(stateLinuxrc) > 0:
		b.m.Log.Errf("initrd: %s was under way when the engine ended; it is not run again", initrd.Linuxrc)
	default:
		b.count(stateLinuxrc)
		if err := b.runLinuxrc(); err != nil {
			return fmt.Errorf("initrd: %w", err)
		}
		b.count(stateLinuxrcEnded)
	}
	return b.afterLinuxrc()
}

// runLinuxrc mounts the RAM disk, and runs the program to its end; people may be needed. How it ends is said and decides nothing, as it never has.
func (b *Boot) runLinuxrc() error {
	fstype, err := b.typeOfRAMDisk()
	if err != nil {
		return err
	}
	if err := b.m.Directories.Mkdir(initrd.Directory, 0o755); err != nil {
		return err
	}
	b.prepareForPeople()
	b.finder.people = true
	defer func() { b.finder.people = false }()
	seconds := strconv.Itoa(int(b.config.LinuxrcTimeout / time.Second))
	_, err = b.help(helper{path: initrd.Helper}, "run", fstype, b.rootNumber(), seconds)
	return err
}

// typeOfRAMDisk is the file system in it, whose driver is there afterwards.
func (b *Boot) typeOfRAMDisk() (fstype string, err error) {
	return b.step("look at "+initrd.Device, lookLimit, func() (string, error) {
		info, err := b.probe(initrd.Device)
		switch {
		case err != nil:
			return "", err
		case info.Type == "":
			return "", fmt.Errorf("%s holds no file system that is known: make it by mkfs of ext2, minix or romfs, or by mksquashfs", initrd.Image)
		}
		return info.Type, b.loadFileSystem(info.Type)
	})
}

// rootNumber is that of the device which root= names, where it is known without looking: 0:0 otherwise, and "" where no root is named.
func (b *Boot) rootNumber() string {
	ref, err := device.ParseRef(b.config.Root)
	if b.config.Root == "" {
		return ""
	}
	if err == nil && ref.Kind == device.RefNode {
		if d := b.finder.inv.Find(ref).Device; d != nil {
			return d.Number.String()
		}
	}
	return ref.Number.String()
}

// afterLinuxrc judges what it has left: another file system in the place of the RAM disk (pivot_root), or a name for the root. Whatever that is, the phase is over.
func (b *Boot) afterLinuxrc() error {
	b.initialDisk.over = true
	result, err := fs.ReadFile(b.m.Files, initrd.Result[1:])
	if err != nil && b.counted(stateLinuxrcEnded) > 0 {
		return fmt.Errorf("initrd: what %s has decided is lost: %w", initrd.Linuxrc, err)
	}
	words, said, _ := strings.Cut(string(result), "\n")
	said = strings.TrimSpace(said)
	for line := range strings.Lines(said) {
		b.m.Log.Warnf("initrd: %s", strings.TrimSpace(line))
	}
	m, mounted := b.mountAt(initrd.Directory)
	switch {
	case !mounted:
		b.m.Log.Warnf("initrd: nothing is mounted on %s any more", initrd.Directory)
	case m.Number != initrd.RAM0():
		b.m.Log.Notef("initrd: %s has made another file system the root: %s", initrd.Linuxrc, m)
		return b.makeRoot(m)
	case words == initrd.KeepRAMDisk:
		b.m.Log.Notef("initrd: the RAM disk stays as root")
		return b.makeRoot(m)
	case words == initrd.Nonsense:
		return fmt.Errorf("initrd: %s has left no root that is known: %s", initrd.Linuxrc, said[strings.LastIndexByte(said, '\n')+1:])
	case words != "":
		b.m.Log.Notef("initrd: %s names the root: %s", initrd.Linuxrc, words)
		b.takeWords(words)
	}
	return nil
}

// makeRoot makes what is mounted in the RAM disk's place the new root, as it is.
func (b *Boot) makeRoot(m mountPoint) error {
	if err := b.m.Directories.Mkdir(Sysroot, 0o755); err != nil {
		return err
	}
	if err := b.m.RAMDisk.Move(initrd.Directory, Sysroot); err != nil {
		return fmt.Errorf("initrd: %w", err)
	}
	if m.Major != 0 {
		b.takeWords("root=" + m.Number.String() + " rw")
	}
	b.initialDisk.isRoot = true
	return nil
}
