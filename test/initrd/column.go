package initrd

import (
	"fmt"
	"os"
	"strings"

	"github.com/preroot/preroot/internal/vm"
)

// A Start is what the boot loader of a machine loads.
type Start struct {
	Kernel  string // file of the kernel
	Initrd  string // what comes with it: the classic initrd itself, or an initramfs that carries it; "" for nothing
	Cmdline string
}

// A Column boots every case its own way.
type Column interface {
	// Name is the column's title, and its folder of results.
	Name() string
	// Kernel is what the modules in an image must fit.
	Kernel() vm.Kernel
	// Start makes what is started, below the folder dir; initrd is the image of the case, "" for a case without one.
	Start(c Case, initrd, dir string) (Start, error)
}

// consoleWords are kernel parameters of every machine.
const consoleWords = "console=ttyS0 "

// Alone is a kernel that has all of initrd(4) in it.
type Alone struct{ On vm.Kernel }

// Name is the kernel's.
func (a Alone) Name() string { return a.On.Name }

// Kernel is the kernel.
func (a Alone) Kernel() vm.Kernel { return a.On }

// Start hands the image to the kernel as it is.
func (a Alone) Start(c Case, initrd, _ string) (Start, error) {
	return Start{a.On.Image(), initrd, strings.TrimSpace(consoleWords + c.Words + " " + c.Oracle)}, nil
}

// Ours is preroot on a kernel that has initrd(4) no more, or the RAM disk as a module.
type Ours struct {
	On            vm.Kernel
	Builder, Init string // build/preroot and build/init
}

// Name is the kernel's, with ours before it.
func (o Ours) Name() string { return "preroot-" + o.On.Name }

// Kernel is the kernel.
func (o Ours) Kernel() vm.Kernel { return o.On }

// ourWords end a boot that fails by itself.
const ourWords = "rd.shell=0 rd.emergency=poweroff rd.retry=60 "

// ourDrivers are what the image is built with: the devices that every case has, and not what its /linuxrc loads for the root.
const ourDrivers = "virtio_pci,virtio_blk,ext4"

// Start builds an image of preroot that carries the classic one.
func (o Ours) Start(c Case, initrd, dir string) (Start, error) {
	b := vm.Build{Builder: o.Builder, Init: o.Init, Drivers: ourDrivers}
	if initrd != "" {
		b.Args = []string{"--initrd", initrd}
	}
	if c.NFS {
		b.Args = append(b.Args, "--network")
	}
	path := fmt.Sprintf("%s/preroot-%02d.img", dir, c.Number)
	if err := b.Make(o.On, path); err != nil {
		return Start{}, err
	}
	return Start{o.On.Image(), path, consoleWords + ourWords + c.Words}, nil
}

// Builtin is preroot as the initramfs that a kernel has in it (CONFIG_INITRAMFS_SOURCE). What the boot loader loads is the classic initrd itself, and the kernel leaves it in
// /initrd.image.
type Builtin struct {
	On                    vm.Kernel
	Builder, Init, Helper string                               // build/preroot, build/init and build/initrd
	Link                  func(archive string) (string, error) // the kernel with this archive in it
}

// BuiltinName is the column's title.
const BuiltinName = "preroot-builtin"

// Name is the column's title.
func (Builtin) Name() string { return BuiltinName }

// Kernel is the kernel.
func (b Builtin) Kernel() vm.Kernel { return b.On }

// Start links the kernel with an image that has the helper for a classic initrd, and none.
func (b Builtin) Start(c Case, initrd, dir string) (Start, error) {
	path := dir + "/preroot-builtin.img"
	if err := (vm.Build{Builder: b.Builder, Init: b.Init, Drivers: "ext4"}).Make(b.On, path); err != nil {
		return Start{}, err
	}
	helper, err := vm.ReadEntry("usr/lib/preroot/initrd", b.Helper)
	if err != nil {
		return Start{}, err
	}
	image, err := os.ReadFile(path)
	if err != nil {
		return Start{}, err
	}
	image = append(image, make([]byte, -len(image)&3)...) // an archive begins at a multiple of four
	if err := os.WriteFile(path, append(image, vm.Archive([]vm.Entry{helper})...), 0o644); err != nil {
		return Start{}, err
	}
	kernel, err := b.Link(path)
	return Start{kernel, initrd, consoleWords + ourWords + c.Words}, err
}
