package main

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

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

// lock is a function of the scripts that makes a volume of $1, and opens it as $2.
const lock = `lock() { crypt luksFormat --uuid ` + lockedUUID + ` --pbkdf pbkdf2 --pbkdf-force-iterations 1000 $1; crypt open $1 $2; }
`

// lockedDisk makes the disk of a layout from the bare root file system.
func (s system) lockedDisk(l layout, image string) error {
	if err := errors.Join(os.RemoveAll(image), os.WriteFile(image, nil, 0o644), os.Truncate(image, 3<<30)); err != nil {
		return err
	}
	return vm.Workbench{
		Tools:   []string{"/usr/sbin/lvm", "/usr/sbin/cryptsetup", "/usr/sbin/mkfs.ext4", "/usr/sbin/mkswap", "/usr/sbin/e2image"},
		Modules: []string{"dm_mod", "dm_crypt", "xts", "aesni_intel"},
		Files:   []vm.Entry{{Name: "pass", Mode: 0o600, Data: []byte(passphrase)}},
		Script:  lock + l.script + `/usr/sbin/e2image -ra /dev/vda $root || bad="$bad copy"`,
		Disks:   []vm.Disk{{Path: s.path("root.img"), Snapshot: true}, {Path: image}},
	}.Run(s.dir)
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
