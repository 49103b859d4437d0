// Command deb installs the package of make deb into whole Debian systems, and boots them by the images that its hooks make: first by the generic one that the
// installation in a chroot made, then by the one that the running system has made for itself. Each time the system has to say "running", with no failed unit;
// and the image before the last one has to stay until the new one has booted, and no longer.
//
//	go run ./test/deb [-suites bookworm,trixie] [-layouts ext4,lvm-on-luks] [-fresh] ...
//
// It needs root (debootstrap, chroot), the machine's own Debian mirror, and a package: run make test-deb. Systems are kept below $XDG_CACHE_HOME/preroot/deb;
// a cell that has passed is not run again while the package, the system and the layout are the same.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

type options struct {
	suites, layouts, deb, results string
	fresh, again, verbose         bool
	memory                        int
	limit                         time.Duration
}

func parse(args []string, errs io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("deb", flag.ContinueOnError)
	f.SetOutput(errs)
	f.StringVar(&o.suites, "suites", "bookworm,trixie", "Debian suites")
	f.StringVar(&o.layouts, "layouts", strings.Join(layoutNames(), ","), "where the root lies")
	f.StringVar(&o.deb, "deb", "", "the package (default: the newest of build/preroot_*_amd64.deb)")
	f.StringVar(&o.results, "results", "build/test-deb", "folder of results and consoles")
	f.BoolVar(&o.fresh, "fresh", false, "make the systems anew")
	f.BoolVar(&o.again, "again", false, "run cells that have passed, too")
	f.BoolVar(&o.verbose, "v", false, "show the consoles")
	f.IntVar(&o.memory, "m", 2048, "memory in MiB")
	f.DurationVar(&o.limit, "limit", 15*time.Minute, "wall-clock limit of one boot")
	return o, f.Parse(args)
}

func run(args []string, out, errs io.Writer) int {
	o, err := parse(args, errs)
	if err == nil {
		err = o.findPackage()
	}
	if err == nil {
		err = os.MkdirAll(o.results, 0o755)
	}
	if err != nil {
		fmt.Fprintln(errs, "deb:", err)
		return 2
	}
	failed := 0
	for suite := range strings.SplitSeq(o.suites, ",") {
		for name := range strings.SplitSeq(o.layouts, ",") {
			if err := o.cell(suite, name, out); err != nil {
				fmt.Fprintf(out, "FAIL %s %s: %v\n", suite, name, err)
				failed++
			}
		}
	}
	fmt.Fprintf(out, "%d cells failed\n", failed)
	return min(failed, 1)
}

// findPackage takes the newest package unless one was named.
func (o *options) findPackage() error {
	if o.deb != "" {
		return nil
	}
	list := matches("build/preroot_*_amd64.deb")
	if len(list) == 0 {
		return fmt.Errorf("build has no package: run make deb")
	}
	slices.SortFunc(list, func(a, b string) int { return modified(a).Compare(modified(b)) })
	o.deb = list[len(list)-1]
	return nil
}

// cell is one system with one layout.
func (o options) cell(suite, name string, out io.Writer) error {
	l, ok := layouts[name]
	if !ok {
		return fmt.Errorf("no layout %q: write %s", name, strings.Join(layoutNames(), ", "))
	}
	s, err := o.system(suite, out)
	if err != nil {
		return err
	}
	c := cell{options: o, system: s, layout: l, name: suite + "-" + name}
	if c.passed() && !o.again {
		fmt.Fprintf(out, "ok   %s %s (already)\n", suite, name)
		return nil
	}
	if err := c.test(out); err != nil {
		return err
	}
	fmt.Fprintf(out, "ok   %s %s\n", suite, name)
	return c.pass()
}
