package faults

import (
	"strings"

	"github.com/preroot/preroot/internal/vm"
)

// otherUUID differs from the root's in one digit.
var otherUUID = strings.Replace(vm.RootUUID, "5555", "5556", 1)

// faultsD: finding the root device.
var faultsD = []scenario{
	{
		id: "D01", fault: "No `root=` at all", done: "the word left out", on: "disk",
		broken: func(r *rig) { r.root = "" },
		want:   Want{End: Rebooted, Reason: "no root= on the command line", Says: []string{"/dev/vda (ext4", vm.RootUUID}},
	},
	{
		id: "D02", fault: "Wrong UUID", done: "one digit differs; 3 s to wait", on: "disk",
		broken: func(r *rig) {
			r.root = "UUID=" + otherUUID
			r.word("rd.retry=3")
		},
		want: Want{End: Rebooted, Reason: "the deadline has passed", Says: []string{"/dev/vda (ext4", vm.RootUUID, "has the UUID"}},
	},
}

// faultsR: file system, fsck, mount.
var faultsR = []scenario{}
