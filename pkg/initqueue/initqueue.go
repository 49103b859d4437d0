// Package initqueue is the one place of a boot that waits. A single goroutine takes one event at a time (a uevent, the result
// of a job, a timer), lets the owner fold it into what is known, asks what should run now, and starts those jobs elsewhere;
// their results are events again.
//
// It is level-triggered: the owner decides by what is known, never by the event, so a lost or doubled message costs one
// more look and nothing else. The loop itself never opens a device, reads an attribute, or takes a lock that a job holds.
//
//	event -> Owner.Handle -> Owner.Next -> jobs + verdict -> (wait | done | failed)
//
// The hooks of dracut's initqueue are run by Rounds, a part of an owner: Rounds.Next gives the hook to run now as a Job, Rounds.Handle takes its
// result. The order is Queue's, a machine without time or files; who sources hooks (Hooks) and who lists directories (Places) is somebody
// else. The owner wakes the loop by an event after each uevent, each change of the directories (inotify: a file moved in, written or
// deleted), each change of udev between busy and idle, and on Rounds.Wake. What /sbin/initqueue does in the image is Add.
package initqueue

import (
	"fmt"
	"slices"
	"time"
)

// Event is anything the owner understands.
type Event any

// Job is work that may block. Run is called in a goroutine of its own; what it returns is the next event.
type Job struct {
	// Key names the job; while one runs, another with its key is not started.
	Key string
	// Limit is how long the job may take before it is abandoned: a job that blocks in the kernel cannot be ended, but
	// it is not waited for. Zero is for ever.
	Limit time.Duration
	// Holds says that a person is waited for: the deadline of the wait stands still meanwhile.
	Holds bool
	Run   func() Event
}

// Abandoned is the event of a job that passed its limit. Its result still comes if it ever ends.
type Abandoned struct {
	Key   string
	Limit time.Duration
}

// Idle is the event of a moment without running jobs; it comes once for each such moment.
type Idle struct{}

// Tick is the event of Loop.Tick.
type Tick struct{}

// TimeUp is the event of the deadline of the whole wait.
type TimeUp struct{}

// Verdict is what the owner says after each event.
type Verdict int

// Wait goes on; Done ends the wait with success; Failed ends it with Owner.Err.
const (
	Wait Verdict = iota
	Done
	Failed
)

// Owner knows what is known and decides what is to be done; it is called from the loop's goroutine only.
type Owner interface {
	// Handle folds an event into what is known.
	Handle(Event)
	// Next says what should run now, and whether the wait is over: what it names then runs beside what follows. Jobs that run already may be named again.
	Next() ([]Job, Verdict)
	// Err is why the wait failed.
	Err() error
}

// Loop waits. It may wait several times, one after the other: a job that is still under way when a wait ends counts as
// running in the next one, which gets its result.
type Loop struct {
	Owner Owner
	// Spawn starts a goroutine that turns a panic into an event by calling report.
	Spawn func(name string, report func(name, trace string), f func())
	// Events brings what comes from outside: uevents, signals.
	Events <-chan Event
	// Limit is the deadline of the whole wait; zero is for ever.
	Limit time.Duration
	// Tick is how often the owner gets a Tick, for what a person is to see; zero is never.
	Tick time.Duration
	// Over is closed when no wait will follow: what still runs then ends into nothing.
	Over <-chan struct{}

	running map[string]*time.Timer
	holding map[string]bool // those of them that hold the deadline
	late    map[string]bool
	backlog []Job // asked for, not yet started
	results chan result
}

type result struct {
	key   string
	event Event
}

// maxRunning bounds the jobs that run at once; the rest wait in the backlog.
const maxRunning = 64

// Panicked is the event of a job that panicked.
type Panicked struct{ Key, Trace string }

// Run waits until the owner says that the wait is over, and returns Owner.Err after a failure.
func (l *Loop) Run() error {
	if l.results == nil {
		l.running, l.holding, l.late, l.results = map[string]*time.Timer{}, map[string]bool{}, map[string]bool{}, make(chan result)
	}
	deadline := newDeadline(l.Limit)
	defer deadline.hold(true)
	tick, stopTick := l.ticker()
	defer stopTick()
	idle := false
	for {
		jobs, verdict := l.Owner.Next()
		l.start(jobs)
		if verdict != Wait {
			return l.verdict(verdict)
		}
		deadline.hold(len(l.holding) > 0)
		if len(l.running) == 0 && !idle {
			idle = true
			l.Owner.Handle(Idle{})
			continue
		}
		select {
		case ev := <-l.Events:
			l.Owner.Handle(ev)
		case r := <-l.results:
			l.finish(r)
		case <-deadline.timer.C:
			l.Owner.Handle(TimeUp{})
		case <-tick:
			l.Owner.Handle(Tick{})
			continue
		}
		idle = false
	}
}

func (l *Loop) verdict(v Verdict) error {
	if v == Done {
		return nil
	}
	if err := l.Owner.Err(); err != nil {
		return err
	}
	return fmt.Errorf("the wait failed without a reason")
}

func (l *Loop) ticker() (<-chan time.Time, func()) {
	if l.Tick <= 0 {
		return nil, func() {}
	}
	t := time.NewTicker(l.Tick)
	return t.C, t.Stop
}

func (l *Loop) start(jobs []Job) {
	for _, j := range jobs {
		if _, runs := l.running[j.Key]; !runs && !l.late[j.Key] && !l.waits(j.Key) {
			l.backlog = append(l.backlog, j)
		}
	}
	for len(l.backlog) > 0 && len(l.running) < maxRunning {
		j := l.backlog[0]
		l.backlog = l.backlog[1:]
		l.startOne(j)
	}
}

// waits says whether a job of that key is in the backlog.
func (l *Loop) waits(key string) bool {
	return slices.ContainsFunc(l.backlog, func(j Job) bool { return j.Key == key })
}

func (l *Loop) startOne(j Job) {
	l.running[j.Key] = nil
	if j.Holds {
		l.holding[j.Key] = true
	}
	if j.Limit > 0 {
		l.running[j.Key] = time.AfterFunc(j.Limit, func() {
			l.send(result{j.Key, Abandoned{j.Key, j.Limit}})
		})
	}
	failed := func(_, trace string) { l.send(result{j.Key, Panicked{j.Key, trace}}) }
	l.Spawn(j.Key, failed, func() { l.send(result{j.Key, j.Run()}) })
}

// finish takes a result. A job past its limit no longer counts as running, but its key stays taken until it ends.
func (l *Loop) finish(r result) {
	if _, abandoned := r.event.(Abandoned); abandoned {
		if _, runs := l.running[r.key]; !runs {
			return
		}
		delete(l.running, r.key)
		delete(l.holding, r.key)
		l.late[r.key] = true
	} else {
		if t := l.running[r.key]; t != nil {
			t.Stop()
		}
		delete(l.running, r.key)
		delete(l.holding, r.key)
		delete(l.late, r.key)
	}
	l.Owner.Handle(r.event)
}

// send brings a result to the present wait or the next one.
func (l *Loop) send(r result) {
	select {
	case l.results <- r:
	case <-l.Over:
	}
}

// Running is the number of jobs that run and are not abandoned.
func (l *Loop) Running() int { return len(l.running) }
