package main

import (
	"maps"
	"slices"
)

// A layout is how the disk of a system is divided: what its own files say of it, what boots it, and how it is made.
type layout struct {
	root     string // root=
	fstab    string
	crypttab string
	tools    []string // programs of this machine that script uses
	modules  []string // drivers that it needs
	// script makes /dev/vdb of the tree on /src and leaves it mounted on /dst.
	script string
}

// Names that are the same in every run.
const (
	uuid       = "2f0a5a2e-6f0e-4c0b-9b57-7c4b3c1d0e11"
	usrUUID    = "2f0a5a2e-6f0e-4c0b-9b57-7c4b3c1d0e12"
	lockedUUID = "6c1f2a4e-96d5-4d2e-a9f1-3d2a51f0aa01"
	passphrase = "correct horse"
)

// ext4 is without features that the kernel of the workbench could lack.
const ext4 = "/usr/sbin/mkfs.ext4 -q -F -U "

var layouts = map[string]layout{
	"ext4": {
		root: "UUID=" + uuid, fstab: "UUID=" + uuid + " / ext4 errors=remount-ro 0 1\n",
		tools:  []string{"/usr/sbin/mkfs.ext4"},
		script: ext4 + uuid + " /dev/vdb && mount -t ext4 /dev/vdb /dst",
	},
	"xfs": {
		root: "UUID=" + uuid, fstab: "UUID=" + uuid + " / xfs defaults 0 0\n",
		tools: []string{"/usr/sbin/mkfs.xfs"}, modules: []string{"xfs"},
		script: "/usr/sbin/mkfs.xfs -q -f -m uuid=" + uuid + " /dev/vdb && mount -t xfs /dev/vdb /dst",
	},
	"btrfs": {
		root: "UUID=" + uuid, fstab: "UUID=" + uuid + " / btrfs defaults 0 0\n",
		tools: []string{"/usr/sbin/mkfs.btrfs"}, modules: []string{"btrfs"},
		script: "/usr/sbin/mkfs.btrfs -q -f -U " + uuid + " /dev/vdb && mount -t btrfs /dev/vdb /dst",
	},
	"usr": {
		root: "PARTLABEL=root", fstab: "PARTLABEL=root / ext4 errors=remount-ro 0 1\nPARTLABEL=usr /usr ext4 defaults 0 2\n",
		tools: []string{"/usr/sbin/mkfs.ext4", "/usr/sbin/sfdisk"},
		script: `printf 'label: gpt\nsize=1G, name=root\nname=usr\n' | /usr/sbin/sfdisk -q /dev/vdb && ` +
			ext4 + uuid + " /dev/vdb1 && " + ext4 + usrUUID + " /dev/vdb2 && mount -t ext4 /dev/vdb1 /dst && mkdir /dst/usr && mount -t ext4 /dev/vdb2 /dst/usr",
	},
	"lvm-on-luks": {
		root: "/dev/mapper/sys-root", fstab: "/dev/mapper/sys-root / ext4 errors=remount-ro 0 1\n/dev/mapper/sys-swap none swap sw 0 0\n",
		crypttab: "disk_crypt UUID=" + lockedUUID + " none luks,discard\n",
		tools:    []string{"/usr/sbin/mkfs.ext4", "/usr/sbin/lvm", "/usr/sbin/cryptsetup", "/usr/sbin/mkswap"},
		modules:  []string{"dm_mod", "dm_crypt", "xts", "aesni_intel"},
		script: "crypt luksFormat --uuid " + lockedUUID + ` --pbkdf pbkdf2 --pbkdf-force-iterations 1000 /dev/vdb; crypt open /dev/vdb disk_crypt
lvm vgcreate -y -s 4M sys /dev/mapper/disk_crypt; lvm lvcreate -y -L 64M -n swap sys; lvm lvcreate -y -l 100%FREE -n root sys
/usr/sbin/mkswap /dev/sys/swap && ` + ext4 + uuid + " /dev/sys/root && mount -t ext4 /dev/sys/root /dst",
	},
}

func layoutNames() []string { return slices.Sorted(maps.Keys(layouts)) }
