package qemu

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/preroot/preroot/internal/vm"
)

var wholeMatrix = flag.Bool("matrix", false, "boot every cell of kernel x file system x table x bus (an hour)")

// A cell is one boot of the matrix.
type cell struct {
	kernel, fs, table string
	bus               vm.Bus
}

func (c cell) String() string {
	return fmt.Sprintf("%s/%s/%s/%s", c.kernel, c.fs, or(c.table, "bare"), c.bus)
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

var (
	matrixKernels = []string{"6.1-cloud", "6.1", "6.12-cloud"}
	matrixTables  = []string{"", "gpt", "mbr"}
)

// drivers lists the modules that a cell cannot do without. It is how a program
// finds that a cell does not apply, and nothing that the image is told.
func (c cell) drivers() []string {
	list := []string{c.fs}
	switch c.bus {
	case vm.VirtioBlk:
		return append(list, "virtio_pci", "virtio_blk")
	case vm.VirtioSCSI:
		return append(list, "virtio_pci", "virtio_scsi", "sd_mod")
	case vm.NVMe:
		return append(list, "nvme")
	case vm.AHCI:
		return append(list, "ahci", "sd_mod")
	case vm.USB:
		return append(list, "xhci_pci", "usb_storage", "sd_mod")
	}
	return list
}

// missing returns the first driver that the kernel lacks.
func (c cell) missing(t *testing.T, k vm.Kernel) string {
	t.Helper()
	for _, d := range c.drivers() {
		has, err := k.Has(d)
		if err != nil {
			t.Fatal(err)
		}
		if !has {
			return d
		}
	}
	return ""
}

// chosen covers each value of each axis with each kernel: the file systems and
// the buses are paired anew for each kernel, and each table comes with several
// of both. A bus that the kernel has no driver for gives its file system to
// virtio-blk.
func chosen(t *testing.T) []cell {
	t.Helper()
	var cells []cell
	for shift, name := range matrixKernels {
		k := kernel(t, name)
		for i, fs := range vm.Filesystems() {
			bus := vm.Buses()[(i+2*shift)%len(vm.Buses())]
			c := cell{name, fs, matrixTables[(i+shift)%len(matrixTables)], bus}
			if c.missing(t, k) != "" && c.missing(t, k) != fs {
				cells = append(cells, c) // told as not applicable
				c.bus = vm.VirtioBlk
			}
			cells = append(cells, c)
		}
	}
	return cells
}

func everyCell() []cell {
	var cells []cell
	for _, k := range matrixKernels {
		for _, fs := range vm.Filesystems() {
			for _, table := range matrixTables {
				for _, bus := range vm.Buses() {
					cells = append(cells, cell{k, fs, table, bus})
				}
			}
		}
	}
	return cells
}

// TestMatrix boots kernels x file systems x tables x buses with a generic
// image, which has to find out what the machine is made of.
func TestMatrix(t *testing.T) {
	cells := chosen(t)
	if *wholeMatrix {
		cells = everyCell()
	}
	applicable := slices.DeleteFunc(slices.Clone(cells), func(c cell) bool {
		lacks := c.missing(t, kernel(t, c.kernel))
		if lacks != "" {
			t.Logf("%s: not applicable: the kernel has no %s", c, lacks)
		}
		return lacks != ""
	})
	t.Logf("%d cells of the matrix are booted, %d are not applicable", len(applicable), len(cells)-len(applicable))
	for _, c := range applicable {
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			c.boot(t)
		})
	}
}

func (c cell) boot(t *testing.T) {
	k := kernel(t, c.kernel)
	s := vm.Spec{
		Kernel: k.Image(), Initrd: image{}.build(t, k),
		Cmdline: "root=" + c.root() + " " + c.mode() + " " + serial,
		Disks:   []vm.Disk{{Path: rootDisk(t, c.fs, c.table), Bus: c.bus, Serial: "root0", Snapshot: true}},
	}
	b := mustReach(t, s)
	t.Logf("%.2f s from /init, root=%s", b.InitSeconds, c.root())
}

// root names the root in a form that the disk has.
func (c cell) root() string {
	switch {
	case c.table == "gpt":
		return "PARTUUID=" + vm.PartUUID
	case c.table == "mbr":
		return "PARTUUID=" + vm.DiskID + "-01"
	case c.fs == "squashfs": // has no UUID
		return c.device()
	}
	return "UUID=" + vm.RootUUID
}

func (c cell) device() string {
	switch c.bus {
	case vm.VirtioBlk:
		return "/dev/vda"
	case vm.NVMe:
		return "/dev/nvme0n1"
	}
	return "/dev/sda"
}

func (c cell) mode() string {
	if c.fs == "squashfs" || c.fs == "erofs" {
		return "ro"
	}
	return "rw"
}

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
