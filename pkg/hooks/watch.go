package hooks

import (
	"slices"
	"time"
)

// Sample is one process of a session at a moment.
type Sample struct {
	PID int
	// Start is when it started, in clock ticks since the kernel did; with the PID it is the identity of the process.
	Start uint64
	// CPU is the time it has run, in ns or ticks; Wrote the bytes it has written. Both only grow.
	CPU, Wrote uint64
	// Typing is a process that waits for somebody at a terminal.
	Typing bool
	// Argv is its command line, or its name in brackets; Waits what it waits on, in words.
	Argv  []string
	Waits string
}

// Watch is the rule for hooks that take long. It holds no clock: times are given, and only grow.
type Watch struct {
	// Report is after which time, and then how often, a hook is reported.
	Report time.Duration
	// Limit is for how long nothing may have happened before the hook is ended; 0 is never.
	Limit time.Duration

	last     []Sample
	looked   bool
	changed  time.Duration
	reported int64
}

// Look takes a sample, now after the start of the hook, and says whether the hook is to be reported and whether it is to be ended. It is ended when for Limit no
// process of its session has used the CPU, been started, written or waited for somebody who types, and expired says that root's deadline has
// passed too. A session that cannot be looked at (known is false) counts as busy.
func (w *Watch) Look(now time.Duration, samples []Sample, known, expired bool) (report, end bool) {
	if n := int64(now / w.Report); n > w.reported {
		w.reported, report = n, true
	}
	if !known || !w.looked || active(w.last, samples) {
		w.changed = now
	}
	w.last, w.looked = samples, true
	return report, w.Limit > 0 && expired && now-w.changed >= w.Limit
}

// active says whether something happened between two samples. A process that ended is no work done by itself, but whoever waited for it
// runs next, and shows it.
func active(before, after []Sample) bool {
	return slices.ContainsFunc(after, func(p Sample) bool {
		i := slices.IndexFunc(before, func(q Sample) bool { return q.PID == p.PID && q.Start == p.Start })
		return i < 0 || p.Typing || p.CPU != before[i].CPU || p.Wrote != before[i].Wrote
	})
}
