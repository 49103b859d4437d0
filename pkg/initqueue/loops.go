package initqueue

import (
	"path"
	"slices"
	"strings"
)

// MaxRuns is how often a job may queue a job, itself or another, without a change from outside.
const MaxRuns = 1000

// loops finds jobs that queue each other for ever. What counts is a run that left something to be run: another file, another text, or
// work. A job that stays and is run in each round does not count.
type loops struct {
	changes uint64
	runs    map[string]int
	told    map[string]bool
	files   []File // the queue before the job that runs
	work    bool
}

// outside forgets all runs at a change from outside.
func (l *loops) outside(changes uint64) {
	if changes != l.changes {
		l.changes, l.runs, l.told = changes, nil, nil
	}
}

func (l *loops) before(k Known) {
	l.files, l.work = slices.Concat(k.Jobs, k.Settled), k.Work
}

func (l *loops) after(job File, k Known) {
	queued := k.Work && !l.work
	for _, f := range slices.Concat(k.Jobs, k.Settled) {
		queued = queued || !slices.Contains(l.files, f)
	}
	if !queued {
		return
	}
	if l.runs == nil {
		l.runs, l.told = map[string]int{}, map[string]bool{}
	}
	l.runs[key(job)]++
}

func (l *loops) stopped(f File) bool { return l.runs[key(f)] >= MaxRuns }

// tell says whether the job is stopped and nobody was told yet.
func (l *loops) tell(f File) bool {
	k := key(f)
	first := !l.told[k]
	l.told[k] = true
	return first
}

// key is the name of a job without the number of the process that queued it.
func key(f File) string {
	dir, base := path.Split(f.Path)
	return dir + strings.TrimRight(strings.TrimSuffix(base, ".sh"), "0123456789")
}
