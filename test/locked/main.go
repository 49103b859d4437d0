// Command locked measures the way to a root on LUKS and on LVM: images of preroot beside one of dracut with its own shell /init, on the same disks, in virtual time (one instruction is a nanosecond).
// The key is a file of the image, so that nobody has to type.
//
//	go run ./test/locked [-n 3] [-spans]
//	go run ./test/locked -tools
//
// With -tools it measures the helpers of preroot beside the tools of LVM2 and cryptsetup instead, in a running machine.
//
// It fails where an image of preroot for known hardware needs more than a fifth of dracut's time from the start of /init to the real init. It needs dracut-core, lvm2 and cryptsetup, and build/ (make).
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

const (
	lockedUUID = "cccccccc-2222-4222-8222-222222222222"
	passphrase = "correct horse"
	share      = 0.2 // of dracut's time, at most
	limit      = 10 * time.Minute
)

// layouts are what the root lies on: how it is made on /dev/vdb, and the words that name it.
var layouts = []struct{ name, script, words string }{
	{"luks", "crypt luksFormat --uuid " + lockedUUID + " --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --sector-size 512 /dev/vdb; crypt open /dev/vdb volume; fill /dev/mapper/volume", "rd.luks.uuid=" + lockedUUID},
	{"lvm-linear", "lvm pvcreate -y /dev/vdb; lvm vgcreate -s 4M vg /dev/vdb; lvm lvcreate -y -l 10 -n root vg; fill /dev/vg/root", "rd.lvm.lv=vg/root"},
}

var (
	spans = flag.Bool("spans", false, "show preroot's own timelines")
	tools = flag.Bool("tools", false, "measure the helpers beside lvm2 and cryptsetup")
)

func main() {
	n := flag.Int("n", 3, "boots of each; the fastest counts")
	flag.Parse()
	work := func() error { return run(*n) }
	if *tools {
		work = compareTools
	}
	if err := work(); err != nil {
		fmt.Fprintln(os.Stderr, "locked:", err)
		os.Exit(1)
	}
}

// bench is what is made once.
type bench struct {
	dir    string
	kernel vm.Kernel
	images []image
}

type image struct{ name, path string }

func run(n int) error {
	dir, err := os.MkdirTemp("/dev/shm", "preroot-locked-") // virtual time is right for disks in memory
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	k, err := vm.GetKernel("6.1-cloud", os.Stdout)
	if err != nil {
		return err
	}
	fmt.Println(k)
	b := &bench{dir: dir, kernel: k}
	if err := b.makeImages(); err != nil {
		return err
	}
	var bad error
	for _, l := range layouts {
		disk := filepath.Join(dir, l.name+".img")
		if err := b.makeDisk(disk, l.script); err != nil {
			return err
		}
		bad = errors.Join(bad, b.measure(l.name, disk, l.words, n))
	}
	return bad
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

// makeDisk has a layout made from a root with the real init of the measurements.
func (b *bench) makeDisk(disk, script string) error {
	init := b.path("rootinit")
	root := b.path("root.img")
	if _, err := os.Stat(root); err != nil {
		if err := errors.Join(vm.CompileC("test/bench/rootinit.c", init), (vm.Root{Init: init, SizeMiB: 32, Block: 4096}).Make(root)); err != nil {
			return err
		}
	}
	if err := errors.Join(os.WriteFile(disk, nil, 0o644), os.Truncate(disk, 80<<20)); err != nil {
		return err
	}
	return vm.Workbench{
		Tools: []string{"/usr/sbin/lvm", "/usr/sbin/cryptsetup"}, Modules: []string{"dm_mod", "dm_crypt", "xts"},
		Files:  []vm.Entry{{Name: "pass", Mode: 0o600, Data: []byte(passphrase)}},
		Script: "fill() { dd if=/dev/vda of=$1 bs=1M || bad=\"$bad fill\"; }\n" + script,
		Disks:  []vm.Disk{{Path: root, Snapshot: true}, {Path: disk}},
	}.Run(b.dir)
}

// makeImages makes dracut's, and two of preroot's: for known hardware, and generic as dracut's is.
func (b *bench) makeImages() error {
	key, tab := b.path("key"), b.path("crypttab")
	line := "root UUID=" + lockedUUID + " /etc/keys/root.key luks\n"
	if err := errors.Join(os.WriteFile(key, []byte(passphrase), 0o600), os.WriteFile(tab, []byte(line), 0o600)); err != nil {
		return err
	}
	include := []string{"--include", key, "/etc/keys/root.key", "--include", tab, "/etc/crypttab"}
	args := append([]string{"--luks", "--lvm"}, include...)
	known, generic, dracut := b.path("known"), b.path("generic"), b.path("dracut")
	ours := vm.Build{Builder: "build/preroot", Init: "build/init", Drivers: "virtio_pci virtio_blk ext4", Args: args}
	err := ours.Make(b.kernel, known)
	ours.Drivers = ""
	err = errors.Join(err, ours.Make(b.kernel, generic))
	cmd := exec.Command("dracut", append([]string{
		"--quiet", "--force", "--no-hostonly", "--no-hostonly-cmdline", "--kver", b.kernel.Version, "--kmoddir", b.kernel.ModulesDir(), "--add", "crypt lvm dm",
		"--omit", "systemd systemd-initrd dracut-systemd plymouth network nfs iscsi multipath mdraid dmraid btrfs i18n", "--compress", "zstd"}, append(include, dracut)...)...)
	if out, failed := cmd.CombinedOutput(); failed != nil {
		err = errors.Join(err, fmt.Errorf("dracut: %w: %s", failed, out))
	}
	b.images = []image{{"dracut", dracut}, {"preroot generic", generic}, {"preroot known", known}}
	return err
}

// measure boots each image in turn, n times.
func (b *bench) measure(name, disk, words string, n int) error {
	best := map[string]float64{}
	for range n {
		for _, i := range b.images {
			own := b.path("own.img")
			if err := vm.Clone(disk, own); err != nil {
				return err
			}
			r, err := vm.Run(vm.Spec{
				Kernel: b.kernel.Image(), Initrd: i.path, Icount: true, Limit: limit, Disks: []vm.Disk{{Path: own}},
				Cmdline: "root=UUID=" + vm.RootUUID + " rw console=ttyS0 quiet panic=-1 " + words,
			}, nil)
			if err != nil {
				return err
			}
			t, err := r.Bench()
			if err != nil {
				return fmt.Errorf("%s, %s: %w\n%s", name, i.name, err, r.Report())
			}
			if *spans {
				for _, s := range t.Spans {
					fmt.Printf("  %8.4f %8.4f %s %s\n", float64(s.StartUS)/1e6, float64(s.DurationUS)/1e6, s.Kind, s.Name)
				}
			}
			if old, ok := best[i.name]; !ok || t.InitSeconds < old {
				best[i.name] = t.InitSeconds
			}
		}
	}
	var bad error
	for _, i := range b.images {
		part := best[i.name] / best["dracut"]
		fmt.Printf("%-12s %-16s %.3f s  %.3f\n", name, i.name, best[i.name], part)
		if i.name == "preroot known" && part > share {
			bad = errors.Join(bad, fmt.Errorf("%s: %s needs %.3f of dracut's time, at most %.1f is wanted", name, i.name, part, share))
		}
	}
	return bad
}
