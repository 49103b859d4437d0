// Command modules compares what fifteen modules of Debian's dracut put into an image: by dracut itself, and by preroot, which runs them unchanged
// (pkg/dracutmod). Both work inside the same system, made by debootstrap for each version of dracut and kept below the user's cache folder, for the same
// kernel; so the lists of files must be equal but for what the table of reasons says. What differs without a reason is a failure.
//
//	go run ./test/modules [-suite NAME] [-table] [MODULE...]     root, the machine's own Debian mirror
//
// Lists are kept in build/dracut-modules; dracut's are not made again while the system and the kernel are the same. -table writes docs/dracut-modules.md.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	if len(args) > 4 && args[0] == "-inside" {
		if err := ours(args[1], args[2], args[3], args[4:], os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	}
	f := flag.NewFlagSet("modules", flag.ContinueOnError)
	only := f.String("suite", "", "`NAME` of one suite")
	table := f.Bool("table", false, "write docs/dracut-modules.md")
	if err := f.Parse(args); err != nil {
		return 2
	}
	names := f.Args()
	if len(names) == 0 {
		names = modules
	}
	r, err := newRig()
	if err != nil {
		fmt.Fprintln(os.Stderr, "modules:", err)
		return 1
	}
	status := 0
	var rows []row
	for _, s := range suites {
		if *only != "" && *only != s.Name {
			continue
		}
		for _, m := range names {
			c, err := r.compare(s, m)
			if err != nil {
				fmt.Printf("%-9s %-15s FAILED: %s\n", s.Name, m, short(err))
				c.Failed = short(err)
			} else {
				fmt.Printf("%-9s %-15s %s\n", s.Name, m, c.words())
			}
			if err != nil || len(c.Unexplained) > 0 {
				status = 1
			}
			rows = append(rows, c)
		}
	}
	if *table {
		if err := writeTable(rows); err != nil {
			fmt.Fprintln(os.Stderr, "modules:", err)
			return 1
		}
	}
	return status
}
