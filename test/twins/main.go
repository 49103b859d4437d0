// Command twins boots machines that get two disks with the same file system, one after the other, while they boot, and
// judges by the kernel's log whether the right thing happened: as long as PID 1 has not been asked to switch, both are
// refused; later the first is booted. Beside them stand machines that look alike and must boot.
//
//	go run ./test/twins [-j N] [-seed N] [-times N] [SET...]
//
// Results are kept under build/twins and counted while build/init and build/preroot stay the same: a run that was stopped goes on.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/preroot/preroot/test/trials"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout)) }

func run(args []string, out io.Writer) int {
	f := flag.NewFlagSet("twins", flag.ExitOnError)
	jobs := f.Int("j", 1, "machines at once")
	seed := f.Uint64("seed", 1, "seed of the run")
	times := f.Int("times", 0, "boots of each set instead of its own number")
	dir := f.String("dir", "build/twins", "where the results are kept")
	_ = f.Parse(args)
	if err := twins(&trials.Runner{Dir: *dir, Seed: *seed, Jobs: *jobs, Only: f.Args(), Out: out}, *times); err != nil {
		fmt.Fprintf(os.Stderr, "twins: %v\n", err)
		return 1
	}
	return 0
}

func twins(r *trials.Runner, times int) (err error) {
	if r.Key, err = trials.Hash("build/init", "build/preroot"); err != nil {
		return fmt.Errorf("%w; run make first", err)
	}
	work, err := os.MkdirTemp("", "preroot-twins-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	sets := newHouse(work).sets(times)
	results, err := r.Run(sets)
	if err != nil {
		return err
	}
	if bad := trials.Table(r.Out, sets, results); bad > 0 {
		return fmt.Errorf("%d of %d boots did not end as they must", bad, len(results))
	}
	return nil
}
