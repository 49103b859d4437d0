// Package initrd has the names of the classic initial RAM disk of initrd(4): a file system in /dev/ram0 whose program /linuxrc prepares the normal root. The kernel's part of it
// was init/do_mounts_initrd.c, which Linux 7.0 has removed. What its helper does is in package ramdisk.
package initrd

import (
	"errors"
	"strings"

	"github.com/preroot/preroot/pkg/device"
)

// The names that the world has fixed.
const (
	Image     = "/initrd.image" // what the boot loader has brought (init/initramfs.c)
	Device    = "/dev/ram0"
	Directory = "/initrd"     // where the RAM disk is mounted, here and in the new root
	Linuxrc   = "/linuxrc"    // in the RAM disk
	DataNode  = "/dev/initrd" // the data as they came, with noinitrd
	Module    = "brd"         // the driver of RAM disks
)

// Helper is the program that unpacks an initrd and runs its /linuxrc (cmd/initrd): an image has it if it may meet one. Result is the file in which it leaves how that
// went: kernel parameters on the first line, and then what is to be said.
const (
	Helper = "/usr/lib/preroot/initrd"
	Result = "/run/initramfs/preroot/linuxrc"
)

// KeepRAMDisk are the kernel parameters of a boot that stays on the RAM disk.
const KeepRAMDisk = "root=" + Device + " rw"

// Nonsense stands in Result where the kernel parameters would: what /linuxrc has written cannot be obeyed, and the last line says why.
const Nonsense = "!"

// RAM0 is the number of /dev/ram0 (MKDEV(1, 0)).
func RAM0() device.Number { return device.Number{Major: 1} }

// Refuse says of the first bytes of a file why it can be no RAM disk; nil where it may be one.
func Refuse(head []byte) error {
	switch {
	case len(head) == 0:
		return errors.New("it is empty")
	case strings.HasPrefix(string(head), "07070"):
		return errors.New("it is a cpio archive, an initramfs: give it to the boot loader itself, or build an image with its files")
	}
	return nil
}
