// Command real boots real Debian systems, once with an image of preroot and
// twice with another (-reference), asks each running system what it finds
// (collect.sh), and prints what is different with preroot. What the two boots
// without preroot do not agree about says nothing.
//
//	go run ./test/real [-suites bookworm,trixie] [-fresh] ...
//
// It needs root (debootstrap, chroot), the machine's own Debian mirror, and
// build/init and build/preroot: run make. Systems are kept below
// $XDG_CACHE_HOME/preroot/real.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

type options struct {
	suites, layout, init, builder, drivers, words, reference string
	fresh, verbose, again, check, recorded                   bool
	memory, cpus                                             int
	limit                                                    time.Duration
}

func parse(args []string, errs io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("real", flag.ContinueOnError)
	f.SetOutput(errs)
	f.StringVar(&o.suites, "suites", "bookworm,trixie", "Debian suites")
	f.StringVar(&o.layout, "layout", "plain", "where the root lies: plain, lvm-on-luks or luks-on-lvm")
	f.StringVar(&o.init, "init", "build/init", "the program that becomes /init")
	f.StringVar(&o.builder, "preroot", "build/preroot", "the builder of images")
	f.StringVar(&o.drivers, "drivers", "", "drivers of the image; empty for a generic one")
	f.StringVar(&o.words, "append", "", "further kernel parameters, of every boot")
	f.StringVar(&o.reference, "reference", "initramfs-tools", "what else boots the system: initramfs-tools, dracut (without systemd in it) or switch_root (of util-linux, after a shell script)")
	f.BoolVar(&o.fresh, "fresh", false, "make the systems anew")
	f.BoolVar(&o.again, "again", false, "take the reference's answers of the last time")
	f.BoolVar(&o.verbose, "v", false, "show the consoles")
	f.BoolVar(&o.check, "check", false, "put the checker of the system into preroot's image")
	f.BoolVar(&o.recorded, "recorded", true, "the image of preroot has the system's crypttab, as one that is built on it has; without it names come from the new root")
	f.IntVar(&o.memory, "m", 2048, "memory in MiB")
	f.IntVar(&o.cpus, "smp", 2, "number of CPUs")
	f.DurationVar(&o.limit, "limit", 10*time.Minute, "wall-clock limit of one boot")
	return o, f.Parse(args)
}

func run(args []string, out, errs io.Writer) int {
	o, err := parse(args, errs)
	if err != nil {
		return 2
	}
	status := 0
	for suite := range strings.SplitSeq(o.suites, ",") {
		if err := o.compare(suite, out); err != nil {
			fmt.Fprintf(errs, "real: %s: %v\n", suite, err)
			status = 1
		}
	}
	return status
}

// compare makes the system of a suite, boots it by both and prints the
// differences. It fails when a system does not come up with preroot as it does
// without it.
func (o options) compare(suite string, out io.Writer) error {
	s, err := o.system(suite, out)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "== %s: %s\n", suite, s.versions())
	reference, err := o.references(s, out)
	if err != nil {
		return err
	}
	image := s.path("preroot.img")
	if err := s.build(o, image); err != nil {
		return err
	}
	ours, err := o.boot(s, "preroot", image, out)
	if err != nil {
		return err
	}
	return report(o.reference, ours, reference, out)
}

// references boots the system twice without preroot.
func (o options) references(s system, out io.Writer) ([]answers, error) {
	initrd, err := s.referenceImage(o.reference)
	if err != nil {
		return nil, err
	}
	var list []answers
	for _, n := range []string{"-1", "-2"} {
		name := o.reference + n
		a, err := readAnswers(s.path(name))
		if err != nil || !o.again {
			a, err = o.boot(s, name, initrd, out)
		}
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, nil
}
