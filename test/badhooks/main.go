// Command badhooks boots images of ours with hooks of bad character: each one in every stage, with dash and with busybox as the shell of hooks. The boot must end as it must,
// the hooks after the bad one run, the log names the bad one, and neither the kernel nor /init crashes.
//
//	go run ./test/badhooks [-dir DIR] [-table FILE] [-limit DURATION] [-j N] [-run REGEXP] [-stages A,B] [-earlier KEY,KEY]
//
// Results are kept and counted while build/init and build/preroot stay the same: a run that was stopped goes on. -earlier counts the good results of other builds too, by the keys that are
// printed at the beginning, where what was changed since does not touch them; the table names the key of each row. A machine whose hook waits for ever runs in virtual time,
// so that it takes no longer than any other.
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/preroot/preroot/test/trials"
)

func main() {
	dir := flag.String("dir", "build/badhooks", "where the results are kept")
	table := flag.String("table", "docs/bad-hooks.md", "the table that is written when every result is there; none writes none")
	limit := flag.Duration("limit", 15*time.Minute, "wall-clock time of a boot")
	run := flag.String("run", "", "the hooks to run, a regular expression")
	only := flag.String("stages", strings.Join(append(stages, failingStages...), ","), "the stages of hooks that need a boot for each")
	jobs := flag.Int("j", 1, "machines at once")
	earlier := flag.String("earlier", "", "keys of earlier builds whose good results count too")
	flag.Parse()
	r := &trials.Runner{Dir: *dir, Earlier: strings.Split(*earlier, ","), Seed: 1, Jobs: *jobs, Out: os.Stdout}
	if err := badhooks(r, *table, *limit, *run, strings.Split(*only, ",")); err != nil {
		fmt.Fprintln(os.Stderr, "badhooks:", err)
		os.Exit(1)
	}
}

func badhooks(r *trials.Runner, table string, limit time.Duration, run string, only []string) error {
	wanted, err := regexp.Compile(run)
	if err != nil {
		return err
	}
	if r.Key, err = trials.Hash("build/init", "build/preroot"); err != nil {
		return fmt.Errorf("%w; run make first", err)
	}
	work, err := os.MkdirTemp("", "preroot-badhooks-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	h, err := newHouse(work, limit)
	if err != nil {
		return err
	}
	cells := allCells(only)
	var sets []trials.Set
	for _, c := range cells {
		if wanted.MatchString(c.name()) {
			sets = append(sets, trials.Set{Name: c.name(), Count: 1, Do: h.do(c)})
		}
	}
	results, err := r.Run(sets)
	if err != nil {
		return err
	}
	bad := 0
	for _, one := range results {
		if one.Bad != "" {
			bad++
		}
	}
	if table != "none" && len(results) >= len(cells) {
		if err := os.WriteFile(table, []byte(tableText(cells, results)), 0o644); err != nil {
			return err
		}
	}
	fmt.Printf("%d boots, %d of them bad\n", len(results), bad)
	if bad > 0 {
		return fmt.Errorf("%d boots did not end as they must", bad)
	}
	return nil
}
