package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/preroot/preroot/internal/vm"
	"github.com/preroot/preroot/test/trials"
)

// A cell is a machine with two disks and what must become of it.
type cell struct {
	name   string
	kernel string
	bus    vm.Bus
	disks  [2]string     // names of what the house makes; the second may be ""
	root   string        // the value of root=
	words  string        // further ones
	delay  time.Duration // from plugging one disk to plugging the other
	twins  bool          // the two are the same file system; otherwise every boot must reach root
	order  bool          // which of the two comes first is drawn
	boots  int
}

var uuidRoot = "UUID=" + vm.RootUUID

// cells lists the machines: twins by bus and delay, then what looks like twins and is none.
func cells() []cell {
	var list []cell
	for _, b := range []struct {
		bus    vm.Bus
		kernel string
		boots  int
	}{{vm.VirtioBlk, "6.1-cloud", 50}, {vm.VirtioSCSI, "6.1-cloud", 10}, {vm.USB, "6.1", 10}} {
		for _, ms := range []int{0, 5, 50, 500} {
			list = append(list, cell{
				name: fmt.Sprintf("%s-%dms", b.bus, ms), kernel: b.kernel, bus: b.bus, boots: b.boots,
				disks: [2]string{"ext4-a", "ext4-b"}, root: uuidRoot, delay: time.Duration(ms) * time.Millisecond, twins: true, order: true,
			})
		}
	}
	control := func(name string, disks [2]string, root, words string) {
		list = append(list, cell{
			name: "control-" + name, kernel: "6.1-cloud", bus: vm.VirtioBlk, disks: disks, root: root, words: words,
			delay: 5 * time.Millisecond, order: true, boots: 10,
		})
	}
	control("btrfs-raid1", [2]string{"raid1-a", "raid1-b"}, uuidRoot, "rootfstype=btrfs init=/sbin/report")
	control("ext4-clone-other-uuid", [2]string{"ext4-a", "ext4-c"}, uuidRoot, "")
	control("xfs-clone-other-uuid", [2]string{"xfs-a", "xfs-c"}, uuidRoot, "")
	stick := cell{
		name: "control-isohybrid", kernel: "6.1", bus: vm.USB, disks: [2]string{"isohybrid", ""}, root: "LABEL=" + isoLabel,
		words: "rootfstype=iso9660 ro", boots: 10,
	}
	return append(list, stick)
}

// drivers are the modules of a cell's image.
func (c cell) drivers() string {
	fs := map[string]string{"ext4-a": "ext4", "raid1-a": "btrfs", "xfs-a": "xfs", "isohybrid": "isofs"}[c.disks[0]]
	switch c.bus {
	case vm.VirtioSCSI:
		return "virtio_pci virtio_scsi sd_mod " + fs
	case vm.USB:
		return "xhci_pci usb_storage uas sd_mod " + fs
	}
	return "virtio_pci virtio_blk " + fs
}

func (h *house) sets(times int) []trials.Set {
	var sets []trials.Set
	for _, c := range cells() {
		if times > 0 {
			c.boots = times
		}
		sets = append(sets, trials.Set{Name: c.name, Count: c.boots, Do: func(_ int, r *rand.Rand) trials.Result {
			return h.boot(c, r)
		}})
	}
	return sets
}
