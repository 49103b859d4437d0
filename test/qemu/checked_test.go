package qemu

import (
	"testing"

	"github.com/preroot/preroot/internal/vm"
)

// TestChecked boots an image with this host's own checker of ext4, which comes with its libraries: a clean root is clean, one that
// was not unmounted is checked, and a wrong count is mended.
func TestChecked(t *testing.T) {
	for _, c := range []struct{ name, damage, words, says string }{
		{"clean", "", "", ": clean, "},
		{"wrong count of links", "set_inode_field <2> links_count 9", "forcefsck", "Inode 2 ref count is 9, should be "},
		{"not unmounted", "set_super_value state 0", "", "was not cleanly unmounted, check forced"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := kernel(t, "6.1-cloud")
			s := machine(t, k, image{drivers: known, fscks: "fsck.ext4"}.build(t, k), serial+" printk.devkmsg=on "+c.words)
			s.Disks[0].Path = makeOnce(t, "root-checked-"+c.name+".img", func(path string) error {
				return vm.Root{FS: "ext4", Init: program(t, benchDir+"/rootinit.c")}.Make(path)
			})
			if c.damage != "" {
				run(t, "debugfs", "-w", "-R", c.damage, s.Disks[0].Path)
			}
			mustSay(t, mustBoot(t, s), "fsck: ", c.says)
		})
	}
}
