package faults

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/preroot/preroot/internal/vm"
)

var writeReports = flag.Bool("reports", false, "break twenty machines and write docs/reports.md; the reports lie in build/reports for a reader who does not know the causes")

// A brokenMachine has one cause. Its report must name it to somebody who sees nothing else.
type brokenMachine struct {
	cause  string
	broken func(r *rig)
	names  string // what the report must say
}

// brokenMachines are in no order that gives anything away.
var brokenMachines = []brokenMachine{
	{"the program that interprets /sbin/init is missing", func(r *rig) {
		r.addTree(vm.Root{Init: text("#!/usr/bin/python9")})
	}, "/usr/bin/python9"},
	{"root= has a UUID with one wrong digit", func(r *rig) {
		r.addRoot(vm.Root{})
		r.root = "UUID=11111111-2222-3333-4444-555555555556"
	}, vm.RootUUID},
	{"the driver of the disk was left out of the image", func(r *rig) {
		r.addRoot(vm.Root{})
		r.drivers = "virtio_pci ext4"
	}, "virtio:d00000002"},
	{"the disk cannot be read at all", func(r *rig) {
		r.addRoot(vm.Root{})
		r.unreadable(0, -1, 1, false)
	}, "the disk, its cable or its controller is broken"},
	{"the superblock cannot be read", func(r *rig) {
		r.addRoot(vm.Root{})
		r.unreadable(0, 2, 2, false)
	}, "the disk answers, but is damaged in places"},
	{"the module of the root's file system was left out", func(r *rig) {
		r.addRoot(vm.Root{FS: "btrfs"})
	}, "btrfs"},
	{"the driver's firmware was left out", func(r *rig) {
		r.addRoot(vm.Root{})
		r.firmwareDriver()
	}, "fwdisk/fwdisk.bin"},
	{"the file system has errors that the check does not mend", func(r *rig) {
		r.addRoot(vm.Root{})
		r.script("sbin/fsck.ext4", `echo "benchroot: Inode 12 has illegal block(s)."; echo "benchroot: UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY."; exit 4`)
	}, "fsck"},
	{"the root holds no init", func(r *rig) { r.addTree(vm.Root{}) }, "no init"},
	{"the init is a program for another processor", func(r *rig) {
		r.addTree(vm.Root{Init: otherProcessor(r.t)})
	}, "aarch64"},
	{"the dynamic linker of /sbin/init is missing", func(r *rig) {
		r.addTree(vm.Root{Init: "/bin/true"})
	}, "ld-linux-x86-64.so.2"},
	{"a typing error in the options of / in the root's fstab", func(r *rig) {
		r.addRoot(vm.Root{Files: map[string]string{"/etc/fstab": text("UUID=" + vm.RootUUID + " / ext4 erors=remount-ro 0 1")}})
	}, "erors"},
	{"LABEL= was written for the name of a partition", func(r *rig) {
		r.addRoot(vm.Root{Table: "gpt"})
		r.root = "LABEL=" + vm.PartName
	}, "PARTLABEL="},
	{"the root is encrypted (LUKS)", func(r *rig) {
		r.root = "LABEL=system"
		r.add(vm.Disk{Path: luks(r.t), Serial: "crypt0"})
	}, "LUKS"},
	{"two disks with the same file system", func(r *rig) {
		r.addRoot(vm.Root{})
		r.add(vm.Disk{Path: r.master(vm.Root{}), Serial: "copy0"})
	}, "copy0"},
	{"rootfstype= names another file system", func(r *rig) {
		r.addRoot(vm.Root{})
		r.drivers += " xfs"
		r.word("rootfstype=xfs")
	}, "xfs"},
	{"an option in rootflags= that the file system does not know", func(r *rig) {
		r.addRoot(vm.Root{})
		r.word("rootflags=datta=journal")
	}, "datta"},
	{"the disk of /usr is missing", func(r *rig) {
		r.addRoot(vm.Root{Files: map[string]string{"/etc/fstab": text("UUID=" + vm.RootUUID + " / ext4 defaults 0 1\nUUID=" + usrUUID + " /usr ext4 defaults 0 2")}})
	}, usrUUID},
	{"there is no root= on the command line", func(r *rig) {
		r.addRoot(vm.Root{})
		r.root = ""
	}, "root="},
	{"the module of the disk's driver is cut off", func(r *rig) {
		r.addRoot(vm.Root{})
		k := kernel(r.t, r.kernel)
		r.file("lib/modules/"+k.Version+"/kernel/virtio_blk.ko", 0o644, []byte("\x7fELF\x02\x01\x01"))
	}, "virtio_blk"},
}

// TestReports breaks the machines and keeps what each said on its screen.
func TestReports(t *testing.T) {
	if !*writeReports {
		return // make reports
	}
	dir := "../../build/reports"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	page := "# What the report says\n\nWritten by `go test ./test/faults -run TestReports -reports`: twenty broken machines, one cause each, and the first and the last line of " +
		"what stood on the screen.\n\n"
	for i, b := range brokenMachines {
		t.Run(fmt.Sprintf("%02d", i+1), func(t *testing.T) {
			r := newRig(t, *builtInit)
			r.word("rd.retry=4")
			b.broken(r)
			result, err := vm.Run(r.build(), nil)
			if err == nil {
				err = result.Err()
			}
			if err != nil {
				t.Fatalf("%v\n%s", err, result.Report())
			}
			screen := screenOf(result.Lines)
			if len(screen) == 0 {
				t.Fatalf("no report\n%s", result.Report())
			}
			text := strings.Join(screen, "\n") + "\n"
			if err := writeFile(filepath.Join(dir, fmt.Sprintf("%02d.txt", i+1)), text); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(text, b.names) {
				t.Errorf("the report does not say %q:\n%s", b.names, text)
			}
			page += fmt.Sprintf("## %d. %s\n\n    %s\n    %s\n\n", i+1, b.cause, screen[0], screen[len(screen)-1])
		})
	}
	if err := writeFile("../../docs/reports.md", strings.TrimSuffix(page, "\n")); err != nil {
		t.Fatal(err)
	}
}

// screenOf is the report as a person sees it, without the kernel's times.
func screenOf(lines []string) []string {
	var screen []string
	for _, l := range lines {
		_, said, ours := strings.Cut(l, "preroot: ")
		switch {
		case ours && strings.HasPrefix(said, "boot stopped"):
			screen = []string{said}
		case ours && len(screen) > 0:
			screen = append(screen, said)
			if strings.HasPrefix(said, "reason: ") {
				return screen
			}
		}
	}
	return screen
}

// addTree attaches a root whose init is the scenario's own, or none.
func (r *rig) addTree(root vm.Root) {
	root.SizeMiB = 64
	name := fmt.Sprintf("tree-%x.img", root.Init)
	r.add(vm.Disk{Path: makeOnce(r.t, name, root.Make), Serial: "root0"})
	r.may[len(r.may)-1] = true
}

// otherProcessor is a program for arm64.
func otherProcessor(t *testing.T) string {
	t.Helper()
	return makeOnce(t, "foreign", func(path string) error {
		source := path + ".go"
		if err := writeFile(source, "package main\n\nfunc main() {}\n"); err != nil {
			return err
		}
		build := exec.Command("go", "build", "-o", path, source)
		build.Env = append(os.Environ(), "GOARCH=arm64", "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	})
}

// luks is an encrypted volume with a label.
func luks(t *testing.T) string {
	t.Helper()
	return makeOnce(t, "luks.img", func(path string) error {
		if err := exec.Command("truncate", "-s", "32M", path).Run(); err != nil {
			return err
		}
		format := exec.Command("cryptsetup", "luksFormat", "--batch-mode", "--type", "luks2", "--label", "system", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", path, "-")
		format.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
		format.Stdin = strings.NewReader("secret")
		if out, err := format.CombinedOutput(); err != nil {
			return fmt.Errorf("cryptsetup: %w: %s", err, out)
		}
		return nil
	})
}

// firmwareDriver puts a driver in the place of virtio_blk that needs firmware, and no firmware. No disk that QEMU has needs any.
func (r *rig) firmwareDriver() {
	k := kernel(r.t, r.kernel)
	module := makeOnce(r.t, "fwdisk.ko", func(path string) error { return buildModule(k, "testdata/fwdisk.c", path) })
	data, err := os.ReadFile(module)
	if err != nil {
		r.t.Fatal(err)
	}
	r.file("lib/modules/"+k.Version+"/kernel/virtio_blk.ko", 0o644, data)
}

// buildModule compiles a module with the headers of a kernel, unpacked beside it.
func buildModule(k vm.Kernel, source, to string) error {
	headers, err := vm.GetHeaders(k, os.Stderr)
	if err != nil {
		return err
	}
	dir := filepath.Dir(to)
	name := strings.TrimSuffix(filepath.Base(source), ".c")
	text, err := os.ReadFile(source)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".c"), text, 0o644)
	}
	if err == nil {
		err = writeFile(filepath.Join(dir, "Kbuild"), "obj-m := "+name+".o\n")
	}
	if err != nil {
		return err
	}
	out, err := exec.Command("make", "-C", headers, "M="+dir, "modules").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// TestReportsAreMany: there are twenty, and each names its cause.
func TestReportsAreMany(t *testing.T) {
	if len(brokenMachines) != 20 || slices.ContainsFunc(brokenMachines, func(b brokenMachine) bool { return b.names == "" || b.cause == "" }) {
		t.Errorf("%d machines", len(brokenMachines))
	}
}
