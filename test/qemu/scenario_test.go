package qemu

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/preroot/preroot/internal/vm"
)

// The scenarios that initrd(4) gives under "Usage". No image has a driver for a disk: the kernel has ext2 in it, as the page says, and the rest is on the RAM
// disk.

// scenario is a machine without disks whose image has nothing but a classic initrd.
func scenario(t *testing.T, initrd string) vm.Spec {
	t.Helper()
	s := plain(t, image{drivers: "ext4", initrd: initrd}, "")
	s.Cmdline, s.Disks = serial, nil
	return s
}

// scenarioDisk is a RAM disk whose /linuxrc is a script of the folder scenario.
func scenarioDisk(t *testing.T, name string, modules map[string][]string) ramdisk {
	t.Helper()
	files := map[string]string{"lib.sh": read(t, "../initrd/linuxrc/lib.sh"), "disc.sh": read(t, "scenario/disc.sh")}
	return ramdisk{name: name, linuxrc: read(t, "scenario/"+name+".sh"), pack: true, files: files, modules: modules}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// run runs a program of the host.
func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
}

// blank is a disk with nothing on it.
func blank(t *testing.T, name string, mib int64) vm.Disk {
	t.Helper()
	path := filepath.Join(t.TempDir(), name+".img")
	if err := writeFile(path, ""); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, mib<<20); err != nil {
		t.Fatal(err)
	}
	return vm.Disk{Path: path}
}

// disc is a CD-ROM with a small system.
func disc(t *testing.T) string {
	t.Helper()
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Fatal(err)
	}
	return makeOnce(t, "disc.iso", vm.Root{
		FS: "iso9660", Init: program(t, benchDir+"/rootinit.c"), Files: map[string]string{"bin/busybox": busybox, "sbin/facts": "scenario/system.sh"}, Dirs: []string{"initrd"},
	}.Make)
}

// drives are CD-ROM drives on one bus, "" is one without a disc.
func drives(discs ...string) []string {
	args := []string{"-device", "virtio-scsi-pci,id=drives"}
	for i, d := range discs {
		device := "scsi-cd,bus=drives.0"
		if d != "" {
			args = append(args, "-drive", fmt.Sprintf("if=none,id=disc%d,format=raw,read-only=on,file=%s", i, d))
			device += fmt.Sprintf(",drive=disc%d", i)
		}
		args = append(args, "-device", device)
	}
	return args
}

// discModules are the drivers of such a drive.
var discModules = []string{"virtio_pci", "virtio_scsi", "sr_mod"}

// floppyBytes is what a floppy disk of 3.5 inches holds.
const floppyBytes = 1440 << 10

func mustFitFloppy(t *testing.T, path string) {
	t.Helper()
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if st.Size() > floppyBytes {
		t.Errorf("%s has %d bytes, a floppy disk has %d", path, st.Size(), floppyBytes)
	}
}

// TestScenarioInstallation: an initrd of the size of a floppy disk installs a system from CD-ROM to an empty disk, and starts it. That one writes the RAM disk, with what
// the installation has found out, to another disk; it is the initrd of the second boot, which has no disc and installs nothing.
func TestScenarioInstallation(t *testing.T) {
	t.Parallel()
	floppy := scenarioDisk(t, "install", map[string][]string{"virtio-blk": vm.VirtioBlk.Drivers(), "virtio-scsi": discModules, "iso9660": {"isofs"}})
	floppy.files["etc/name"] = "the floppy disk\n"
	initrd := floppy.make(t)
	mustFitFloppy(t, initrd)
	s := scenario(t, initrd)
	target, kept := blank(t, "target", 32), blank(t, "installed", ramdiskMiB)
	s.Cmdline += " rw"
	s.Disks, s.Extra = []vm.Disk{target, kept}, drives(disc(t))
	r := boot(t, s)
	mustSay(t, r, "FACT linuxrc initrd of the floppy disk", "FACT linuxrc installs from sr0 to vda", "FACT system / vda ext2 rw", "FACT system /initrd ram0 ext2 rw",
		"FACT system from sr0 to vda", "FACT system initrd written")

	run(t, "e2fsck", "-fn", kept.Path)
	initrd = gzipped(t, kept.Path)
	mustFitFloppy(t, initrd)
	again := scenario(t, initrd)
	again.Cmdline += " rw"
	again.Disks = []vm.Disk{target}
	r = boot(t, again)
	mustSay(t, r, "FACT linuxrc initrd of the installed system", "FACT system / vda ext2 rw", "FACT system /initrd ram0 ext2 rw", "FACT system from sr0 to vda")
	if r.Says("installs from") || loaded(r, "isofs") {
		fail(t, r, "the installed system is installed again")
	}
}

// loaded tells whether a module was loaded when /linuxrc ended.
func loaded(r vm.Result, module string) bool {
	return slices.Contains(strings.Fields(r.Line("FACT linuxrc loaded")), module)
}

// TestScenarioMachines: one image for machines with their roots on different buses. A small disk of each has the file, executed by /linuxrc, that says which drivers are
// wanted; no others are loaded.
func TestScenarioMachines(t *testing.T) {
	controllers := map[vm.Bus]string{vm.VirtioSCSI: "virtio_scsi", vm.IDE: "ata_piix"}
	modules := map[string][]string{"virtio-blk": vm.VirtioBlk.Drivers()}
	for b := range controllers {
		modules[string(b)] = b.Drivers()
	}
	initrd := scenarioDisk(t, "machine", modules).make(t)
	for b := range controllers {
		t.Run(string(b), func(t *testing.T) {
			t.Parallel()
			s := scenario(t, initrd)
			s.Disks = []vm.Disk{configuration(t, b), {Path: initrdRoot(t, true), Bus: b, Snapshot: true}}
			r := boot(t, s)
			mustSay(t, r, "KEPT the RAM disk", "MOUNT /dev/"+b.Node()+" / ext4")
			for other, driver := range controllers {
				if loaded(r, driver) != (other == b) {
					fail(t, r, "not the drivers of this machine")
				}
			}
		})
	}
}

// configuration is the disk of one machine.
func configuration(t *testing.T, b vm.Bus) vm.Disk {
	t.Helper()
	dir, path := t.TempDir(), filepath.Join(t.TempDir(), "machine.img")
	if err := writeFile(filepath.Join(dir, "machine"), fmt.Sprintf("modules /%s\ndisk=%s\n", b, b.Node())); err != nil {
		t.Fatal(err)
	}
	run(t, "mke2fs", "-q", "-t", "ext2", "-d", dir, path, "1M")
	return vm.Disk{Path: path, ReadOnly: true}
}

// TestScenarioRecovery: /linuxrc asks on the console which disk is the root, and takes none that is not there, that is empty, or that holds no system.
func TestScenarioRecovery(t *testing.T) {
	t.Parallel()
	data := makeOnce(t, "data.img", vm.Root{SizeMiB: 16, Label: "data", UUID: "11111111-2222-3333-4444-66666666666a"}.Make)
	s := scenario(t, scenarioDisk(t, "recovery", map[string][]string{"modules": vm.VirtioBlk.Drivers()}).make(t))
	s.Disks = []vm.Disk{blank(t, "blank", 1), {Path: data, Snapshot: true}, {Path: initrdRoot(t, true), Snapshot: true}}
	r := talk(t, s,
		[2]string{"which is the root? one of vda vdb vdc", "sda\r"},
		[2]string{"sda is no disk one of vda", "vda\r"},
		[2]string{"vda has no ext4 one of vda", "vdb\r"},
		[2]string{"vdb has no system one of vda", "vdc\r"},
	)
	mustSay(t, r, "MOUNT /dev/vdc / ext4", "KEPT the RAM disk")
}

// TestScenarioDisc: the root is a CD-ROM in the second of two drives, found by /linuxrc; the first is empty.
func TestScenarioDisc(t *testing.T) {
	t.Parallel()
	s := scenario(t, scenarioDisk(t, "live", map[string][]string{"modules": append(discModules, "isofs")}).make(t))
	s.Extra = drives("", disc(t))
	mustSay(t, boot(t, s), "FACT system / sr1 iso9660 ro", "FACT system /initrd ram0 ext2 rw")
}
