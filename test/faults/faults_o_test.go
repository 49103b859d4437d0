package faults

import (
	"bytes"
	"errors"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/vm"
	"github.com/preroot/preroot/pkg/kmod"
)

// noDriver is the end of a machine whose disk has no driver.
func noDriver(says ...string) Want {
	return Want{End: Rebooted, Reason: "the deadline has passed", Says: says}
}

// unsigned cuts off the signature (scripts/sign-file.c: signature, struct module_signature, this text).
func unsigned(data []byte) []byte {
	const mark = "~Module signature appended~\n"
	if !bytes.HasSuffix(data, []byte(mark)) {
		panic("the module has no signature")
	}
	end := len(data) - len(mark)
	length := int(data[end-4])<<24 | int(data[end-3])<<16 | int(data[end-2])<<8 | int(data[end-1])
	return data[:end-12-length]
}

func flipped(data []byte) []byte {
	data[len(data)/2] ^= 0x40
	return data
}

func half(data []byte) []byte { return data[:len(data)/2] }

// driver is a fault of the disk's driver on the usual machine.
func driver(id, name, fault, done string, broken func(*rig), want Want) scenario {
	return scenario{id: id, name: name, fault: fault, done: done, on: "disk", want: want, broken: func(r *rig) {
		r.word("rd.retry=2")
		broken(r)
	}}
}

// faultsO: modules and kernel.
var faultsO = []scenario{
	driver("O01", "file", "A module's file is missing", "virtio_blk.ko is a link to nowhere",
		func(r *rig) { r.loseModule("virtio_blk") }, noDriver("virtio_blk", "its file is not in the image")),
	driver("O01", "dependency", "The file of a module that it needs is missing", "virtio_ring.ko is a link to nowhere",
		func(r *rig) { r.loseModule("virtio_ring") }, noDriver("virtio_ring", "its file is not in the image")),
	driver("O01", "driver", "The disk's driver is not in the image", "an image built with virtio_pci and ext4 only",
		func(r *rig) { r.drivers = "virtio_pci ext4" }, noDriver("has no driver")),
	driver("O02", "unsigned", "A module without a signature is refused", "signature of virtio_blk.ko cut off, module.sig_enforce=1", func(r *rig) {
		r.changeModule("virtio_blk", unsigned)
		r.word("module.sig_enforce=1")
	}, noDriver("virtio_blk", "the kernel refuses its signature", "module.sig_enforce=1")),
	driver("O02", "lockdown", "A module without a signature is refused by lockdown", "signature of virtio_blk.ko cut off, lockdown=integrity", func(r *rig) {
		r.changeModule("virtio_blk", unsigned)
		r.word("lockdown=integrity")
	}, noDriver("virtio_blk", "lockdown=integrity")),
	driver("O02", "flipped", "A module whose signature does not fit", "one bit of virtio_blk.ko flipped, module.sig_enforce=1", func(r *rig) {
		r.changeModule("virtio_blk", flipped)
		r.word("module.sig_enforce=1")
	}, noDriver("virtio_blk", "the kernel refuses its signature")),
	driver("O03", "needed", "The disk's driver is cut off", "half of virtio_blk.ko",
		func(r *rig) { r.changeModule("virtio_blk", half) }, noDriver("virtio_blk", "its file is damaged")),
	driver("O03", "other", "A module that root does not need is cut off", "half of dummy.ko", func(r *rig) {
		r.drivers += " dummy"
		r.changeModule("dummy", half)
	}, Want{End: Booted, Says: []string{"module dummy", "its file is damaged"}}),
	driver("O03", "empty", "The disk's driver is an empty file", "virtio_blk.ko of 0 bytes",
		func(r *rig) { r.changeModule("virtio_blk", func([]byte) []byte { return nil }) }, noDriver("virtio_blk")),
	driver("O04", "dep", "modules.dep.bin is garbage", "4 KiB of text in its place",
		func(r *rig) { r.index("modules.dep.bin", bytes.Repeat([]byte("garbage "), 512)) }, noDriver("modules.dep.bin")),
	driver("O04", "cut", "modules.dep.bin is cut off", "its first 300 bytes in its place",
		func(r *rig) { r.index("modules.dep.bin", r.depIndex(nil)[:300]) }, noDriver("modules.dep.bin")),
	driver("O04", "alias", "modules.alias.bin is garbage", "4 KiB of text in its place",
		func(r *rig) { r.index("modules.alias.bin", bytes.Repeat([]byte("garbage "), 512)) }, Want{End: Booted}),
	driver("O04", "alias-needed", "modules.alias.bin is garbage, and the drivers are found by it", "generic image, 4 KiB of text in its place", func(r *rig) {
		r.drivers = ""
		r.index("modules.alias.bin", bytes.Repeat([]byte("garbage "), 512))
	}, noDriver("modules.alias.bin")),
	driver("O04", "huge", "modules.alias.bin has 100 MB", "100 MB of zeros behind its first bytes",
		func(r *rig) {
			r.index("modules.alias.bin", append([]byte{0xb0, 7, 0xf4, 0x57, 0, 2, 0, 1}, make([]byte, 100<<20)...))
		}, Want{End: Booted}),
	driver("O04", "cycle", "Modules that need each other: the kernel cannot load either", "modules.dep.bin: virtio_ring needs virtio_blk, which needs virtio_ring",
		func(r *rig) { r.index("modules.dep.bin", r.depIndex(map[string]string{"virtio_ring": "virtio_blk"})) }, noDriver("virtio_blk")),
	driver("O04", "self", "A module that needs itself", "modules.dep.bin: virtio_blk needs virtio_blk",
		func(r *rig) { r.index("modules.dep.bin", r.depIndex(map[string]string{"virtio_blk": "virtio_blk"})) }, Want{End: Booted}),
	{
		id: "O05", fault: "The load of a module never returns", on: "scsi",
		done: "root on virtio-scsi; a virtio disk that answers one byte a second, so that its driver waits for the partition table",
		broken: func(r *rig) {
			r.spec.Disks[0].Bus = vm.VirtioSCSI
			r.first("sleep 3") // time to plug it: the firmware would wait for it too
			dead := r.addBlank("dead", 64<<20)
			r.spec.Disks[dead].Late = true
			r.spec.Extra = append(r.spec.Extra, "-drive", "if=none,id=dead,format=raw,file.locking=off,throttling.bps-total=1,file="+r.spec.Disks[dead].Path)
			r.spec.Limit = 4 * time.Minute
		},
		during: func(_ *rig, m *vm.Machine) error {
			if err := steps(m, say("Run /helper/start")); err != nil {
				return err
			}
			err := m.QMP("device_add", map[string]any{"driver": "virtio-blk-pci", "drive": "dead", "id": "dead"})
			// The kernel's power-off would wait for the disk as well.
			return errors.Join(err, steps(m, say("ROOT at="), func(m *vm.Machine) error { return m.QMP("quit", nil) }))
		},
		want: Want{End: Booted, Says: []string{"takes longer than"}, Within: 60 * time.Second, Root: []string{"source=/dev/sda"}},
	},
	{
		id: "O06", fault: "The kernel panics", done: "`c` to sysrq-trigger while root is awaited; no panic= on the command line", on: "disk",
		broken: func(r *rig) {
			r.spec.Disks[0].Late, r.spec.Limit = true, 4*time.Minute
			r.beside("await '[ \"$(cat /proc/sys/kernel/panic)\" = 30 ]'\nsay crash\necho c >/proc/sysrq-trigger")
			r.word("--", "panic=") // behind -- the kernel does not read it, and the harness adds none
		},
		want: Want{End: Rebooted, Outside: "Rebooting in 30 seconds", Within: 90 * time.Second},
	},
	driver("O07", "blacklist", "The disk's driver is on the blacklist", "generic image, modprobe.blacklist=virtio_blk", func(r *rig) {
		r.drivers = ""
		r.word("modprobe.blacklist=virtio_blk")
	}, noDriver("virtio_blk")),
	driver("O07", "install", "modprobe.d has an install command", "install dummy /helper/mark", func(r *rig) {
		r.drivers += " dummy"
		r.script("helper/mark", "echo '<5>helper: the command has run' >/dev/kmsg")
		r.file("etc/modprobe.d/x.conf", 0o644, []byte("install dummy /helper/mark\n"))
	}, Want{End: Booted, Says: []string{"install"}, Never: []string{"the command has run"}}),
	driver("O07", "softdep", "modprobe.d has a soft dependency", "softdep virtio_blk pre: dummy", func(r *rig) {
		inside, _ := r.module("dummy")
		r.changeModule("dummy", func(b []byte) []byte { return b })
		r.index("modules.dep.bin", r.depIndex(map[string]string{strings.TrimPrefix(inside, "lib/modules/"+kernel(r.t, r.kernel).Version+"/"): ""}))
		r.file("etc/modprobe.d/x.conf", 0o644, []byte("softdep virtio_blk pre: dummy\n"))
		r.beside("await '[ -e /sys/module/dummy ]'\nsay dummy is there")
	}, Want{End: Booted, Says: []string{"helper: dummy is there"}}),
	{
		id: "O08", name: "module", fault: "Modules of another kernel, and the disk needs one", done: "image for 6.1-cloud, booted with 6.12-cloud", on: "disk",
		broken: func(r *rig) {
			r.boots = "6.12-cloud"
			r.word("rd.retry=2")
		},
		want: noDriver("lib/modules/6.12"),
	},
	{
		id: "O08", name: "built-in", fault: "Modules of another kernel, and root needs none", done: "image for 6.1-cloud, booted with 6.12-cloud, NVMe disk", on: "nvme",
		broken: func(r *rig) { r.boots = "6.12-cloud" },
		want:   Want{End: Booted, Says: []string{"lib/modules/6.12"}},
	},
}

// depIndex is a modules.dep.bin for the usual image: each module with what it needs by itself. more adds a need to a module, or a module without
// needs by its path.
func (r *rig) depIndex(more map[string]string) []byte {
	r.t.Helper()
	dir := "lib/modules/" + kernel(r.t, r.kernel).Version + "/"
	file := func(name string) string {
		inside, _ := r.module(name)
		return strings.TrimPrefix(inside, dir)
	}
	needs := map[string][]string{
		"virtio": {"virtio_ring"}, "virtio_ring": nil, "virtio_pci_legacy_dev": nil, "virtio_pci_modern_dev": nil,
		"virtio_pci": {"virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_ring", "virtio"}, "virtio_blk": {"virtio_ring", "virtio"},
	}
	var text strings.Builder
	for name, need := range more {
		if strings.Contains(name, "/") {
			text.WriteString(name + ":\n")
			continue
		}
		needs[name] = append(needs[name], need)
	}
	for name, list := range needs {
		text.WriteString(file(name) + ":")
		for _, n := range list {
			text.WriteString(" " + file(n))
		}
		text.WriteString("\n")
	}
	var b bytes.Buffer
	if err := kmod.WriteIndex(&b, kmod.DepEntries(text.String())); err != nil {
		r.t.Fatal(err)
	}
	return b.Bytes()
}
