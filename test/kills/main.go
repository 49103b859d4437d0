// Command kills does to booting machines, at drawn instants, what must not harm them: kills the engine, sends every signal to PID 1, lets
// the disk answer late, takes consoles away. Every boot must end in exactly one of the four ways, without a crash of kernel or /init.
//
//	go run ./test/kills [-j N] [-seed N] [-times N] [SET...]
//
// Results are kept under build/kills and counted while build/init and build/preroot stay the same: a run that was stopped goes on.
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
	f := flag.NewFlagSet("kills", flag.ExitOnError)
	jobs := f.Int("j", 1, "machines at once")
	seed := f.Uint64("seed", 1, "seed of the run")
	times := f.Int("times", 0, "boots of each set instead of its own number")
	dir := f.String("dir", "build/kills", "where the results are kept")
	_ = f.Parse(args)
	if err := kills(&trials.Runner{Dir: *dir, Seed: *seed, Jobs: *jobs, Only: f.Args(), Out: out}, *times); err != nil {
		fmt.Fprintf(os.Stderr, "kills: %v\n", err)
		return 1
	}
	return 0
}

func kills(r *trials.Runner, times int) (err error) {
	if r.Key, err = trials.Hash("build/init", "build/preroot"); err != nil {
		return fmt.Errorf("%w; run make first", err)
	}
	work, err := os.MkdirTemp("", "preroot-kills-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	h, err := newHouse(work)
	if err != nil {
		return err
	}
	sets := h.sets(times)
	results, err := r.Run(sets)
	if err != nil {
		return err
	}
	if bad := trials.Table(r.Out, sets, results); bad > 0 {
		return fmt.Errorf("%d of %d boots did not end as they must", bad, len(results))
	}
	return nil
}
