// Command breakages breaks one file of a good image, boots it, and compares how that ended with what pkg/check says of the image.
//
//	go run ./test/breakages [-seed N] [-n 17] [-j 2] [-images PATTERN] [-table]
//	go run ./test/breakages -train | -list FILE | -judge | -write DIR
//
// There are fifteen good images (images.go): three of each dracut (059, 106, 112), of mkinitramfs and of preroot. Of each one n
// breakages are drawn: a file removed, or cut to half or to nothing; half of the files from all, half from those that a boot of this
// image opens (watch/learn.c). The machine has a virtio disk with an ext4 that is named by its UUID, in software emulation;
// the oracle is the real init's own line. Where a host is so busy that waits in the guest end too early, -virtual helps.
//
// Every boot leaves its result below build/breakages and is not booted again, so a run goes on where it was stopped. -table writes
// docs/breakages.md of what is known, and fails where check is wrong more often than it may be. The models of pkg/check were learned with
// other seeds and with -train, which removes each opened file once; -list boots breakages from a file, -judge asks check
// again about all boots that are known, and boots nothing.
//
// It needs root (mkinitramfs and dracut run in mount namespaces), debootstrap, initramfs-tools-core, QEMU and build/ (make).
package main

import (
	"flag"
	"fmt"
	"os"
	"path"
	"sync"

	"github.com/preroot/preroot/internal/vm"
)

// options are those of the command line.
type options struct {
	seed                uint64
	n, parallel         int
	images, list, write string
	train, judge, table bool
	virtual             bool
}

func main() {
	var o options
	flag.Uint64Var(&o.seed, "seed", 20261127, "seed of the draw")
	flag.IntVar(&o.n, "n", 17, "breakages of each image")
	flag.IntVar(&o.parallel, "j", 2, "machines at once")
	flag.StringVar(&o.images, "images", "*", "a pattern of path.Match")
	flag.BoolVar(&o.table, "table", false, "write docs/breakages.md of what is known, and boot nothing")
	flag.BoolVar(&o.train, "train", false, "remove each opened file once, instead of a draw")
	flag.StringVar(&o.list, "list", "", "a file of breakages to boot instead, one on a line: IMAGE PATH removed|half|empty")
	flag.BoolVar(&o.judge, "judge", false, "ask check about all boots that are known, or about those of -list, and boot nothing")
	flag.StringVar(&o.write, "write", "", "with -list: a folder, write the broken images there and boot nothing")
	flag.BoolVar(&o.virtual, "virtual", false, "guests count instructions instead of seconds: slower, but right on a machine that has much else to do")
	flag.Parse()
	if err := work(o); err != nil {
		fmt.Fprintln(os.Stderr, "breakages:", err)
		os.Exit(1)
	}
}

func work(o options) error {
	dir, err := os.MkdirTemp("/var/tmp", "preroot-breakages-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	r := &rig{dir: "build/breakages", shop: &vm.Workshop{Dir: dir, Log: os.Stdout}, virtual: o.virtual}
	fmt.Printf("seed %d\n", o.seed)
	if o.table {
		return r.writePage(o)
	}
	jobs := make(chan job)
	var wait sync.WaitGroup
	for range o.parallel {
		wait.Go(func() {
			for j := range jobs {
				r.do(j)
			}
		})
	}
	for _, g := range goods {
		if ok, _ := path.Match(o.images, g.name); !ok {
			continue
		}
		if e := r.image(o, g, jobs); e != nil {
			fmt.Println(g.name, e)
			err = fmt.Errorf("not all images could be made and watched")
		}
	}
	close(jobs)
	wait.Wait()
	return err
}

// job is one boot.
type job struct {
	i *image
	b breakage
}

func (r *rig) do(j job) {
	res, err := r.boot(j.i, j.b)
	if err != nil {
		fmt.Println(j.b, "ERROR", err)
		return
	}
	fmt.Printf("%-5v %5.1f s %s\n", res.Booted, res.Seconds, j.b)
}

// image does what the options say with one image.
func (r *rig) image(o options, g good, jobs chan<- job) error {
	var listed []breakage
	if o.list != "" {
		if listed = readList(o.list, g.name); len(listed) == 0 {
			return nil
		}
	}
	i, err := r.open(g)
	switch {
	case err != nil:
		return err
	case o.judge:
		return r.judgeKnown(i, listed)
	case o.write != "":
		return writeOut(o.write, i, listed)
	case o.list == "":
		if listed, err = r.drawn(o, i); err != nil {
			return err
		}
	}
	for _, b := range listed {
		jobs <- job{i, b}
	}
	return nil
}

// drawn are the unbroken image, and the breakages that are drawn of it.
func (r *rig) drawn(o options, i *image) ([]breakage, error) {
	opened, err := r.opened(i)
	if err != nil {
		return nil, err
	}
	list := []breakage{{Image: i.name}}
	if !o.train {
		return append(list, draw(i.good, i.all, opened, o.seed, o.n)...), nil
	}
	for _, f := range opened {
		list = append(list, breakage{i.name, f, removed, "training"})
	}
	return list, nil
}
