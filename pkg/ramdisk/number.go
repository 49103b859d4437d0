// Package ramdisk is the work of the helper for a classic initrd (cmd/initrd): it unpacks the file, runs /linuxrc, and judges the numbers by which that names the root.
package ramdisk

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/initrd"
)

// The files of /proc/sys/kernel by which /linuxrc names the normal root (initrd(4), "Changing the normal root filesystem").
const (
	realRootDev  = "real-root-dev"
	nfsRootName  = "nfs-root-name"
	nfsRootAddrs = "nfs-root-addrs"
)

// rootKind is what real-root-dev means.
type rootKind int

// As root= says; the RAM disk itself stays; a block device; the NFS directory of the other two files.
const (
	unchanged rootKind = iota
	ramDisk
	blockDevice
	overNFS
)

// normalRoot is the normal root as /linuxrc has left it.
type normalRoot struct {
	kind   rootKind
	number device.Number // of a block device
}

// nfsRoot is the major number 0 of unnamed devices with 255 (include/linux/root_dev.h).
var nfsRoot = device.Number{Major: 0, Minor: 255}

// errNumber is wrapped by what readNumber says of a text that is no device number.
var errNumber = errors.New("is no device number")

// readNumber judges the text of real-root-dev after the end of /linuxrc; before is what it held at the start. A number is decimal, octal or hexadecimal as for every
// number of a sysctl.
func readNumber(before, after string) (normalRoot, error) {
	n, err := parse(after)
	if err != nil {
		return normalRoot{}, err
	}
	if was, err := parse(before); err == nil && was == n || n == 0 {
		return normalRoot{kind: unchanged}, nil
	}
	switch number := decode(n); {
	case number == initrd.RAM0():
		return normalRoot{kind: ramDisk}, nil
	case number == nfsRoot:
		return normalRoot{kind: overNFS}, nil
	case number.Major == 0:
		return normalRoot{}, fmt.Errorf("%s: %q %w of a disk: its major number is 0. Write MAJOR*256+MINOR, such as 0x0801, or 255 for NFS", realRootDev, strings.TrimSpace(after), errNumber)
	default:
		return normalRoot{kind: blockDevice, number: number}, nil
	}
}

// parse reads a number as proc_dointvec does (kernel/sysctl.c): blanks round it, a prefix for its base. An empty file is 0. Our own file takes any text, so what
// is no number is an error here.
func parse(text string) (uint32, error) {
	word := strings.Trim(text, "\x00 \t\n\v\f\r")
	if word == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(word, 0, 32)
	if err != nil || strings.Contains(word, "_") || len(word) > 1 && strings.ContainsAny(word[1:2], "bBoO") { // Go's own ways to write one
		return 0, fmt.Errorf("%s: %.40q %w: write MAJOR*256+MINOR, decimal or as 0x0801; 0x100 keeps the RAM disk, 255 is NFS", realRootDev, word, errNumber)
	}
	return uint32(n), nil
}

// decode is new_decode_dev of the kernel (include/linux/kdev_t.h): the old encoding of sixteen bits, with room for larger numbers around it.
func decode(n uint32) device.Number {
	return device.Number{Major: n & 0xfff00 >> 8, Minor: n&0xff | n>>12&0xfff00}
}

// encode is new_encode_dev, its inverse, in decimal.
func encode(n device.Number) string {
	return strconv.FormatUint(uint64(n.Minor&0xff|n.Major<<8|n.Minor&^0xff<<12), 10)
}
