package qemu

import (
	"flag"
	"fmt"
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
	return fmt.Sprintf("%s/%s/%s/%s", c.fs, or(c.table, "bare"), c.bus, c.firmware)
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
func chosen(t *testing.T, name string, shift int) []cell {
	t.Helper()
	var cells []cell
	k := kernel(t, name)
	for i, fs := range vm.Filesystems() {
		bus := vm.Buses()[(i+2*shift)%len(vm.Buses())]
		c := cell{name, fs, matrixTables[(i+shift)%len(matrixTables)], bus, vm.BIOS}
		if i == shift {
			c.firmware = vm.UEFI
		}
		if lacks := c.missing(t, k); lacks != "" && lacks != fs {
			cells = append(cells, c) // told as not applicable
			c.bus = vm.VirtioBlk
		}
		cells = append(cells, c)
	}
	return cells
}

// everyCell is each file system on each bus behind the BIOS, and each bus once
// more behind UEFI. The tables take turns. File system and firmware are not
// crossed: the full product would be a day.
func everyCell(_ *testing.T, name string, _ int) []cell {
	var cells []cell
	for j, bus := range vm.Buses() {
		cells = append(cells, cell{name, uefiFS[j%len(uefiFS)], matrixTables[(j+1)%len(matrixTables)], bus, vm.UEFI})
	}
	// By diagonals: a run that is stopped early has seen a bit of everything.
	for shift := range vm.Buses() {
		for i, fs := range vm.Filesystems() {
			j := (i + shift) % len(vm.Buses())
			cells = append(cells, cell{name, fs, matrixTables[(i+j)%len(matrixTables)], vm.Buses()[j], vm.BIOS})
		}
	}
	return cells
}

// uefiFS are the file systems behind UEFI: those that every kernel has.
var uefiFS = []string{"ext4", "xfs", "btrfs", "squashfs", "erofs", "vfat"}

// TestMatrix boots kernels x file systems x tables x buses x firmware with a
// generic image, which has to find out what the machine is made of.
func TestMatrix(t *testing.T) {
	kernels, cells := quickKernels, chosen
	if *wholeMatrix {
		kernels, cells = matrixKernels, everyCell
		t.Cleanup(func() { printGrid(t) })
	}
	for shift, name := range kernels {
		t.Run(name, func(t *testing.T) {
			runCells(t, cells(t, name, shift))
		})
	}
}

// runCells boots those of one kernel's cells that apply and are not done.
func runCells(t *testing.T, cells []cell) {
	booted, absent, done := 0, 0, 0
	for _, c := range cells {
		lacks := c.missing(t, kernel(t, c.kernel))
		switch {
		case lacks != "":
			absent++
			c.record(t, outcome{Absent: lacks})
			t.Logf("%s: not applicable: the kernel has no %s", c, lacks)
		case c.recorded(t).Seconds > 0:
			done++
		default:
			booted++
			t.Run(c.String(), func(t *testing.T) {
				t.Parallel()
				c.boot(t)
			})
		}
	}
	t.Logf("%d cells are booted, %d are not applicable, %d have been booted before", booted, absent, done)
}

func (c cell) boot(t *testing.T) {
	k := kernel(t, c.kernel)
	disk := rootDiskFor(t, k.Arch, vm.Root{FS: c.fs, Table: c.table, Card: c.bus == vm.SD})
	s := vm.Spec{
		Arch: k.Arch, Firmware: c.firmware, Kernel: k.Image(), Initrd: image{}.build(t, k),
		Cmdline: "root=" + c.root() + " " + c.mode() + " " + k.Arch.Serial(),
		Disks:   []vm.Disk{{Path: disk, Bus: c.bus, Serial: "root0", Snapshot: true}},
		Limit:   5 * time.Minute,
	}
	r, err := vm.Run(s, nil)
	if err == nil {
		err = r.Err()
	}
	var b vm.Bench
	if err == nil {
		b, err = r.Bench()
	}
	c.record(t, outcome{Seconds: b.InitSeconds, Failed: err != nil, Report: r.Report()})
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
