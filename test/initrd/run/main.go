// Command run boots the classic initrds of test/initrd and says what was seen.
//
//	go run ./test/initrd/run [-list] [-build] [-table] [-column oracle] [-virtual] [-v] [CASE...]
//
// A column is oracle (a Linux 6.1 that does all by itself; -build only makes that kernel), preroot-builtin (the same kernel with preroot as its built-in initramfs) or preroot-KERNEL, KERNEL being a name of internal/vm
// (preroot-6.1-cloud), which needs build/init and build/preroot: run make. -column may be given more than once; the first is what the others
// are compared with; without any, all are. Without a number every case is booted. -table boots nothing, and writes the page of what the columns have shown, which
// fails where a difference is not explained. Results (JSON) and consoles lie below build/initrds, a folder for each column.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/preroot/preroot/internal/vm"
	"github.com/preroot/preroot/test/initrd"
	"github.com/preroot/preroot/test/initrd/oracle"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

type options struct {
	list, build, table, verbose, virtual bool
	columns                              []string
	results, page                        string
}

func run(args []string, out, errs io.Writer) int {
	var o options
	f := flag.NewFlagSet("run", flag.ContinueOnError)
	f.SetOutput(errs)
	f.BoolVar(&o.list, "list", false, "print the cases and boot none")
	f.BoolVar(&o.build, "build", false, "build the oracle's kernel and boot nothing")
	f.BoolVar(&o.table, "table", false, "write the page of results from what is known, and boot nothing")
	f.StringVar(&o.page, "page", "docs/initrd-boots.md", "the page that -table writes")
	f.BoolVar(&o.verbose, "v", false, "show the consoles")
	f.BoolVar(&o.virtual, "virtual", false, "guests count instructions instead of seconds: slower, but right on a machine that has much else to do")
	f.StringVar(&o.results, "dir", "build/initrds", "where the results are kept")
	f.Func("column", "`NAME` of a column, oracle or preroot-KERNEL (all if none is given)", func(name string) error {
		o.columns = append(o.columns, name)
		return nil
	})
	if err := f.Parse(args); err != nil {
		return 2
	}
	if len(o.columns) == 0 {
		o.columns = []string{oracle.Name, "preroot-6.1-cloud", "preroot-6.12-cloud", "preroot-sid"}
	}
	todo, err := choose(initrd.Cases(), f.Args())
	if err == nil {
		err = o.work(todo, out, errs)
	}
	if err != nil {
		fmt.Fprintf(errs, "initrd: %v\n", err)
		return 1
	}
	return 0
}

// choose takes the cases of these numbers; all without a number.
func choose(all []initrd.Case, numbers []string) ([]initrd.Case, error) {
	if len(numbers) == 0 {
		return all, nil
	}
	var chosen []initrd.Case
	for _, n := range numbers {
		number, err := strconv.Atoi(n)
		i := slices.IndexFunc(all, func(c initrd.Case) bool { return c.Number == number })
		if err != nil || i < 0 {
			return nil, fmt.Errorf("no case %q: -list prints them", n)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

func (o options) work(todo []initrd.Case, out, errs io.Writer) error {
	switch {
	case o.list:
		for _, c := range todo {
			fmt.Fprintf(out, "%2d  %s\n", c.Number, c.Title)
		}
		return nil
	case o.table:
		return o.writePage()
	case o.build:
		k, err := oracle.Get(errs)
		if err == nil {
			fmt.Fprintf(out, "%s in %s\n", k, k.Dir)
		}
		return err
	}
	dir, err := os.MkdirTemp("", "preroot-initrd-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	m := initrd.Maker{Shop: &vm.Workshop{Dir: dir, Log: errs}, Virtual: o.virtual}
	var columns []initrd.Column
	for _, name := range o.columns {
		c, err := column(m, name, errs)
		if err != nil {
			return err
		}
		columns = append(columns, c)
	}
	return o.bootAll(m, columns, todo, out, errs)
}

// writePage writes the page of results.
func (o options) writePage() error {
	var columns [][]initrd.Result
	for _, name := range o.columns {
		results, err := initrd.Results(filepath.Join(o.results, name))
		if err != nil {
			return err
		}
		columns = append(columns, results)
	}
	text, err := initrd.Page(columns)
	if err != nil {
		return err
	}
	return os.WriteFile(o.page, []byte(text), 0o644)
}

// column finds a column by its name.
func column(m initrd.Maker, name string, errs io.Writer) (initrd.Column, error) {
	if name == oracle.Name {
		k, err := oracle.Get(errs)
		return initrd.Alone{On: k}, err
	}
	if name == initrd.BuiltinName {
		k, err := oracle.Get(errs)
		link := func(archive string) (string, error) { return oracle.WithInitramfs(archive, errs) }
		return initrd.Builtin{On: k, Builder: "build/preroot", Init: "build/init", Helper: "build/initrd", Link: link}, err
	}
	kernel, ours := strings.CutPrefix(name, "preroot-")
	if !ours {
		return nil, fmt.Errorf("no column %q: write oracle, preroot-builtin or preroot-KERNEL", name)
	}
	k, err := m.Shop.Kernel(kernel)
	return initrd.Ours{On: k, Builder: "build/preroot", Init: "build/init"}, err
}

// bootAll boots each case in each column, and tells of it.
func (o options) bootAll(m initrd.Maker, columns []initrd.Column, todo []initrd.Case, out, errs io.Writer) error {
	failed := 0
	plain := map[string]initrd.Facts{} // of each column, what a boot without an initrd left
	for _, c := range todo {
		fmt.Fprintf(out, "%2d  %s\n", c.Number, c.Title)
		var first initrd.Result
		for i, col := range columns {
			r, err := o.boot(m, col, c, errs)
			if err != nil {
				return err
			}
			failed += min(1, len(r.Bad))
			tell(out, r)
			if c.FS == "" {
				plain[r.Column] = r.Facts
			} else if kept, err := initrd.Beyond(plain[r.Column], r.Facts); err == nil {
				fmt.Fprintf(out, "      memory: %d kB more in use than without an initrd\n", kept)
			}
			if i == 0 {
				first = r
				continue
			}
			for _, d := range initrd.Compare(first.Facts, r.Facts) {
				fmt.Fprintf(out, "      %s\n", d)
			}
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d boots did not show what they must; consoles in %s", failed, o.results)
	}
	return nil
}

// boot boots a case and keeps what was seen. A machine that could not be made is a result too.
func (o options) boot(m initrd.Maker, col initrd.Column, c initrd.Case, errs io.Writer) (initrd.Result, error) {
	var watch io.Writer
	if o.verbose {
		watch = errs
	}
	r, err := m.Boot(col, c, m.Shop.Dir, watch)
	if err != nil {
		r.Bad = append(r.Bad, "no machine: "+err.Error())
	}
	return r, r.Keep(filepath.Join(o.results, col.Name()))
}

// tell prints a result.
func tell(out io.Writer, r initrd.Result) {
	fmt.Fprintf(out, "    %s (%s), %.0f s: %s\n", r.Column, r.Kernel, r.Seconds, r.Cmdline)
	for _, f := range r.Facts {
		fmt.Fprintf(out, "      %s\n", f)
	}
	for _, k := range r.Said {
		fmt.Fprintf(out, "      kernel: %s\n", k)
	}
	for _, b := range r.Bad {
		fmt.Fprintf(out, "      BAD %s\n", b)
	}
}
