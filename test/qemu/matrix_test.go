package qemu

import (
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

var wholeMatrix = flag.Bool("matrix", false, "boot the whole matrix (make test-matrix, an hour); what -results holds is not booted again")

// A cell is one boot of the matrix.
type cell struct {
	kernel, fs, table string
	bus               vm.Bus
	firmware          vm.Firmware
}

func (c cell) String() string {
	return fmt.Sprintf("%s/%s/%s/%s/%s", c.kernel, c.fs, or(c.table, "bare"), c.bus, c.firmware)
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

// The kernels of the matrix, and those of make test: sid moves daily, and what
// is not of amd64 has tests of its own.
var (
	matrixKernels = []string{"6.1-cloud", "6.1", "6.12-cloud", "sid", "6.1-cloud-arm64"}
	quickKernels  = matrixKernels[:3]
	matrixTables  = []string{"", "gpt", "mbr"}
)

// missing returns the first driver that the kernel lacks: how a program finds
// that a cell does not apply, and nothing that the image is told.
func (c cell) missing(t *testing.T, k vm.Kernel) string {
	t.Helper()
	for _, d := range append([]string{c.fs}, c.bus.Drivers()...) {
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
	for shift, name := range quickKernels {
		k := kernel(t, name)
		for i, fs := range vm.Filesystems() {
			bus := vm.Buses()[(i+2*shift)%len(vm.Buses())]
			c := cell{name, fs, matrixTables[(i+shift)%len(matrixTables)], bus, vm.BIOS}
			if i == shift {
				c.firmware = vm.UEFI
			}
			if c.missing(t, k) != "" && c.missing(t, k) != fs {
				cells = append(cells, c) // told as not applicable
				c.bus = vm.VirtioBlk
			}
			cells = append(cells, c)
		}
	}
	return cells
}

// everyCell is each file system on each bus of each kernel, behind the BIOS,
// and each bus once more behind UEFI. The tables take turns. Firmware and file
// system never meet, nor do table and bus: the full product would be a day.
func everyCell() []cell {
	var cells []cell
	for _, k := range matrixKernels {
		for i, fs := range vm.Filesystems() {
			for j, bus := range vm.Buses() {
				cells = append(cells, cell{k, fs, matrixTables[(i+j)%len(matrixTables)], bus, vm.BIOS})
			}
		}
		for j, bus := range vm.Buses() {
			fs := uefiFS[j%len(uefiFS)]
			cells = append(cells, cell{k, fs, matrixTables[(j+1)%len(matrixTables)], bus, vm.UEFI})
		}
	}
	return cells
}

// uefiFS are the file systems behind UEFI: those that every kernel has.
var uefiFS = []string{"ext4", "xfs", "btrfs", "squashfs", "erofs", "vfat"}

// TestMatrix boots kernels x file systems x tables x buses x firmware with a
// generic image, which has to find out what the machine is made of.
func TestMatrix(t *testing.T) {
	cells, limit := chosen(t), time.Duration(0)
	if *wholeMatrix {
		cells, limit = everyCell(), 5*time.Minute
		t.Cleanup(func() { printGrid(t, cells) })
	}
	lacking := 0
	applicable := slices.DeleteFunc(slices.Clone(cells), func(c cell) bool {
		lacks := c.missing(t, kernel(t, c.kernel))
		if lacks == "" {
			return false
		}
		lacking++
		if *wholeMatrix {
			c.record(t, outcome{Absent: lacks})
		} else {
			t.Logf("%s: not applicable: the kernel has no %s", c, lacks)
		}
		return true
	})
	t.Logf("%d cells of the matrix are booted, %d are not applicable", len(applicable), lacking)
	for _, c := range applicable {
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			if *wholeMatrix && c.recorded(t).Seconds > 0 {
				return
			}
			c.boot(t, limit)
		})
	}
}

func (c cell) boot(t *testing.T, limit time.Duration) {
	k := kernel(t, c.kernel)
	disk := rootDiskFor(t, k.Arch, vm.Root{FS: c.fs, Table: c.table, Card: c.bus == vm.SD})
	s := vm.Spec{
		Arch: k.Arch, Firmware: c.firmware, Kernel: k.Image(), Initrd: image{}.build(t, k),
		Cmdline: "root=" + c.root() + " " + c.mode() + " " + k.Arch.Serial(),
		Disks:   []vm.Disk{{Path: disk, Bus: c.bus, Serial: "root0", Snapshot: true}},
		Limit:   limit,
	}
	r, err := vm.Run(s, nil)
	if err == nil {
		err = r.Err()
	}
	var b vm.Bench
	if err == nil {
		b, err = r.Bench()
	}
	if *wholeMatrix {
		c.record(t, outcome{Seconds: b.InitSeconds, Failed: err != nil, Report: r.Report()})
	}
	if err != nil {
		fail(t, r, "%v", err)
	}
	t.Logf("%.2f s from /init, root=%s", b.InitSeconds, c.root())
}

// root names the root in a form that the disk has.
func (c cell) root() string {
	switch {
	case c.fs == "vfat":
		return "LABEL=BENCHROOT"
	case c.table == "gpt":
		return "PARTUUID=" + vm.PartUUID
	case c.table == "mbr":
		return "PARTUUID=" + vm.DiskID + "-01"
	case vm.UUIDOf(c.fs) == "":
		return "/dev/" + c.bus.Node()
	}
	return "UUID=" + vm.UUIDOf(c.fs)
}

func (c cell) mode() string {
	if c.fs == "squashfs" || c.fs == "erofs" {
		return "ro"
	}
	return "rw"
}
