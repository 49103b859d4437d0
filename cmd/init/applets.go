package main

import (
	"fmt"
	"os"

	"github.com/preroot/preroot/pkg/boot"
	"github.com/preroot/preroot/pkg/initqueue"
)

// applets are the programs of an initramfs that this binary is under another name. Each takes its arguments and returns an exit status.
var applets = []struct {
	name string
	run  func(args []string) int
}{
	{"modprobe", boot.Modprobe},
	{"initqueue", initqueue.Add},
	{"dracut-getarg", boot.Getarg},
	{"dracut-getargs", boot.Getargs},
	{"rdsosreport", boot.SOSReport},
	{"loginit", boot.Loginit},
	{"netroot", boot.Netroot},
}

func applet(name string, args []string) int {
	for _, a := range applets {
		if a.name == name {
			return a.run(args)
		}
	}
	fmt.Fprint(os.Stderr, "preroot's init runs as PID 1 of an initramfs, and there under the names of its applets:")
	for _, a := range applets {
		fmt.Fprint(os.Stderr, " ", a.name)
	}
	fmt.Fprintln(os.Stderr)
	return 2
}
