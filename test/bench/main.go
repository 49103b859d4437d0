// Command bench measures the time from "the kernel starts /init" to "the real
// init runs", beside a floor: an init that knows everything in advance
// (floor.c). QEMU runs one guest instruction per virtual nanosecond, so the
// times repeat to well under one percent on any machine.
//
//	go run ./test/bench [-n 3] [-kernels "6.1-cloud 6.1"] [-generic]
//
// Boots of all are interleaved and the minimum counts. A spread over 3 % of the
// -n fastest in any, a floor more than 10 % off the last committed one
// (floor.txt), or a ratio below 1.0 is an error of the measurement and not a
// result. While the guest waits for its disk, which the host serves in real
// time, the virtual clock leaps to the next timer: a tick of 4 ms, or seconds on
// a host that is busy. So up to four times as many boots are made until that
// many agree; a leap only ever makes a boot slower.
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

type options struct {
	n             int
	kernels       string
	init, builder string
	generic       bool
	shm           string
}

func run(args []string, out, errs io.Writer) int {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(errs)
	f.IntVar(&o.n, "n", 3, "boots of each, at least 3")
	f.StringVar(&o.kernels, "kernels", "6.1-cloud 6.1", "kernels to measure on")
	f.StringVar(&o.init, "init", "build/init", "the program that becomes /init")
	f.StringVar(&o.builder, "preroot", "build/preroot", "the builder of images")
	f.BoolVar(&o.generic, "generic", false, "measure a generic image beside the one for known hardware")
	f.StringVar(&o.shm, "shm", "/dev/shm", "folder in memory for the disk")
	if err := f.Parse(args); err != nil {
		return 2
	}
	o.n = max(o.n, 3)
	if err := bench(o, out, errs); err != nil {
		fmt.Fprintf(errs, "bench: %v\n", err)
		return 1
	}
	return 0
}

func bench(o options, out, errs io.Writer) error {
	dir, err := os.MkdirTemp(o.shm, "preroot-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	disk, err := makeDisk(dir)
	if err != nil {
		return err
	}
	var all error
	fmt.Fprintf(out, "%-12s %-10s %9s %8s %5s %9s %8s %7s %7s  %s\n",
		"kernel", "image", "init s", "spread", "boots", "total s", "left kB", "kB", "ratio", "")
	for _, name := range strings.Fields(o.kernels) {
		k, err := vm.GetKernel(name, errs)
		if err != nil {
			return err
		}
		rows, err := o.measure(k, dir, disk, errs)
		if err != nil {
			return err
		}
		all = errors.Join(all, report(k, rows, out))
	}
	return all
}

// makeDisk makes the root of a measured boot.
func makeDisk(dir string) (string, error) {
	init := filepath.Join(dir, "rootinit")
	if err := vm.CompileC("test/bench/rootinit.c", init); err != nil {
		return "", err
	}
	disk := filepath.Join(dir, "root.ext4")
	return disk, vm.Root{Init: init}.Make(disk)
}

// A row is one image on one kernel.
type row struct {
	name  string
	image string
	boots []vm.Bench
	n     int // of the fastest that must agree
}

// measure boots each image n times, in turn.
func (o options) measure(k vm.Kernel, dir, disk string, errs io.Writer) ([]row, error) {
	rows, err := o.images(k, dir)
	if err != nil {
		return nil, err
	}
	for i := 0; i < o.n || i < maxRounds*o.n && slices.ContainsFunc(rows, func(r row) bool { return r.unsteady() != nil }); i++ {
		for j := range rows {
			rows[j].n = o.n
			b, err := bootOnce(k, rows[j].image, dir, disk)
			if err != nil {
				return nil, fmt.Errorf("%s on %s: %w", rows[j].name, k, err)
			}
			fmt.Fprintf(errs, "%s %s %d: %.6f s, %.6f s from power-on\n", k.Name, rows[j].name, i+1, b.InitSeconds, b.TotalSeconds)
			rows[j].boots = append(rows[j].boots, b)
		}
	}
	return rows, nil
}

func (o options) images(k vm.Kernel, dir string) ([]row, error) {
	floor := filepath.Join(dir, "floor-"+k.Name+".img")
	if err := makeFloor(k, dir, floor); err != nil {
		return nil, err
	}
	rows := []row{{name: "floor", image: floor}}
	known := row{name: "known", image: filepath.Join(dir, "known-"+k.Name+".img")}
	rows = append(rows, known)
	err := vm.Build{Builder: o.builder, Init: o.init, Drivers: "virtio_pci virtio_blk ext4"}.Make(k, known.image)
	if err == nil && o.generic {
		generic := row{name: "generic", image: filepath.Join(dir, "generic-"+k.Name+".img")}
		rows = append(rows, generic)
		err = vm.Build{Builder: o.builder, Init: o.init}.Make(k, generic.image)
	}
	return rows, err
}

// makeFloor builds the floor's image, compressed as a whole with zstd -19.
func makeFloor(k vm.Kernel, dir, image string) error {
	program := filepath.Join(dir, "floor")
	if err := vm.CompileC("test/bench/floor.c", program); err != nil {
		return err
	}
	modules, err := vm.FloorModules(k)
	if err != nil {
		return err
	}
	archive, err := vm.FloorImage(k, program, modules, "")
	if err != nil {
		return err
	}
	zstd := exec.Command("zstd", "-q", "-f", "-19", "-o", image)
	zstd.Stdin = strings.NewReader(string(archive))
	if out, err := zstd.CombinedOutput(); err != nil {
		return fmt.Errorf("zstd: %w: %s", err, out)
	}
	return nil
}

// maxRounds bounds the boots of each image, as a multiple of -n.
const maxRounds = 4

// bootOnce boots from a fresh raw copy in memory: with a snapshot the times
// scatter.
func bootOnce(k vm.Kernel, image, dir, disk string) (vm.Bench, error) {
	fresh := filepath.Join(dir, "root.fresh")
	defer os.Remove(fresh)
	if err := vm.Clone(disk, fresh); err != nil {
		return vm.Bench{}, err
	}
	r, err := vm.Run(vm.Spec{
		Kernel: k.Image(), Initrd: image, Icount: true, Limit: 5 * time.Minute,
		Cmdline: "console=ttyS0 quiet panic=-1 root=UUID=" + vm.RootUUID + " rw",
		Disks:   []vm.Disk{{Path: fresh}},
	}, nil)
	if err == nil {
		err = r.Err()
	}
	if err != nil {
		return vm.Bench{}, fmt.Errorf("%w\n%s", err, r.Report())
	}
	b, err := r.Bench()
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, r.Report())
	}
	return b, err
}

// fastest is the boot that counts.
func (r row) fastest() vm.Bench { return r.sorted()[0] }

// sorted has the boots, the fastest first.
func (r row) sorted() []vm.Bench {
	return slices.SortedFunc(slices.Values(r.boots), func(a, b vm.Bench) int { return cmp.Compare(a.InitSeconds, b.InitSeconds) })
}

// total is the shortest time from power-on.
func (r row) total() float64 {
	return slices.MinFunc(r.boots, func(a, b vm.Bench) int { return cmp.Compare(a.TotalSeconds, b.TotalSeconds) }).TotalSeconds
}

// spread is how far the slowest of the n fastest boots lies above the fastest,
// as a share.
func (r row) spread() float64 {
	boots := r.sorted()
	return boots[min(r.n, len(boots))-1].InitSeconds/boots[0].InitSeconds - 1
}
