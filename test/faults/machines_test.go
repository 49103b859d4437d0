package faults

import "github.com/preroot/preroot/internal/vm"

// machines are the healthy machines, by name; each is the control of the scenarios that break it.
var machines = map[string]func(r *rig){
	// ext4 on a virtio disk, found by UUID.
	"disk": func(r *rig) { r.addRoot(vm.Root{}) },
	// The same, named by its node.
	"node": func(r *rig) {
		r.addRoot(vm.Root{})
		r.root = "/dev/vda"
	},
	// ext4 in the one partition of a GPT disk.
	"gpt": func(r *rig) {
		r.addRoot(vm.Root{Table: "gpt"})
		r.root = "PARTUUID=" + vm.PartUUID
	},
	// A disk whose writable root has a checker in the image that finds nothing.
	"checked": func(r *rig) {
		r.addRoot(vm.Root{})
		r.script("sbin/fsck.ext4", "exit 0")
	},
}
