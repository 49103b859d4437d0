package boot

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/preroot/preroot/pkg/cmdline"
	"github.com/preroot/preroot/pkg/config"
	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/initrd"
)

// The two-phase boot of a classic initrd (initrd(4), docs/initrd.md): the file system in /initrd.image is put into /dev/ram0, its program /linuxrc prepares the normal
// root and may name it, and then that is mounted as ever. A boot without the file pays the look for it.

// RAMDisk is what a classic initrd asks of the machine, beside its helper.
type RAMDisk struct {
	// Move moves a mount; Detach takes one off though somebody uses it.
	Move   func(from, to string) error
	Detach func(target string) error
	// Unload takes a module out of the kernel.
	Unload func(module string) error
	// AwaitReader waits until somebody who has read a file closes it.
	AwaitReader func(file string) error
}

// initialDisk is what this engine knows of a classic initrd.
type initialDisk struct {
	over   bool // there is none, or its phase is over
	filled bool // the file is in /dev/ram0
	isRoot bool // what was the RAM disk's place is the root: nothing is waited for
}

// What is recorded of it beyond the life of an engine.
const (
	stateInitrd       = "initrd unpacked"
	stateLinuxrc      = "linuxrc begun"
	stateLinuxrcEnded = "linuxrc ended"
)

// Limits of the work: a RAM disk is no slow disk, but an image may be large and the machine an emulator.
const (
	unpackLimit = 5 * time.Minute
	brdLimit    = 30 * time.Second
	lookLimit   = 30 * time.Second // the driver of its file system is loaded too
)

// hasInitrd says whether there is a classic initrd, here or in the engine before this one.
func (b *Boot) hasInitrd() bool {
	if b.initialDisk.over || b.m.RAMDisk == nil {
		return false
	}
	_, err := fs.Stat(b.m.Files, initrd.Image[1:])
	return err == nil || b.initialDisk.filled || b.m.Restarted && b.counted(stateInitrd) > 0
}

// bootInitrd is its phase of the boot.
func (b *Boot) bootInitrd() error {
	if b.config.NoInitrd {
		b.offerInitrd()
		b.initialDisk.over = true
		return nil
	}
	if err := b.fillRAMDisk(); err != nil {
		return fmt.Errorf("initrd: %w", err)
	}
	if b.keepsRAMDisk() {
		b.m.Log.Notef("initrd: the RAM disk is the root")
		b.takeWords(initrd.KeepRAMDisk)
		b.initialDisk.over = true
		return nil
	}
	return b.linuxrcPhase()
}

// fillRAMDisk loads the driver, puts the file into /dev/ram0, and gives the memory of the file back.
func (b *Boot) fillRAMDisk() error {
	if b.initialDisk.filled || b.m.Restarted && b.counted(stateInitrd) > 0 {
		return nil
	}
	if _, err := fs.Stat(b.m.Files, initrd.Helper[1:]); err != nil {
		return fmt.Errorf("there is %s, and the image has no %s: build it with preroot build --initrd", initrd.Image, initrd.Helper)
	}
	size, err := b.imageSize()
	if err != nil {
		return err
	}
	if left := b.resources().MemoryLeft; left > 0 && uint64(size) > left {
		return fmt.Errorf("%s needs %d MiB as a RAM disk, and %d MiB of memory are left: the machine needs more, or the image must be smaller", initrd.Image, size>>20, left>>20)
	}
	if _, err := b.step("load "+initrd.Module, brdLimit, func() (string, error) { return "", b.loadRAMDisk(size) }); err != nil {
		return err
	}
	if _, err := b.help(helper{path: initrd.Helper, limit: unpackLimit}, "fill", initrd.Image, initrd.Device); err != nil {
		return err
	}
	b.count(stateInitrd)
	b.initialDisk.filled = true
	return b.m.Scratch.Remove(initrd.Image)
}

// imageSize is what the RAM disk must hold, in bytes: the builder has written it down (ramdisk_size=), or the helper measures it.
func (b *Boot) imageSize() (size int64, err error) {
	if b.config.RAMDiskSize > 0 {
		return b.config.RAMDiskSize, nil
	}
	text, err := b.help(helper{path: initrd.Helper, limit: unpackLimit}, "measure", initrd.Image)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(text), 10, 64)
}

// loadRAMDisk sees to it that /dev/ram0 is there and large enough.
func (b *Boot) loadRAMDisk(size int64) error {
	kib := (size + 4095) / 4096 * 4
	if b.loader != nil {
		b.loader.AddOptions(initrd.Module, fmt.Sprintf("rd_nr=1 rd_size=%d", kib))
		if err := b.loader.Load(initrd.Module); err != nil {
			return fmt.Errorf("%w; a classic initrd needs the driver of RAM disks: build the image with preroot build --initrd", err)
		}
	}
	sectors, err := strconv.ParseInt(b.read("sys/class/block/ram0/size"), 10, 64)
	switch {
	case err != nil:
		return fmt.Errorf("there is no %s: this kernel has no driver of RAM disks (CONFIG_BLK_DEV_RAM), and the image has no module %s", initrd.Device, initrd.Module)
	case sectors*512 < size:
		return fmt.Errorf("%s has %d KiB, and %s needs %d: write ramdisk_size=%d", initrd.Device, sectors/2, initrd.Image, kib, kib)
	}
	return nil
}

// keepsRAMDisk says whether root= names the RAM disk itself.
func (b *Boot) keepsRAMDisk() bool {
	ref, err := device.ParseRef(b.config.Root)
	return b.config.Root == "/dev/ram" || err == nil && (ref.Value == initrd.Device || ref.Kind == device.RefNumber && ref.Number == initrd.RAM0())
}

// takeWords adds words to the command line in the name of the initrd; those that somebody types later win.
func (b *Boot) takeWords(words string) {
	b.sources = append(b.sources, cmdline.Source{Name: initrd.Linuxrc, Text: words})
	b.config, b.params, _ = config.Load(b.sources)
	b.suitMode()
}
