// Command initrd is the helper for a classic initrd (initrd(4)) in an image of preroot: what such a boot alone needs is no part of /init.
//
//	initrd measure FILE                    print how large a RAM disk FILE needs, in bytes
//	initrd fill FILE DEVICE                put it there
//	initrd run TYPE NUMBER SECONDS         mount /dev/ram0 with that type on /initrd and run its /linuxrc, with the number (MAJOR:MINOR) of the normal root ("" for none),
//	                                       for so long (0: for ever)
//	initrd users                           name what keeps the RAM disk busy
//
// The last line says what is wrong when the status is not 0.
package main

import (
	"fmt"
	"os"

	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/pkg/initrd"
	"github.com/preroot/preroot/pkg/ramdisk"
)

func main() {
	switch os.Args[0] {
	case ramdisk.BecomeName:
		_ = linux.BecomeLinuxrc(os.Args[1], initrd.Linuxrc)
		os.Exit(127)
	case ramdisk.AnswerName:
		linux.AnswerMounts()
		return
	}
	if err := ramdisk.Help(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
