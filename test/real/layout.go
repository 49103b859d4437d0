package main

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

// A layout is how the disk of a system is divided: what its own files say of it, what boots it, and how it is made.
type layout struct {
	root     string // root=
	packages string // more of them
	fstab    string
	crypttab string
	// script makes /dev/vdb of it, with $root as the device for the root file system.
	script string
}

// Names that are the same in every run.
const (
	lockedUUID = "6c1f2a4e-96d5-4d2e-a9f1-3d2a51f0aa01"
	passphrase = "correct horse"
)

const volumes = `lvm vgcreate -y -s 4M sys $1
lvm lvcreate -y -l 560 -n root sys; lvm lvcreate -y -l 32 -n home sys; lvm lvcreate -y -l 32 -n swap sys
/usr/sbin/mkfs.ext4 -q -F -L home /dev/sys/home; /usr/sbin/mkswap /dev/sys/swap
`

const lockedTab = "/dev/mapper/sys-home /home ext4 defaults 0 2\n/dev/mapper/sys-swap none swap sw 0 0\n"

var layouts = map[string]layout{
	"plain": {root: "UUID=" + uuid, fstab: "UUID=" + uuid + " / ext4 defaults,errors=remount-ro 0 1\n"},
	"lvm-on-luks": {
		root: "/dev/mapper/sys-root", packages: "lvm2,cryptsetup,cryptsetup-initramfs",
		fstab:    "/dev/mapper/sys-root / ext4 defaults,errors=remount-ro 0 1\n" + lockedTab,
		crypttab: "disk_crypt UUID=" + lockedUUID + " none luks,discard,initramfs\n",
		script:   "lock /dev/vdb disk_crypt\n" + strings.ReplaceAll(volumes, "$1", "/dev/mapper/disk_crypt") + "root=/dev/sys/root\n",
	},
	"luks-on-lvm": {
		root: "/dev/mapper/root_crypt", packages: "lvm2,cryptsetup,cryptsetup-initramfs",
		fstab:    "/dev/mapper/root_crypt / ext4 defaults,errors=remount-ro 0 1\n" + lockedTab,
		crypttab: "root_crypt UUID=" + lockedUUID + " none luks,initramfs\n",
		script:   strings.ReplaceAll(volumes, "$1", "/dev/vdb") + "lock /dev/sys/root root_crypt\nroot=/dev/mapper/root_crypt\n",
	},
}

// layoutOf is the layout that was asked for.
func layoutOf(name string) (layout, error) {
	l, ok := layouts[name]
	if !ok {
		return l, fmt.Errorf("no layout %q: write plain, lvm-on-luks or luks-on-lvm", name)
	}
	return l, nil
}

// maker is the /init of the machine that makes the disk /dev/vdb from the root file system on /dev/vda.
const maker = `#!/bin/sh
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev; mount -t tmpfs run /run
for m in $(cat /modules); do insmod $m; done
export DM_DISABLE_UDEV=1
mkdir -p /run/lock/lvm /run/lvm /run/cryptsetup
lvm() { /usr/sbin/lvm "$@" --config 'activation { udev_sync=0 udev_rules=0 monitoring=0 } devices { use_devicesfile=0 }' </dev/null || bad="$bad lvm:$1"; }
lock() {
  /usr/sbin/cryptsetup --batch-mode --key-file /pass luksFormat --uuid ` + lockedUUID + ` --pbkdf pbkdf2 --pbkdf-force-iterations 1000 $1 || bad="$bad format"
  /usr/sbin/cryptsetup --batch-mode --key-file /pass open $1 $2 || bad="$bad open"
}
SCRIPT
/usr/sbin/e2image -ra /dev/vda $root || bad="$bad copy"
sync
echo "disk made:$bad."
poweroff -f
`

// makerLimit is for a busy host.
const makerLimit = 20 * time.Minute

// lockedDisk makes the disk of a layout from the bare root file system.
func (s system) lockedDisk(l layout, image string) error {
	k, err := vm.GetKernel("6.1-cloud", os.Stdout)
	if err != nil {
		return err
	}
	initrd := s.path("maker.img")
	if err := makerImage(k, l, initrd); err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(image), os.WriteFile(image, nil, 0o644), os.Truncate(image, 3<<30)); err != nil {
		return err
	}
	r, err := vm.Run(vm.Spec{Kernel: k.Image(), Initrd: initrd, Cmdline: "console=ttyS0 panic=-1", MemoryMiB: 1024, CPUs: 2, Limit: makerLimit,
		Disks: []vm.Disk{{Path: s.path("root.img"), Snapshot: true}, {Path: image}}}, nil)
	if err == nil && !r.Says("disk made:.") {
		err = fmt.Errorf("the disk was not made:\n%s", r.Report())
	}
	return err
}

func makerImage(k vm.Kernel, l layout, path string) error {
	entries := []vm.Entry{
		{Name: "init", Mode: 0o755, Data: []byte(strings.Replace(maker, "SCRIPT", l.script, 1))},
		{Name: "pass", Mode: 0o600, Data: []byte(passphrase)},
	}
	for _, dir := range []string{"proc", "sys", "dev", "run", "etc", "m"} {
		entries = append(entries, vm.Entry{Name: dir, Mode: fs.ModeDir | 0o755})
	}
	tools, err := vm.Dynamic("/usr/sbin/lvm", "/usr/sbin/cryptsetup", "/usr/sbin/mkfs.ext4", "/usr/sbin/mkswap", "/usr/sbin/e2image")
	if err != nil {
		return err
	}
	shell, err := vm.ReadEntry("bin/busybox", "/bin/busybox")
	if err != nil {
		return err
	}
	entries = append(append(entries, tools...), shell)
	for applet := range strings.FieldsSeq("sh mount cat insmod mkdir sync poweroff") {
		entries = append(entries, vm.Entry{Name: "bin/" + applet, Mode: fs.ModeSymlink | 0o777, Data: []byte("busybox")})
	}
	modules, err := vm.FloorModules(k)
	if err != nil {
		return err
	}
	chain, err := k.Chain(append(modules, "dm_mod", "dm_crypt", "xts", "aesni_intel")...)
	if err != nil {
		return err
	}
	var list strings.Builder
	for _, m := range chain {
		e, err := vm.ReadEntry("m/"+filepath.Base(m), m)
		if err != nil {
			return err
		}
		entries = append(entries, e)
		list.WriteString("/" + e.Name + "\n")
	}
	entries = append(entries, vm.Entry{Name: "modules", Mode: 0o644, Data: []byte(list.String())})
	return os.WriteFile(path, vm.Archive(dedupe(entries)), 0o644)
}

// dedupe leaves out what is there already.
func dedupe(entries []vm.Entry) (list []vm.Entry) {
	var seen []string
	for _, e := range entries {
		if !slices.Contains(seen, e.Name) {
			seen = append(seen, e.Name)
			list = append(list, e)
		}
	}
	return list
}

// answerDisk is where a system writes its answers that nobody can look into from outside.
const answerDisk = "answers.img"

// untar takes the answers off it.
func untar(disk, to string) error {
	f, err := os.Open(disk)
	if err != nil {
		return err
	}
	defer f.Close()
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		path := filepath.Join(to, "real", filepath.Base(h.Name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, text, 0o644)); err != nil {
			return err
		}
	}
}
