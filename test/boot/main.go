// Command boot boots /init on a real kernel to a small root under QEMU, shows
// what the machine says, and ends with "root reached" and the table of where
// the time went.
//
//	go run ./test/boot [-kernel 6.1-cloud] [-append WORDS] [-generic] ...
//
// It needs build/init (and build/preroot, which makes the image): run make.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

type options struct {
	kernel, words, root, init, builder, image, drivers string
	fs, table, bus                                     string
	firmware                                           vm.Firmware
	generic, floor, keep                               bool
	memory, cpus                                       int
	limit                                              time.Duration
}

func parse(args []string, errs io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("boot", flag.ContinueOnError)
	f.SetOutput(errs)
	f.StringVar(&o.kernel, "kernel", "6.1-cloud", "kernel: "+strings.Join(vm.KernelNames(), ", "))
	f.StringVar(&o.root, "root", "UUID="+vm.RootUUID, "root= on the command line; none for no root=")
	f.StringVar(&o.words, "append", "", "further kernel parameters")
	f.StringVar(&o.init, "init", "", "the program that becomes /init; build/init, or build/arm64/init for an arm64 kernel")
	f.StringVar((*string)(&o.firmware), "firmware", string(vm.BIOS), "bios or uefi")
	f.StringVar(&o.builder, "preroot", "build/preroot", "the builder of images; a test image is staged without it")
	f.StringVar(&o.image, "image", "", "boot this initramfs instead of building one")
	f.StringVar(&o.drivers, "drivers", "virtio_pci virtio_blk ext4", "drivers of the image")
	f.BoolVar(&o.generic, "generic", false, "image with all storage drivers")
	f.BoolVar(&o.floor, "floor", false, "boot the floor (test/bench/floor.c) instead of /init")
	f.StringVar(&o.fs, "fs", "ext4", "file system of the root")
	f.StringVar(&o.table, "table", "", "partition table: gpt, mbr or none")
	f.StringVar(&o.bus, "bus", string(vm.VirtioBlk), "bus of the disk: virtio-blk, virtio-scsi, nvme, ahci, usb or sd")
	f.IntVar(&o.memory, "m", 0, "memory in MiB")
	f.IntVar(&o.cpus, "smp", 1, "number of CPUs")
	f.DurationVar(&o.limit, "limit", 90*time.Second, "wall-clock limit")
	f.BoolVar(&o.keep, "keep", false, "keep the work folder and print its name")
	return o, f.Parse(args)
}

func run(args []string, out, errs io.Writer) int {
	o, err := parse(args, errs)
	if err != nil {
		return 2
	}
	if err := boot(o, out, errs); err != nil {
		fmt.Fprintf(errs, "boot: %v\n", err)
		return 1
	}
	return 0
}

func boot(o options, out, errs io.Writer) error {
	dir, err := os.MkdirTemp("", "preroot-boot-")
	if err != nil {
		return err
	}
	if o.keep {
		fmt.Fprintf(out, "work folder: %s\n", dir)
	} else {
		defer os.RemoveAll(dir)
	}
	spec, err := prepare(o, dir, out, errs)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "command line: %s\n----\n", spec.Cmdline)
	r, err := vm.Run(spec, out)
	fmt.Fprintln(out, "----")
	if err == nil {
		err = r.Err()
	}
	if err == nil && !r.Reached() {
		err = errors.New("root was not reached")
	}
	if err != nil {
		fmt.Fprintf(errs, "by hand (with -keep): %s\n", spec.Shell())
		return err
	}
	return summary(r, out)
}

// prepare gets the kernel and makes the root disk and the image.
func prepare(o options, dir string, out, errs io.Writer) (vm.Spec, error) {
	k, err := vm.GetKernel(o.kernel, errs)
	if err != nil {
		return vm.Spec{}, err
	}
	fmt.Fprintf(out, "kernel: %s\n", k)
	if o.init == "" {
		o.init = filepath.Join("build", k.Arch.Built())
	}
	rootInit := filepath.Join(dir, "rootinit")
	if err := vm.CompileFor(k.Arch, "test/bench/rootinit.c", rootInit); err != nil {
		return vm.Spec{}, err
	}
	disk := filepath.Join(dir, "root.img")
	if err := (vm.Root{FS: o.fs, Table: o.table, Init: rootInit, Card: vm.Bus(o.bus) == vm.SD}).Make(disk); err != nil {
		return vm.Spec{}, err
	}
	fmt.Fprintf(out, "root: %s disk with %s, %s table\n", o.bus, o.fs, or(o.table, "no"))
	image, err := o.makeImage(k, dir, out)
	if err != nil {
		return vm.Spec{}, err
	}
	if st, err := os.Stat(image); err == nil {
		fmt.Fprintf(out, "image: %d kB\n", st.Size()/1000)
	}
	words := k.Arch.Serial() + " rw"
	if o.root != "none" {
		words += " root=" + o.root
	}
	if o.words != "" {
		words += " " + o.words
	}
	return vm.Spec{Kernel: k.Image(), Initrd: image, Cmdline: words, Limit: o.limit,
		Arch: k.Arch, Firmware: o.firmware, MemoryMiB: o.memory, CPUs: o.cpus,
		Disks: []vm.Disk{{Path: disk, Bus: vm.Bus(o.bus), Serial: "root0"}}}, nil
}

func (o options) makeImage(k vm.Kernel, dir string, out io.Writer) (string, error) {
	if o.image != "" {
		return o.image, nil
	}
	image := filepath.Join(dir, "initramfs.img")
	if o.floor {
		return image, makeFloor(o, k, dir, image)
	}
	if _, err := os.Stat(o.builder); err == nil {
		b := vm.Build{Builder: o.builder, Init: o.init, Drivers: o.drivers}
		if o.generic {
			b.Drivers = ""
		}
		return image, b.Make(k, image)
	}
	fmt.Fprintf(out, "(no %s: a staged image)\n", o.builder)
	data, err := vm.StagedImage(k, o.init, fields(o.drivers))
	if err != nil {
		return "", err
	}
	return image, os.WriteFile(image, data, 0o644)
}

func makeFloor(o options, k vm.Kernel, dir, image string) error {
	floor := filepath.Join(dir, "floor")
	if err := vm.CompileFor(k.Arch, "test/bench/floor.c", floor); err != nil {
		return err
	}
	modules, err := vm.FloorModules(k)
	if err != nil {
		return err
	}
	data, err := vm.FloorImage(k, floor, modules, "")
	if err != nil {
		return err
	}
	return os.WriteFile(image, data, 0o644)
}
