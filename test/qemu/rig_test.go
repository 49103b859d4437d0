package qemu

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/preroot/preroot/internal/vm"
)

// What is tested; paths are from this folder.
var (
	builtInit    = flag.String("init", "../../build/init", "the program that becomes /init")
	builtARM64   = flag.String("init-arm64", "../../build/arm64/init", "the same for arm64")
	builtBuilder = flag.String("preroot", "../../build/preroot", "the builder of images")
)

const benchDir = "../bench"

// shop holds what is made once for all tests: programs, disks, images.
var shop = vm.Workshop{Log: os.Stdout}

func TestMain(m *testing.M) {
	flag.Parse()
	dir, err := os.MkdirTemp("", "preroot-qemu-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	shop.Dir = dir
	status := m.Run()
	os.RemoveAll(dir)
	os.Exit(status)
}

func makeOnce(t *testing.T, name string, build func(path string) error) string {
	t.Helper()
	path, err := shop.Make(name, build)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func program(t *testing.T, source string) string {
	t.Helper()
	return programFor(t, vm.AMD64, source)
}

func programFor(t *testing.T, a vm.Arch, source string) string {
	t.Helper()
	name := strings.TrimSuffix(filepath.Base(source), ".c") + "-" + string(a)
	return makeOnce(t, name, func(path string) error { return vm.CompileFor(a, source, path) })
}

// rootDisk returns a master image; boots that write take a clone or a snapshot.
func rootDisk(t *testing.T, fs, table string) string {
	t.Helper()
	return rootDiskFor(t, vm.AMD64, vm.Root{FS: fs, Table: table})
}

// rootDiskFor is rootDisk for any kind of machine.
func rootDiskFor(t *testing.T, a vm.Arch, r vm.Root) string {
	t.Helper()
	r.Init = programFor(t, a, benchDir+"/rootinit.c")
	name := fmt.Sprintf("root-%s-%s%s-%t.img", a, r.FS, r.Table, r.Card)
	return makeOnce(t, name, r.Make)
}

// initFor is the /init that was built for a kind of machine.
func initFor(a vm.Arch) string {
	if a == vm.ARM64 {
		return *builtARM64
	}
	return *builtInit
}

// kernel returns a kernel of the cache; its version is printed once.
func kernel(t *testing.T, name string) vm.Kernel {
	t.Helper()
	k, err := shop.Kernel(name)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// An image says what initramfs a test wants.
type image struct {
	drivers  string   // "" is generic
	launcher []string // the orders of /launcher.conf; nil for none
	extra    []vm.Entry
	initrd   string // a classic initrd that it carries
	lvm      bool   // a root on LVM
	luks     bool   // a root on LUKS
	fscks    string // checkers of file systems, this host's
}

// known is the image for known hardware, the one that is measured.
const known = "virtio_pci virtio_blk ext4"

// build makes the image of preroot and appends what the test adds: the kernel
// unpacks one archive after the other.
func (i image) build(t *testing.T, k vm.Kernel) string {
	t.Helper()
	name := fmt.Sprintf("image-%s-%s", k.Name, strings.ReplaceAll(i.drivers, " ", "+"))
	var args []string
	if i.initrd != "" {
		name += "-" + filepath.Base(i.initrd)
		args = []string{"--initrd", i.initrd}
	}
	if i.lvm {
		name += "-lvm"
		args = append(args, "--lvm")
	}
	if i.luks {
		name += "-luks"
		args = append(args, "--luks")
	}
	if i.fscks != "" {
		name += "-" + strings.ReplaceAll(i.fscks, " ", "+")
		args = append(args, "--fscks", i.fscks)
	}
	base := makeOnce(t, name, func(path string) error {
		return vm.Build{Builder: *builtBuilder, Init: initFor(k.Arch), Drivers: i.drivers, Args: args}.Make(k, path)
	})
	extra := i.extra
	if i.launcher != nil {
		launcher, err := vm.ReadEntry("launcher", programFor(t, k.Arch, "launcher.c"))
		if err != nil {
			t.Fatal(err)
		}
		orders := vm.Entry{Name: "launcher.conf", Mode: 0o644, Data: []byte(strings.Join(i.launcher, "\n") + "\n")}
		extra = append(extra, launcher, orders)
	}
	if extra == nil {
		return base
	}
	path := filepath.Join(t.TempDir(), "initramfs.img")
	if err := vm.Extend(base, path, extra); err != nil {
		t.Fatal(err)
	}
	return path
}

// plain is the usual machine: the cloud kernel, an image for known hardware,
// ext4 on a virtio disk, found by UUID.
func plain(t *testing.T, i image, words string) vm.Spec {
	t.Helper()
	k := kernel(t, "6.1-cloud")
	if i.drivers == "" {
		i.drivers = known
	}
	if i.launcher != nil {
		// The launcher writes more than the ten lines in five seconds that the
		// kernel takes from a program otherwise.
		words += " rdinit=/launcher printk.devkmsg=on"
	}
	return machine(t, k, i.build(t, k), words)
}

// machine is a kernel and an image with the usual disk.
func machine(t *testing.T, k vm.Kernel, initrd, words string) vm.Spec {
	t.Helper()
	return vm.Spec{
		Arch: k.Arch, Kernel: k.Image(), Initrd: initrd,
		Cmdline: "root=UUID=" + vm.RootUUID + " rw " + words,
		Disks:   []vm.Disk{{Path: rootDiskFor(t, k.Arch, vm.Root{FS: "ext4"}), Serial: "root0", Snapshot: true}},
	}
}

// serial is the usual console of a test.
const serial = "console=ttyS0"

// boot runs a machine and fails the test on whatever is wrong with any run.
func boot(t *testing.T, s vm.Spec) vm.Result {
	t.Helper()
	r, err := vm.Run(s, nil)
	if err == nil {
		err = r.Err()
	}
	if err != nil {
		fail(t, r, "%v", err)
	}
	return r
}

// bootTyping boots with somebody who types each text when the console says what stands before it.
func bootTyping(t *testing.T, s vm.Spec, said ...string) vm.Result {
	t.Helper()
	m, err := vm.Start(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(said) && err == nil; i += 2 {
		if _, err = m.Await(said[i]); err == nil {
			err = m.Type(said[i+1])
		}
	}
	r := m.Wait()
	if err == nil {
		err = r.Err()
	}
	if err != nil {
		fail(t, r, "%v", err)
	}
	return r
}

// mustReach boots to root.
func mustReach(t *testing.T, s vm.Spec) vm.Bench {
	t.Helper()
	r := boot(t, s)
	b, err := r.Bench()
	if err != nil {
		fail(t, r, "%v", err)
	}
	return b
}

// mustSay fails unless each of the texts is on the console.
func mustSay(t *testing.T, r vm.Result, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !r.Says(text) {
			fail(t, r, "the console does not say %q", text)
		}
	}
}

func fail(t *testing.T, r vm.Result, format string, args ...any) {
	t.Helper()
	t.Fatalf(format+"\n%s", append(args, r.Report())...)
}

// writable replaces the first disk by a copy of its own, which the test can
// look into afterwards.
func writable(t *testing.T, s vm.Spec) (vm.Spec, string) {
	t.Helper()
	disk := s.Disks[0]
	own := filepath.Join(t.TempDir(), "root.img")
	if err := vm.Clone(disk.Path, own); err != nil {
		t.Fatal(err)
	}
	disk.Path, disk.Snapshot = own, false
	s.Disks = append([]vm.Disk{disk}, s.Disks[1:]...)
	return s, own
}

// reachedFile tells whether rootinit left its mark in the image.
func reachedFile(t *testing.T, disk string) bool {
	t.Helper()
	there, err := vm.FileInRoot(disk, "/reached")
	if err != nil {
		t.Fatal(err)
	}
	return there
}

func writeFile(path, text string) error { return os.WriteFile(path, []byte(text), 0o644) }

// helper is a helper of /init as an image has it.
func helper(t *testing.T, name string) vm.Entry {
	t.Helper()
	e, err := vm.ReadEntry("usr/lib/preroot/"+name, filepath.Join(filepath.Dir(*builtInit), name))
	if err != nil {
		t.Fatal(err)
	}
	return e
}
