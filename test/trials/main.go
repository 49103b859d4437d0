package trials

import (
	"flag"
	"fmt"
	"io"
	"os"
)

// Main is the command of a statistic: it reads the options, makes a folder for the sets' disks and images, runs what has no result yet, and
// prints the table. It returns the exit status.
//
//	NAME [-j N] [-seed N] [-times N] [-dir DIR] [SET...]
//
// Results are kept under build/NAME and counted while build/init and build/preroot stay the same: a run that was stopped goes on.
func Main(name string, args []string, out io.Writer, sets func(work string, times int) ([]Set, error)) int {
	f := flag.NewFlagSet(name, flag.ExitOnError)
	jobs := f.Int("j", 1, "machines at once")
	seed := f.Uint64("seed", 1, "seed of the run")
	times := f.Int("times", 0, "boots of each set instead of its own number")
	dir := f.String("dir", "build/"+name, "where the results are kept")
	_ = f.Parse(args)
	r := &Runner{Dir: *dir, Seed: *seed, Jobs: *jobs, Only: f.Args(), Out: out}
	if err := r.boots(name, *times, sets); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		return 1
	}
	return 0
}

func (r *Runner) boots(name string, times int, prepare func(work string, times int) ([]Set, error)) (err error) {
	if r.Key, err = Hash("build/init", "build/preroot"); err != nil {
		return fmt.Errorf("%w; run make first", err)
	}
	work, err := os.MkdirTemp("", "preroot-"+name+"-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	sets, err := prepare(work, times)
	if err != nil {
		return err
	}
	results, err := r.Run(sets)
	if err != nil {
		return err
	}
	if bad := Table(r.Out, sets, results); bad > 0 {
		return fmt.Errorf("%d of %d boots did not end as they must", bad, len(results))
	}
	return nil
}
