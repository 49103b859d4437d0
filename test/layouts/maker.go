package main

import (
	_ "embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/preroot/preroot/internal/vm"
)

//go:embed facts.sh
var factsScript string

//go:embed hostonly.sh
var hostOnlyScript string

// makerInit is the /init of the guest that fills disks: it loads the drivers, and goes on in the system, which is the first disk.
const makerInit = `#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc; $b mount -t sysfs sysfs /sys; $b mount -t devtmpfs dev /dev
for m in $($b cat /modules); do $b insmod $m; done
n=0; while [ ! -b /dev/vda ] && [ $n -lt 100 ]; do $b sleep 0.1; n=$((n+1)); done
$b mount -t ext4 /dev/vda /system || { echo "NOT MADE: no system"; $b poweroff -f; }
for d in proc sys dev; do $b mount --move /$d /system/$d; done
$b mount -t tmpfs tmpfs /system/run; $b mount -t tmpfs tmpfs /system/tmp
$b cp -a /content /system/run/content; $b cp /make.sh /system/run/make.sh
exec $b chroot /system /bin/sh -c 'PATH=/usr/sbin:/usr/bin:/sbin:/bin; export PATH
sh -ex /run/make.sh >/dev/console 2>&1 </dev/console && echo MADE >/dev/console || echo NOT MADE >/dev/console
sync; /run/content/bin/busybox poweroff -f'
`

// makerPrelude comes before the script of a layout. Without udevd nobody answers to device-mapper's cookies.
const makerPrelude = `export DM_DISABLE_UDEV=1
echo 1 >/proc/sys/kernel/printk
mkdir -p /run/lock/lvm /run/cryptsetup
d1=/dev/vdb d2=/dev/vdc d3=/dev/vdd d4=/dev/vde
fill() {
    if [ -n "$whole" ]; then # the last disk holds the modules of the kernel
        for d in bin etc lib lib64 opt root sbin usr var; do cp -a "/$d" "$1"/; done
        mkdir -p "$1"/proc "$1"/sys "$1"/dev "$1"/run "$1"/tmp
        mkdir -p /run/modules "$1/usr/lib/modules/$(uname -r)"
        mount "/dev/$(cd /sys/block && ls -d vd* | tail -n 1)" /run/modules
        cp -a /run/modules/. "$1/usr/lib/modules/$(uname -r)"/
    fi
    tar -C /run/content -c . | tar -C "$1" -x --keep-directory-symlink
}
`

// makerDrivers are what layouts are made with.
const makerDrivers = "virtio_pci virtio_blk ext4 btrfs raid1 dm_mod dm_thin_pool dm_crypt xts sha256_generic aesni_intel cryptd algif_skcipher loop"

// wholeWord begins the script of disks whose root holds the whole system.
const wholeWord = "whole=1\n"

// wholeMiB is the size of disks whose root holds the whole system.
const wholeMiB = 1500

// disks returns the disks of a cell, filled by a guest of its system; nobody may write to them.
func (r *rig) disks(c Cell, l Layout) ([]string, error) {
	d := dracut(c.Dracut)
	t, err := r.tree(d, l, false)
	if err != nil || len(l.Disks) == 0 {
		return nil, err
	}
	k, err := r.shop.Kernel(d.Kernel)
	if err != nil {
		return nil, err
	}
	content, err := r.content(l)
	if err != nil {
		return nil, err
	}
	script := makerPrelude + l.Make
	sizes := l.Disks
	if c.HostOnly {
		script = wholeWord + script
		sizes = nil
		for range l.Disks {
			sizes = append(sizes, wholeMiB)
		}
	}
	v, err := version(t)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(t.Dir, "disks", l.Name+"-"+hash(v, k.Version, script, fmt.Sprint(sizes), string(vm.Archive(content))))
	err = r.once(dir, func(dir string) error { return r.fill(t, k, dir, script, sizes, content) })
	var paths []string
	for i := range sizes {
		paths = append(paths, filepath.Join(dir, fmt.Sprintf("%d.img", i+1)))
	}
	return paths, err
}

// fill runs the guest. The folder gets its name when the disks are whole.
func (r *rig) fill(t vm.Tree, k vm.Kernel, dir, script string, sizes []int, content []vm.Entry) error {
	system, err := r.systemDisk(t)
	if err != nil {
		return err
	}
	part := dir + ".part"
	if err := os.RemoveAll(part); err != nil {
		return err
	}
	if err := os.MkdirAll(part, 0o755); err != nil {
		return err
	}
	disks := []vm.Disk{{Path: system, Snapshot: true}}
	for i, size := range sizes {
		path := filepath.Join(part, fmt.Sprintf("%d.img", i+1))
		if err := sparse(path, size); err != nil {
			return err
		}
		disks = append(disks, vm.Disk{Path: path})
	}
	if strings.HasPrefix(script, wholeWord) {
		modules, err := r.modulesDisk(t, k)
		if err != nil {
			return err
		}
		disks = append(disks, vm.Disk{Path: modules, ReadOnly: true})
	}
	initrd := filepath.Join(r.work, "maker.img")
	if err := makerImage(k, initrd, makerDrivers, script, content); err != nil {
		return err
	}
	end, err := vm.Run(vm.Spec{Kernel: k.Image(), Initrd: initrd, Cmdline: "console=ttyS0 quiet", Disks: disks, Limit: 2 * r.o.limit(), Icount: r.o.virtual}, r.watch())
	if err != nil {
		return err
	}
	if !end.Says("MADE") || end.Says("NOT MADE") || end.Expired {
		return fmt.Errorf("the guest did not make the disks:\n%s", end.Report())
	}
	return os.Rename(part, dir)
}

func sparse(path string, mib int) error {
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		return err
	}
	return os.Truncate(path, int64(mib)<<20)
}

// makerImage is the initramfs of the guest.
func makerImage(k vm.Kernel, path, drivers, script string, content []vm.Entry) error {
	entries := []vm.Entry{
		{Name: "init", Mode: 0o755, Data: []byte(makerInit)},
		{Name: "make.sh", Mode: 0o644, Data: []byte(script)},
	}
	for _, d := range words("proc sys dev system") {
		entries = append(entries, vm.Entry{Name: d, Mode: fs.ModeDir | 0o755})
	}
	busybox, err := vm.ReadEntry("bin/busybox", "/bin/busybox")
	if err != nil {
		return err
	}
	modules, err := vm.LoadList(k, "modules", "m", words(drivers)...)
	if err != nil {
		return err
	}
	entries = append(append(entries, busybox), modules...)
	for _, e := range content {
		e.Name = "content/" + e.Name
		entries = append(entries, e)
	}
	return os.WriteFile(path, vm.Archive(entries), 0o644)
}

// systemDisk is the system as an ext4, made once.
func (r *rig) systemDisk(t vm.Tree) (string, error) {
	v, err := version(t)
	if err != nil {
		return "", err
	}
	return r.diskOf(filepath.Join(t.Dir, "system-"+v+".img"), t.Root(), 2048)
}

// modulesDisk is the folder of a kernel's modules as an ext4.
func (r *rig) modulesDisk(t vm.Tree, k vm.Kernel) (string, error) {
	return r.diskOf(filepath.Join(t.Dir, "modules-"+k.Version+".img"), k.ModulesDir(), 1024)
}

func (r *rig) diskOf(path, tree string, mib int) (string, error) {
	return path, r.once(path, func(path string) error {
		part := path + ".part"
		if err := sparse(part, mib); err != nil {
			return err
		}
		if err := vm.MakeExt4(tree, part); err != nil {
			return err
		}
		return os.Rename(part, path)
	})
}

// content is the root of a layout: an init that says what it finds.
func (r *rig) content(l Layout) ([]vm.Entry, error) {
	init, err := r.shop.Make("rootinit", func(path string) error { return vm.CompileC("test/bench/rootinit.c", path) })
	if err != nil {
		return nil, err
	}
	var entries []vm.Entry
	for _, d := range words("dev proc sys run tmp etc lib usr/lib mnt") {
		entries = append(entries, vm.Entry{Name: d, Mode: fs.ModeDir | 0o755})
	}
	for _, program := range [][2]string{{"sbin/init", init}, {"bin/busybox", "/bin/busybox"}} {
		e, err := vm.ReadEntry(program[0], program[1])
		if err != nil {
			return nil, err
		}
		e.Mode = 0o755
		entries = append(entries, e)
	}
	return append(entries,
		vm.Entry{Name: "sbin/facts", Mode: 0o755, Data: []byte(factsScript)},
		vm.Entry{Name: "sbin/facts.layout", Mode: 0o644, Data: []byte(strings.TrimSpace(l.Facts) + "\n")},
		vm.Entry{Name: "sbin/hostonly", Mode: 0o755, Data: []byte(hostOnlyScript)},
		vm.Entry{Name: "sbin/hostonly.args", Mode: 0o644, Data: []byte(strings.Join(dracutArgs(Cell{Shell: shellOfTheRest, HostOnly: true}, l), "\n") + "\n")},
		vm.Entry{Name: "usr/lib/os-release", Mode: 0o644, Data: []byte("ID=layouts\nNAME=layouts\n")},
	), nil
}
