package main

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

// house holds what every machine is made of.
type house struct {
	dir      string
	kernel   vm.Kernel
	image    string // for known hardware
	root     string // never written to
	launcher vm.Entry
}

func newHouse(dir string) (*house, error) {
	k, err := vm.GetKernel("6.1-cloud", os.Stderr)
	if err != nil {
		return nil, err
	}
	h := &house{dir: dir, kernel: k, image: filepath.Join(dir, "initramfs.img"), root: filepath.Join(dir, "root.img")}
	init, launcher := filepath.Join(dir, "rootinit"), filepath.Join(dir, "launcher")
	if err := vm.CompileC("test/bench/rootinit.c", init); err != nil {
		return nil, err
	}
	if err := vm.CompileC("test/qemu/launcher.c", launcher); err != nil {
		return nil, err
	}
	if h.launcher, err = vm.ReadEntry("launcher", launcher); err != nil {
		return nil, err
	}
	if err := (vm.Root{Init: init}).Make(h.root); err != nil {
		return nil, err
	}
	build := vm.Build{Builder: "build/preroot", Init: "build/init", Drivers: "virtio_pci virtio_blk ext4 virtio_console"}
	return h, build.Make(k, h.image)
}

// machine is the usual one.
func (h *house) machine(words string) vm.Spec {
	return vm.Spec{
		Kernel: h.kernel.Image(), Initrd: h.image, Cmdline: "root=UUID=" + vm.RootUUID + " rw rd.shell=0 " + words,
		Disks: []vm.Disk{{Path: h.root, Serial: "root0", Snapshot: true}}, Limit: 4 * time.Minute, EngineCrash: true,
	}
}

// launch makes the machine begin with the launcher (test/qemu/launcher.c) and these orders. The image is the caller's to remove.
func (h *house) launch(s vm.Spec, orders ...string) (vm.Spec, error) {
	conf := vm.Entry{Name: "launcher.conf", Mode: 0o644, Data: []byte(strings.Join(orders, "\n") + "\n")}
	f, err := os.CreateTemp(h.dir, "image-")
	if err != nil {
		return s, err
	}
	defer f.Close()
	s.Initrd = f.Name()
	// The launcher writes more than the ten lines in five seconds that the kernel takes from a program otherwise.
	s.Cmdline += " rdinit=/launcher printk.devkmsg=on"
	err = vm.Extend(h.image, f.Name(), []vm.Entry{h.launcher, conf})
	return s, err
}
