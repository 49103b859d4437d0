package qemu

import (
	"strings"
	"testing"

	"github.com/preroot/preroot/internal/vm"
)

// TestRootForms boots each form of root= from a GPT disk, and those that
// differ from an MBR disk.
func TestRootForms(t *testing.T) {
	for table, forms := range map[string][]string{
		"gpt": {
			"/dev/vda1",
			"UUID=" + vm.RootUUID,
			"UUID=" + strings.ToUpper(vm.RootUUID),
			"LABEL=benchroot",
			"PARTUUID=" + vm.PartUUID,
			"PARTUUID=" + vm.PartUUID + "/PARTNROFF=0",
			"PARTLABEL=" + vm.PartName,
			"254:1",
			"fe01",
			"/dev/disk/by-uuid/" + vm.RootUUID,
			"/dev/disk/by-label/benchroot",
			"/dev/disk/by-partuuid/" + vm.PartUUID,
			"/dev/disk/by-partlabel/" + vm.PartName,
			"/dev/disk/by-id/virtio-root0-part1",
			"/dev/disk/by-path/pci-0000:00:02.0-part1",
		},
		"mbr": {
			"PARTUUID=" + vm.DiskID + "-01",
			"PARTUUID=" + vm.DiskID + "-01/PARTNROFF=0",
			"/dev/disk/by-partuuid/" + vm.DiskID + "-01",
		},
	} {
		for _, form := range forms {
			t.Run(table+" "+form, func(t *testing.T) {
				t.Parallel()
				s := plain(t, image{}, "")
				s.Disks[0].Path = rootDisk(t, "ext4", table)
				s.Cmdline = "root=" + form + " rw quiet " + serial
				mustReach(t, s)
			})
		}
	}
}
