// Command layouts boots images that dracut has made, with dracut's own init and with ours in its place, from each way a root file system is laid out on
// disks, and compares what the real system finds.
//
//	go run ./test/layouts [-list] [-table] [-virtual] [-times [-n 5]] [-poweroff] [CELL...]
//
// A cell is a layout, a dracut (059, 106, 112 from Debian 12, 13 and sid), the shell of the image, and a generic image or one for the host; -list prints
// them all, and a cell that is named (a pattern of path.Match) is run alone. A cell that is passed is not run again while /init, the stock image, the disks
// and the kernel are the same. Results and consoles lie below build/layouts. What cannot be had (a package, a kernel) fails its cells.
//
// It needs root (debootstrap, chroot), the machine's own Debian mirror, QEMU, and build/init: run make. Systems, images and disks are kept below
// $XDG_CACHE_HOME/preroot/layouts.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

type options struct {
	list, table, times, virtual, verbose bool
	powerOff                             bool
	pairs                                int
	init, results, page                  string
}

func run(args []string, out, errs io.Writer) int {
	var o options
	f := flag.NewFlagSet("layouts", flag.ContinueOnError)
	f.SetOutput(errs)
	f.BoolVar(&o.list, "list", false, "print the cells and run none")
	f.BoolVar(&o.table, "table", false, "write the page of results from what is known, and run nothing")
	f.BoolVar(&o.times, "times", false, "measure the time of each layout, dracut's init beside ours")
	f.BoolVar(&o.virtual, "virtual", false, "guests count instructions instead of seconds: slower, but right on a machine that has much else to do")
	f.BoolVar(&o.powerOff, "poweroff", false, "show that a machine with its root on LVM on MD is switched off clean, by dracut's /shutdown")
	f.IntVar(&o.pairs, "n", 5, "pairs of boots that are measured")
	f.BoolVar(&o.verbose, "v", false, "show the consoles")
	f.StringVar(&o.init, "init", "build/init", "the program that becomes /init")
	f.StringVar(&o.results, "dir", "build/layouts", "where the results are kept")
	f.StringVar(&o.page, "page", "docs/layouts.md", "the page that -table writes")
	if err := f.Parse(args); err != nil {
		return 2
	}
	todo := choose(cells(), f.Args())
	if o.list {
		printList(out, todo)
		return 0
	}
	if err := o.work(f.Args(), todo, out, errs); err != nil {
		fmt.Fprintf(errs, "layouts: %v\n", err)
		return 1
	}
	return 0
}

// work does what is asked for.
func (o options) work(names []string, todo []Cell, out, errs io.Writer) error {
	r, err := newRig(o, errs)
	if err != nil {
		return err
	}
	defer r.close()
	switch {
	case o.table:
		return r.writePage(todo)
	case o.powerOff:
		return r.powerOff(names, out)
	case o.times:
		return r.measureAll(todo, out)
	}
	return r.runAll(todo, out)
}

// choose takes the cells that one of the patterns names; all without a pattern.
func choose(all []Cell, patterns []string) []Cell {
	if len(patterns) == 0 {
		return all
	}
	var chosen []Cell
	for _, c := range all {
		for _, p := range patterns {
			if ok, _ := path.Match(p, c.Name()); ok {
				chosen = append(chosen, c)
				break
			}
		}
	}
	return chosen
}

func printList(out io.Writer, list []Cell) {
	for _, c := range list {
		fmt.Fprintln(out, c.Name())
	}
	fmt.Fprintf(out, "%d cells\n", len(list))
}
