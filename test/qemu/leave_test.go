package qemu

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

// TestManyFiles leaves an initramfs of 100,000 files and a mount of its own
// below it: the real init does not wait for them, and the memory is given back.
func TestManyFiles(t *testing.T) {
	t.Parallel()
	s := plain(t, image{launcher: []string{"files 100000", "stray"}}, serial)
	s.Limit = 180 * time.Second
	s.Disks[0].Path = makeOnce(t, "root-linger.img", func(path string) error {
		return vm.Root{FS: "ext4", Init: program(t, "linger.c")}.Make(path)
	})
	r := boot(t, s)
	t.Log(r.Line("LINGER"))
	mustSay(t, r, "LINGER gone: left_kB=")
	var left int
	_, figure, _ := strings.Cut(r.Line("LINGER gone:"), "left_kB=")
	if _, err := fmt.Sscan(figure, &left); err != nil || left > 64 {
		fail(t, r, "%d kB of the initramfs are left in memory, wanted at most 64 (%v)", left, err)
	}
}

// TestModulesLater boots a generic image to a root that loads no modules: a process loads the drivers of the other devices
// while the real init runs, holds nothing of the initramfs, and is gone afterwards. One kernel has modules that we unpack, the other unpacks them itself.
func TestModulesLater(t *testing.T) {
	for _, name := range []string{"6.1-cloud", "6.12-cloud"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := kernel(t, name)
			s := machine(t, k, image{}.build(t, k), serial)
			s.Disks[0].Path = makeOnce(t, "root-linger.img", func(path string) error {
				return vm.Root{FS: "ext4", Init: program(t, "linger.c")}.Make(path)
			})
			s.Icount, s.Limit = true, busyLimit // what is not emptied within a second is emptied by a process of its own
			modulesLater(t, boot(t, s))
		})
	}
}

func modulesLater(t *testing.T, r vm.Result) {
	mustSay(t, r, "LINGER gone: left_kB=", ", 1 processes at first")
	var left, modules, then int
	line := r.Line("LINGER first:")
	t.Log(line)
	if _, err := fmt.Sscanf(line[max(0, strings.Index(line, "LINGER")):], "LINGER first: left_kB=%d modules=%d then=%d", &left, &modules, &then); err != nil || left > 64 {
		fail(t, r, "%d kB of the initramfs are left in memory, wanted at most 64 (%v)", left, err)
	}
	// ata_piix and its like: the machine has an IDE controller, and the processor ciphers.
	if then < modules+5 {
		fail(t, r, "%d modules are loaded when the real init starts, %d afterwards: wanted more", modules, then)
	}
	if line := r.Line("is not loaded"); line != "" {
		fail(t, r, "%s", line)
	}
}

// TestOverlayAsRoot starts /init with an overlay as its root, which is no
// initramfs: the boot goes on and deletes nothing.
func TestOverlayAsRoot(t *testing.T) {
	t.Parallel()
	k := kernel(t, "6.1-cloud")
	orders := []string{"insmod " + moduleInImage(t, k, "overlay.ko"), "overlay"}
	s := plain(t, image{drivers: known + " overlay", launcher: orders}, serial)
	r := mustBoot(t, s)
	mustSay(t, r, "the old root is neither ramfs nor tmpfs")
}

// TestSharedMounts makes every mount shared before /init: the kernel refuses to
// move one whose parent is, until that is ended.
func TestSharedMounts(t *testing.T) {
	t.Parallel()
	r := mustBoot(t, plain(t, image{launcher: []string{"shared"}}, serial))
	if line := r.Line("is not carried over"); line != "" {
		fail(t, r, "%s", line)
	}
}

// TestMountsRefused lets the kernel refuse /dev, /run and all that follows: the
// boot makes its own nodes and reaches root.
func TestMountsRefused(t *testing.T) {
	t.Parallel()
	orders := []string{"mounts first 3", "kmsg /dev/shm: ", "mounts 100000"}
	s := plain(t, image{launcher: orders}, serial)
	s.Disks[0].Late = true
	r := disturb(t, s, "launcher: done: mounts", func(m *vm.Machine) error { return m.Plug(0) })
	mustSay(t, r, "preroot: /dev: ", "preroot: /run: ", "preroot: /dev/shm: ")
	if !r.Reached() {
		fail(t, r, "root was not reached")
	}
}

// mustBoot boots to root and returns what the console said.
func mustBoot(t *testing.T, s vm.Spec) vm.Result {
	t.Helper()
	r := boot(t, s)
	if !r.Reached() {
		fail(t, r, "root was not reached")
	}
	return r
}
