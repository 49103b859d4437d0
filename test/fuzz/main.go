// Command fuzz tries every fuzz target of the tree, and tries each of them out: it runs the target, counts the blocks of its package that the
// inputs reach which were found, and seeds one defect into the package, which the target must find.
//
//	fuzz [-time 60s] [-limit 60s] [-j N] [-dir build/fuzz] [-table] [TARGET...]
//
// A target is named by its package and function, kmod.FuzzMatch; patterns such as 'kmod.*' are taken. Everything is done in a copy of the
// tree. Results are kept under -dir and count while the sources stay the same: a run that was stopped goes on. A result that is bad is
// made anew, but not one with a crash: an input that broke the target once does not break it at every try.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := 0
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "fuzz: %v\n", err)
		status = 1
	}
	stop()
	os.Exit(status)
}

// tableFile is what -table writes.
const tableFile = "docs/fuzz.md"

func run(ctx context.Context, args []string, out io.Writer) error {
	f := flag.NewFlagSet("fuzz", flag.ExitOnError)
	r := runner{out: out}
	f.DurationVar(&r.time, "time", time.Minute, "how long each target runs")
	f.DurationVar(&r.limit, "limit", time.Minute, "how long a target may look for its defect")
	f.IntVar(&r.jobs, "j", 0, "workers of a target, 0 for one per processor")
	dir := f.String("dir", "build/fuzz", "where results, crashes and the copy of the tree lie")
	table := f.Bool("table", false, "write "+tableFile)
	_ = f.Parse(args)
	if *table && f.NArg() > 0 {
		return errors.New("-table is of all targets: name none")
	}
	var err error
	if r.dir, err = filepath.Abs(*dir); err != nil {
		return err
	}
	targets, err := findTargets(".")
	if err != nil {
		return err
	}
	if targets, err = wanted(targets, f.Args()); err != nil {
		return err
	}
	results, err := r.all(ctx, targets)
	if len(results) > 0 {
		writeTable(out, results)
	}
	if err != nil {
		return err
	}
	if *table {
		if err := os.WriteFile(tableFile, document(results, r.time), 0o644); err != nil {
			return err
		}
	}
	return judge(results)
}
