package faults

import "github.com/preroot/preroot/internal/vm"

const usrUUID = "22222222-2222-3333-4444-555555555555"

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
	// /usr on a second disk, by the root's own fstab.
	"usr": func(r *rig) {
		fstab := text("UUID=" + vm.RootUUID + " / ext4 defaults 0 1\nUUID=" + usrUUID + " /usr ext4 defaults 0 2")
		r.addRoot(vm.Root{Files: map[string]string{"/etc/fstab": fstab}})
		i := r.add(vm.Disk{Path: r.master(vm.Root{UUID: usrUUID, Label: "usr", Files: map[string]string{"/marker": text("usr")}}), Serial: "usr0"})
		r.may[i] = true
	},
	// The drivers of virtio-scsi too.
	"scsi": func(r *rig) {
		r.drivers += " virtio_scsi sd_mod"
		r.addRoot(vm.Root{})
	},
	// xfs.
	"xfs": func(r *rig) {
		r.drivers += " xfs"
		r.addRoot(vm.Root{FS: "xfs"})
	},
	// A GPT with three partitions on NVMe; root is the last.
	"nvme": func(r *rig) {
		i := r.addThree(512)
		r.spec.Disks[i].Bus = vm.NVMe
		r.root = "/dev/nvme0n1p3"
	},
	// The same on a virtio disk.
	"three": func(r *rig) {
		r.addThree(512)
		r.root = "PARTUUID=" + partID(3)
	},
	// A disk in memory, behind one path: scsi_debug, filled by a helper.
	"memory": func(r *rig) {
		r.drivers += " sd_mod scsi_debug"
		r.imageEntry("helper/root.img", vm.Root{SizeMiB: 16})
		r.word("scsi_debug.dev_size_mb=16", "scsi_debug.vpd_use_hostno=0", "rootdelay=2")
		r.beside(fillMemory + "echo 1 >$hosts")
	},
	// A drive for read-only media with one in it.
	"cd": func(r *rig) {
		r.drivers += " virtio_scsi sr_mod erofs"
		i := r.add(vm.Disk{Path: r.master(vm.Root{FS: "erofs"}), Serial: "cd0", ReadOnly: true})
		r.spec.Extra = append(r.spec.Extra, "-device", "virtio-scsi-pci,id=scsi")
		r.device(i, "", "scsi-cd,id=cd0")
		r.dropWord("rw")
		r.word("ro", "block.events_dfl_poll_msecs=500")
	},
	// Block devices by the thousand need their driver.
	"null": func(r *rig) {
		r.drivers += " null_blk"
		r.addRoot(vm.Root{})
		r.word("null_blk.nr_devices=1", "null_blk.gb=1")
	},
	// A hardware watchdog, on the full kernel.
	"watched": func(r *rig) {
		r.kernel = "6.1"
		r.drivers += " i6300esb"
		r.addRoot(vm.Root{})
		r.spec.Extra = append(r.spec.Extra, "-device", "i6300esb", "-action", "watchdog=reset")
	},
	// A root in a LUKS volume, on LVM in one, and in one on LVM.
	"luks":        func(r *rig) { r.addLocked("luks") },
	"lvm-on-luks": func(r *rig) { r.addLocked("lvm-on-luks") },
	"luks-on-lvm": func(r *rig) { r.addLocked("luks-on-lvm") },
	// A network card's driver, for its names.
	"dummy": func(r *rig) {
		r.drivers += " dummy"
		r.addRoot(vm.Root{})
	},
}

// fillMemory writes the root image into scsi_debug's memory and takes the disk away again.
const fillMemory = `hosts=/sys/bus/pseudo/drivers/scsi_debug/add_host
await '[ -b /dev/sda ]'
await 'dd if=/helper/root.img of=/dev/sda bs=1M conv=fsync 2>/dev/null'
echo -1 >$hosts
await '[ ! -e /sys/class/block/sda ]'
say filled
`

// addThree attaches a GPT disk of three partitions, the last of which is root.
func (r *rig) addThree(sector int64) int {
	const mib = 1 << 20
	root := vm.Root{}
	size := int64(64 * mib)
	if sector > 1024 {
		root.SizeMiB, size = 600, 600*mib // a small one has blocks of 1024 bytes, less than a sector
	}
	i := r.addGPT("root0", size+12*mib, sector,
		part{mib, 2 * mib, "first", 1, ""}, part{4 * mib, 2 * mib, "second", 2, ""}, part{8 * mib, size, "the root", 3, r.master(root)})
	r.may[i] = true
	return i
}
