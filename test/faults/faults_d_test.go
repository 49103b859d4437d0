package faults

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

// otherUUID differs from the root's in one digit.
var otherUUID = strings.Replace(vm.RootUUID, "5555", "5556", 1)

// faultsD: finding the root device.
var faultsD = slices.Concat(faultsComing, faultsTwins, faultsTables, faultsEvents, faultsReading, faultsNames)

// faultsComing: the disk is not there, comes late, goes, comes back.
var faultsComing = []scenario{
	{
		id: "D01", fault: "No `root=` at all", done: "the word left out", on: "disk",
		broken: func(r *rig) { r.root = "" },
		want:   Want{End: Rebooted, Reason: "no root= on the command line", Says: []string{"/dev/vda (ext4", vm.RootUUID}},
	},
	{
		id: "D02", fault: "Wrong UUID", done: "one digit differs; 8 s to wait", on: "disk",
		broken: func(r *rig) {
			r.root = "UUID=" + otherUUID
			r.word("rd.retry=8")
		},
		want: Want{End: Rebooted, Reason: "the deadline has passed", Says: []string{"/dev/vda (ext4", vm.RootUUID, "has the UUID"}, NotBefore: 8 * time.Second},
	},
	{
		id: "D03", fault: "The disk comes after 90 s", done: "virtio disk plugged 90 s after /init began", on: "disk",
		broken: func(r *rig) {
			r.spec.Disks[0].Late = true
			r.spec.Limit = 400 * time.Second
		},
		during: plugAfter(90*time.Second, 0),
		want:   Want{End: Booted, NotBefore: 85 * time.Second, Within: 120 * time.Second, Soon: Span{"[vda]", time.Second}},
	},
	{
		id: "D04", fault: "The disk comes after the deadline", done: "8 s to wait, plugged after 14 s, while the prompt counts down", on: "disk",
		broken: func(r *rig) {
			r.spec.Disks[0].Late = true
			r.dropWord("rd.preroot.unattended=2")
			r.word("rd.retry=8", "rd.preroot.unattended=60")
		},
		during: plugAfter(14*time.Second, 0),
		want:   Want{End: Booted, Prompt: true, Says: []string{"the deadline has passed"}, Soon: Span{"[vda]", 2 * time.Second}},
	},
	{
		id: "D05", fault: "The disk vanishes between probe and mount", done: "unplugged during rootdelay=3, plugged again after it", on: "disk",
		broken: func(r *rig) {
			r.again(0)
			r.word("rootdelay=3")
		},
		during: replug("rootdelay: the first mount waits", 0, 6*time.Second, 1),
		want:   Want{End: Booted, Says: []string{"gone"}},
	},
	{
		id: "D06", name: "mounted", fault: "The disk vanishes between mount and switch_root", on: "usr",
		done: "root unplugged while /usr is waited for; then /usr plugged, then root again",
		broken: func(r *rig) {
			r.spec.Disks[1].Late = true
			r.again(0)
		},
		during: func(_ *rig, m *vm.Machine) error {
			return steps(m, say("EXT4-fs (vda): mounted"), unplug(0), pause(2*time.Second), plug(1), pause(2*time.Second), plug(2))
		},
		want: Want{End: Booted, Says: []string{"gone"}, Root: []string{"usr=usr"}},
	},
	{
		id: "D06", name: "mounting", fault: "The disk vanishes during the mount", on: "disk",
		done: "4 requests a second; unplugged while the kernel mounts; plugged again 6 s later",
		broken: func(r *rig) {
			r.spec.Disks[0].IOPS = 4
			again := r.again(0)
			r.spec.Disks[again].IOPS = 0
		},
		during: func(_ *rig, m *vm.Machine) error {
			return steps(m, say("preroot: root: UUID="), pause(time.Second), unplug(0), pause(6*time.Second), plug(1))
		},
		want: Want{End: Booted, Within: 60 * time.Second, Says: []string{"gone"}},
	},
	{
		id: "D07", fault: "Plugged again under another name", done: "unplugged as vda during rootdelay=3, plugged as sda", on: "scsi",
		broken: func(r *rig) {
			again := r.again(0)
			r.spec.Disks[again].Bus = vm.VirtioSCSI
			r.word("rootdelay=3")
		},
		during: replug("rootdelay: the first mount waits", 0, 6*time.Second, 1),
		want:   Want{End: Booted, Root: []string{"source=/dev/sda"}},
	},
}

// faultsTwins: one identity, more than one device.
var faultsTwins = []scenario{
	{
		id: "D08", fault: "Two disks with one file system UUID", done: "a copy of the root disk beside it", on: "disk",
		broken: func(r *rig) { r.twin() },
		want:   Want{End: Rebooted, Reason: "more than one device answers", Says: []string{"serial root0", "serial root1"}},
	},
	{
		id: "D08", name: "named", fault: "Two disks with one file system UUID, one of them named by its id", done: "root=/dev/disk/by-id/virtio-root0", on: "disk",
		broken: func(r *rig) {
			r.twin()
			r.root = "/dev/disk/by-id/virtio-root0"
		},
		want: Want{End: Booted},
	},
	{
		id: "D09", name: "multipath", fault: "One disk by two paths", done: "scsi_debug: two hosts, one memory, one WWID", on: "memory",
		broken: func(r *rig) { r.act(fillMemory + "echo 2 >$hosts") },
		want:   Want{End: Booted, Says: []string{"[sda] Attached", "[sdb] Attached"}},
	},
	{
		id: "D09", name: "member", fault: "A member of a mirror shows the same file system", done: "a copy of the root disk with an MD superblock (1.0) at its end", on: "disk",
		broken: func(r *rig) {
			i := r.twin()
			r.grow(i, 128<<10)
			r.mdMember(i)
		},
		want: Want{End: Booted, Root: []string{"source=/dev/vda"}, Says: []string{"vdb: linux_raid_member"}},
	},
	{
		id: "D10", fault: "Two file systems' signatures on one device", done: "an old swap signature before ext4", on: "disk",
		broken: func(r *rig) {
			r.patch(0, 4086, []byte("SWAP-SPACE"))
			r.word("rd.retry=8")
		},
		want: Want{End: Rebooted, Reason: "signatures of swap and ext4", Says: []string{"rootfstype="}},
	},
	{
		id: "D10", name: "named", fault: "Two file systems' signatures, and the type given", done: "root=/dev/vda rootfstype=ext4", on: "node",
		broken: func(r *rig) {
			r.patch(0, 4086, []byte("SWAP-SPACE"))
			r.word("rootfstype=ext4")
		},
		want: Want{End: Booted},
	},
	{
		id: "D10", name: "member", fault: "A member of a mirror, named as root by its file system", done: "an MD superblock (1.0) behind ext4", on: "disk",
		broken: func(r *rig) {
			r.grow(0, 128<<10)
			r.mdMember(0)
			r.word("rd.retry=8")
		},
		want: Want{End: Rebooted, Reason: "the deadline has passed", Says: []string{"/dev/vda (linux_raid_member"}},
	},
}

// twin adds a copy of the root disk with another marker in it.
func (r *rig) twin() int {
	return r.add(vm.Disk{Path: r.master(vm.Root{Files: map[string]string{"/marker": text("twin")}}), Serial: "root1"})
}

// faultsTables: partition tables and sizes.
var faultsTables = []scenario{
	{
		id: "D11", fault: "The GPT is damaged, its backup good", done: "the header in sector 1 overwritten", on: "gpt",
		broken: func(r *rig) {
			r.patch(0, 512, make([]byte, 512))
			r.word("rd.retry=8")
		},
		want: Want{End: Rebooted, Says: []string{"backup", "the word gpt"}},
	},
	{
		id: "D11", name: "word", fault: "The same, and the kernel is told to use the backup", done: "the kernel's word gpt added", on: "gpt",
		broken: func(r *rig) {
			r.patch(0, 512, make([]byte, 512))
			r.word("gpt")
		},
		want: Want{End: Booted, Says: []string{"backup"}},
	},
	{
		id: "D12", name: "loop", fault: "A chain of extended boot records that bites its tail", done: "a second disk with an EBR loop", on: "disk",
		broken: func(r *rig) {
			i := r.addBlank("loop0", 8<<20)
			r.patch(i, 0, bootRecord([3]uint32{5, 64, 8000}))
			r.patch(i, 64*512, bootRecord([3]uint32{0x83, 8, 100}, [3]uint32{5, 1000, 200}))
			r.patch(i, 1064*512, bootRecord([3]uint32{0x83, 8, 100}, [3]uint32{5, 0, 8000}))
		},
		want: Want{End: Booted, Soon: Span{"Run /init", 10 * time.Second}},
	},
	{
		id: "D12", name: "overflow", fault: "Partitions that begin and end behind the disk", done: "a second disk with starts and sizes near 2^32", on: "disk",
		broken: func(r *rig) {
			i := r.addBlank("over0", 8<<20)
			r.patch(i, 0, bootRecord([3]uint32{0x83, 0xfffffff0, 0xfffffff0}, [3]uint32{5, 64, 0xffffffff}, [3]uint32{0x83, 8, 0xffffffff}))
			r.patch(i, 64*512, bootRecord([3]uint32{0x83, 0xffffff00, 0xffffff00}, [3]uint32{5, 0xfffffff8, 0xffffffff}))
		},
		want: Want{End: Booted, Soon: Span{"Run /init", 10 * time.Second}},
	},
	{
		id: "D12", name: "many", fault: "10,000 partitions", done: "a second disk with a chain of 10,000 logical partitions", on: "disk",
		broken: func(r *rig) {
			const first, step, n = 64, 8, 10000
			i := r.addBlank("many0", (first+step*(n+1))*512)
			r.patch(i, 0, bootRecord([3]uint32{5, first, step * n}))
			for k := range uint32(n) {
				next := [3]uint32{5, (k + 1) * step, step}
				if k == n-1 {
					next = [3]uint32{}
				}
				r.patch(i, int64(first+k*step)*512, bootRecord([3]uint32{0x83, 1, step - 1}, next))
			}
		},
		want: Want{End: Booted, Soon: Span{"Run /init", 15 * time.Second}},
	},
	{
		id: "D13", name: "4kn", fault: "Sectors of 4096 bytes", done: "a bare ext4 on a disk with logical sectors of 4096 bytes", on: "disk",
		broken: func(r *rig) {
			r.spec.Disks, r.may = nil, nil
			r.addRoot(vm.Root{SizeMiB: 600})
			r.device(0, "", "virtio-blk-pci,logical_block_size=4096,physical_block_size=4096,serial=root0")
		},
		want: Want{End: Booted},
	},
	{
		id: "D13", name: "4kn-gpt", fault: "A GPT in sectors of 4096 bytes", done: "root on the third partition of it", on: "three",
		broken: func(r *rig) {
			r.spec.Disks, r.may = nil, nil
			r.addThree(4096)
			r.device(0, "", "virtio-blk-pci,logical_block_size=4096,physical_block_size=4096,serial=root0")
		},
		want: Want{End: Booted, Root: []string{"source=/dev/vda3"}},
	},
	{
		id: "D13", name: "1TB", fault: "A disk of 1 TB", done: "a sparse image with a GPT, its backup at the far end", on: "three",
		broken: func(r *rig) {
			r.spec.Disks, r.may = nil, nil
			i := r.addGPT("root0", 1e12/512*512, 512, part{1 << 20, 64 << 20, "root", 3, r.master(vm.Root{})})
			r.may[i] = true
		},
		want: Want{End: Booted, Root: []string{"source=/dev/vda1"}},
	},
	{
		id: "D13", name: "odd", fault: "A size that no power of two divides", done: "three sectors more", on: "disk",
		broken: func(r *rig) { r.grow(0, 3*512) },
		want:   Want{End: Booted},
	},
}

// faultsEvents: what the kernel, or somebody who plays the kernel, tells of devices.
var faultsEvents = []scenario{
	{
		id: "D14", fault: "1,000 block devices more", done: "null_blk with 1,000 devices, loaded first", on: "null",
		broken: func(r *rig) {
			r.dropWord("null_blk.nr_devices=1")
			r.word("null_blk.nr_devices=1000")
			r.drivers = "null_blk " + r.drivers
			r.spec.Limit = 400 * time.Second
		},
		want: Want{End: Booted, Within: 60 * time.Second},
	},
	{
		id: "D15", fault: "A storm of 20,000 uevents", done: "a shell writes change to a device's uevent file; the disk comes in the middle of it", on: "disk",
		broken: func(r *rig) {
			r.spec.Disks[0].Late = true
			r.beside("i=0; while [ $i -lt 20000 ]; do echo change >/sys/class/mem/null/uevent; i=$((i+1)); [ $i = 5000 ] && say plug; done; say storm over")
		},
		during: func(_ *rig, m *vm.Machine) error { return steps(m, say("helper: plug"), plug(0)) },
		want:   Want{End: Booted, Soon: Span{"[vda]", 5 * time.Second}},
	},
	{
		id: "D15", name: "lost", fault: "Uevents are lost in a storm", on: "disk",
		done: "the engine stopped (SIGSTOP) while 20,000 uevents of 1 kB come and the disk is plugged, then let go",
		broken: func(r *rig) {
			r.spec.Disks[0].Late = true
			r.spec.Limit = 400 * time.Second
			r.beside(`await '[ -e /sys/class/net/lo ]'; usleep 1000000
engine= ; for p in /proc/[0-9]*; do grep -q '^PPid:.1$' $p/status 2>/dev/null && [ ${p#/proc/} != $$ ] && engine=${p#/proc/}; done
x=a; for i in 1 2 3 4 5 6 7 8 9 10; do x=$x$x; done
kill -STOP $engine; i=0; while [ $i -lt 20000 ]; do echo "change aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee A=$x" >/sys/class/mem/null/uevent; i=$((i+1)); done
say plug; await '[ -e /sys/class/block/vda ]'; kill -CONT $engine; say storm over`)
		},
		during: func(_ *rig, m *vm.Machine) error { return steps(m, say("helper: plug"), plug(0)) },
		want:   Want{End: Booted, Within: 90 * time.Second, Says: []string{"uevents were lost"}, Soon: Span{"storm over", 5 * time.Second}},
	},
	{
		id: "D16", name: "bytes", fault: "A uevent with bytes that are no UTF-8", done: "a network interface renamed to the bytes ff fe 7e", on: "dummy",
		broken: func(r *rig) {
			r.spec.Disks[0].Late = true
			r.beside(`await '[ -e /sys/class/net/dummy0 ]'; /helper/busybox ip link set dummy0 name "$(printf '\377\376~')" && say renamed`)
		},
		during: func(_ *rig, m *vm.Machine) error { return steps(m, say("helper: renamed"), plug(0)) },
		want:   Want{End: Booted},
	},
	{
		id: "D16", name: "long", fault: "A uevent of the root disk with a value of 1,500 bytes", done: "a synthetic add event with arguments", on: "disk",
		broken: func(r *rig) {
			r.spec.Disks[0].Late = true
			r.word("rootdelay=3")
			r.beside(`x=a; for i in 1 2 3 4 5 6 7 8 9 10; do x=$x$x; done; x=$x$(echo $x | cut -c1-476)
await '[ -e /sys/class/block/vda ]'
echo "add aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee A=$x B=b" >/sys/class/block/vda/uevent && say written`)
		},
		during: plugAfter(time.Second, 0),
		want:   Want{End: Booted, Says: []string{"helper: written"}},
	},
	{
		id: "D17", fault: "Forged uevents", on: "disk",
		done: "during rootdelay=4 the removal of the root disk is told by uid 65534 and uid 0, to the engine's port and to the kernel's group",
		broken: func(r *rig) {
			r.word("rootdelay=4")
			forge, err := vm.ReadEntry("helper/forge", program(r.t, "forge.c"))
			if err != nil {
				r.t.Fatal(err)
			}
			r.entries = append(r.entries, forge)
			r.beside("await '[ -e /dev/vda ]'; usleep 1500000; /helper/forge 0; /helper/forge 65534; say forged")
		},
		want: Want{End: Booted, Says: []string{"helper: forged"}, Never: []string{"gone"}, Within: 9 * time.Second},
	},
}

// faultsReading: disks that fail to read, or take their time.
var faultsReading = []scenario{
	{
		id: "D18", fault: "Read errors outside the file system's metadata", done: "the last 64 KiB of the disk, behind the file system, cannot be read", on: "disk",
		broken: func(r *rig) {
			r.grow(0, 64<<10)
			r.unreadable(0, r.size(0)/512-128, 128, false)
		},
		want: Want{End: Booted},
	},
	{
		id: "D19", name: "once", fault: "A read error on the superblock, once", done: "the first read of sector 2 fails", on: "disk",
		broken: func(r *rig) { r.unreadable(0, 2, 1, true) },
		want:   Want{End: Booted},
	},
	{
		id: "D19", name: "thrice", fault: "Read errors on the superblock, three times", done: "the first three reads of sector 2 fail", on: "disk",
		broken: func(r *rig) { r.unreadable(0, 2, 3, true) },
		want:   Want{End: Booted},
	},
	{
		id: "D19", name: "always", fault: "A superblock that cannot be read", done: "every read of sector 2 fails; 8 s to wait", on: "disk",
		broken: func(r *rig) {
			r.unreadable(0, 2, 1, false)
			r.word("rd.retry=8")
		},
		want: Want{End: Rebooted, Reason: "/dev/vda could not be read", Says: []string{"input/output error"}},
	},
	{
		id: "D20", fault: "A very slow disk", done: "40 requests a second", on: "disk",
		broken: func(r *rig) { r.spec.Disks[0].IOPS = 40 },
		want:   Want{End: Booted},
	},
	{
		id: "D20", name: "crawls", fault: "A disk that crawls", done: "1 request a second", on: "gpt",
		broken: func(r *rig) {
			r.spec.Disks[0].IOPS = 1
			r.spec.Limit = 400 * time.Second
		},
		want: Want{End: Booted, Within: 120 * time.Second, Says: []string{"so far"}},
	},
	{
		id: "D21", name: "other", fault: "Another disk hangs without an error", done: "a virtio-scsi disk that answers nothing, beside root", on: "scsi",
		broken: func(r *rig) {
			r.spec.Disks[0].Late = true
			r.addHanging()
		},
		during: func(_ *rig, m *vm.Machine) error {
			return steps(m, say("Virtio SCSI HBA"), plugHanging, pause(2*time.Second), plug(0))
		},
		want: Want{End: Booted, Within: 40 * time.Second, Stays: true},
	},
	{
		id: "D21", name: "root", fault: "The root disk hangs without an error", done: "virtio-scsi, answers nothing; 15 s to wait", on: "scsi",
		broken: func(r *rig) {
			r.spec.Disks, r.may = nil, nil
			r.addHanging()
			r.word("rd.retry=15")
		},
		during: func(_ *rig, m *vm.Machine) error { return steps(m, say("Virtio SCSI HBA"), plugHanging) },
		want:   Want{End: Rebooted, Reason: "the deadline has passed; no disk can be used: disk sda has been found, but does not answer", Within: 80 * time.Second, Until: "sysrq: Resetting"},
	},
	{
		id: "D22", name: "empty", fault: "A drive without a medium", done: "an empty CD drive beside root", on: "scsi",
		broken: func(r *rig) {
			r.drivers += " sr_mod"
			r.spec.Extra = append(r.spec.Extra, "-device", "virtio-scsi-pci,id=scsi", "-device", "scsi-cd,id=cd0,bus=scsi.0")
		},
		want: Want{End: Booted},
	},
	{
		id: "D22", name: "change", fault: "The medium comes late", done: "the drive is empty; the medium with root is put in after 4 s", on: "cd",
		broken: func(r *rig) {
			r.spec.Extra = []string{"-device", "virtio-scsi-pci,id=scsi", "-device", "scsi-cd,id=cd0,bus=scsi.0"}
		},
		during: func(r *rig, m *vm.Machine) error {
			insert := func(m *vm.Machine) error {
				return m.QMP("blockdev-change-medium", map[string]any{"id": "cd0", "filename": r.spec.Disks[0].Path, "format": "raw", "read-only-mode": "read-only"})
			}
			return steps(m, say(" as init process"), pause(4*time.Second), insert)
		},
		want: Want{End: Booted, NotBefore: 3 * time.Second},
	},
}

// addHanging makes a disk that never answers and its controller; plugHanging attaches it: the firmware would wait for it,
// and QEMU too, which reads a partition table to guess the geometry unless it is given.
func (r *rig) addHanging() {
	r.spec.Extra = append(r.spec.Extra, "-device", "virtio-scsi-pci,id=hang",
		"-blockdev", "driver=null-co,node-name=hang,size=67108864,latency-ns=3600000000000")
}

func plugHanging(m *vm.Machine) error {
	return m.QMP("device_add", map[string]any{"driver": "scsi-hd", "bus": "hang.0", "drive": "hang", "serial": "hang0", "cyls": 8, "heads": 255, "secs": 63})
}

// unreadable makes sectors of a disk fail, by QEMU's blkdebug: each once, or for ever. With once set, n is how often the first sector fails.
func (r *rig) unreadable(disk int, first int64, n int, once bool) {
	var b strings.Builder
	b.WriteString("driver=raw,file.driver=blkdebug,file.image.driver=file,file.image.filename=IMAGE,file.image.locking=off")
	for k := range n {
		sector := first + int64(k)
		if once {
			sector = first
		}
		fmt.Fprintf(&b, ",file.inject-error.%d.event=none,file.inject-error.%d.iotype=read,file.inject-error.%d.errno=5,file.inject-error.%d.sector=%d,file.inject-error.%d.once=%s",
			k, k, k, k, sector, k, map[bool]string{true: "on", false: "off"}[once])
	}
	r.device(disk, b.String(), "virtio-blk-pci,serial=root0")
}

// faultsNames: what root= may be called.
var faultsNames = []scenario{
	{
		id: "D23", fault: "A path out of /dev/disk", done: "root=/dev/disk/by-uuid/../../vda", on: "disk",
		broken: func(r *rig) { r.root = "/dev/disk/by-uuid/../../vda" },
		want:   Want{End: Rebooted, Reason: `write the path without ".."`, Within: 5 * time.Second},
	},
	{
		id: "D23", name: "loop", fault: "Links that lead to each other", done: "root=/dev/one, which is a link to /dev/two and back", on: "disk",
		broken: func(r *rig) {
			r.root = "/dev/one"
			r.word("rd.retry=8")
			r.beside("ln -s two /dev/one; ln -s one /dev/two")
		},
		want: Want{End: Rebooted, Reason: "/dev/one"},
	},
	label("space", "my root", `LABEL=my\x20root`),
	label("quoted", "my root", `"LABEL=my root"`),
	label("utf8", "größe", "LABEL=größe"),
	label("slash", "a/b", "LABEL=a/b"),
	label("by-label", "a/b c", `/dev/disk/by-label/a\x2fb\x20c`),
	label("backslash", `a\x20b`, `LABEL=a\x5cx20b`),
	label("backslash-typed", `a\x20b`, `LABEL=a\x20b`),
	{
		id: "D25", name: "nvme", fault: "A partition of an NVMe disk by its node", done: "root=/dev/nvme0n1p3", on: "nvme",
		want: Want{End: Booted, Root: []string{"source=/dev/nvme0n1p3"}},
	},
	{
		id: "D25", name: "partlabel", fault: "A partition by its name", done: "root=PARTLABEL=the\\x20root", on: "three",
		broken: func(r *rig) { r.root = `PARTLABEL=the\x20root` },
		want:   Want{End: Booted, Root: []string{"source=/dev/vda3"}},
	},
	{
		id: "D25", name: "partnroff", fault: "A partition by the one two before it", done: "PARTUUID=…/PARTNROFF=2", on: "three",
		broken: func(r *rig) { r.root = "PARTUUID=" + partID(1) + "/PARTNROFF=2" },
		want:   Want{End: Booted, Root: []string{"source=/dev/vda3"}},
	},
	{
		id: "D25", name: "malformed", fault: "A word that the kernel does not know either", done: "PARTUUID=…/PARTNR=3", on: "three",
		broken: func(r *rig) { r.root = "PARTUUID=" + partID(1) + "/PARTNR=3" },
		want:   Want{End: Rebooted, Reason: "PARTNROFF=N", Within: 5 * time.Second},
	},
	{
		id: "D25", name: "absent", fault: "A partition that is not there, of a disk that is", done: "root=/dev/vda4; 8 s to wait", on: "three",
		broken: func(r *rig) {
			r.root = "/dev/vda4"
			r.word("rd.retry=8")
		},
		want: Want{End: Rebooted, Reason: "has no such partition"},
	},
}

// label boots a root with a label by a spelling of it.
func label(name, is, root string) scenario {
	return scenario{
		id: "D24", name: name, fault: "The label " + strings.ReplaceAll(is, `\`, `\\`), done: "root=" + strings.ReplaceAll(root, `\`, `\\`), on: "disk",
		broken: func(r *rig) {
			r.spec.Disks, r.may = nil, nil
			r.addRoot(vm.Root{Label: is})
			r.root = root
			if strings.HasPrefix(root, `"`) {
				r.root = ""
				r.word(`"root=` + root[1:])
			}
		},
		want: Want{End: Booted},
	}
}
