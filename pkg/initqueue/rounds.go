package initqueue

import "time"

// Hooks sources hooks; its methods are called in a goroutine of their own, one at a time.
type Hooks interface {
	// Vote sources a hook of finished in a subshell with the variable main_loop set, and says whether its status was 0.
	Vote(path string, mainLoop int) bool
	// Source sources a job in the hook shell with the variables job and main_loop set. It returns main_loop and RDRETRY as the job
	// has left them.
	Source(path string, mainLoop int) (mainLoopAfter, retry int)
}

// Places are the directories of the queue.
type Places interface {
	// Look fills in Jobs, Settled, Finished, Timeout and Work.
	Look() Known
	// Remove removes a hook or work.
	Remove(path string) error
}

// Rounds runs a Queue inside a Loop: an owner asks Next, and hands the events of the jobs that it gets to Handle. All methods are
// called from the loop's goroutine.
type Rounds struct {
	Queue  Queue
	Hooks  Hooks
	Places Places
	// Clock counts for rd.retry. It stands still while a hook runs; the owner stops it while a prompt is open.
	Clock Clock
	// Retry is RDRETRY: twice the seconds of rd.retry.
	Retry int
	// Work is the path of initqueue/work.
	Work string
	// Wake makes the loop ask Next again; it is called from another goroutine.
	Wake func()
	// Warn says one line.
	Warn func(format string, args ...any)

	running bool
	timer   *time.Timer
}

// Outcome is where the rounds stand.
type Outcome int

// The outcomes of Next.
const (
	// Rounding: a hook runs, or something is waited for.
	Rounding Outcome = iota
	// GivenUp: rd.retry is over. The owner opens the emergency shell; asked again, the rounds go on.
	GivenUp
	// Finished: nothing is waited for any more.
	Finished
)

// HookKey is the key of the job that runs a hook.
const HookKey = "hook"

// hookDone is the event of a hook that has ended.
type hookDone struct {
	kind            Kind
	yes             bool
	mainLoop, retry int
}

// Next gives the hook to run now, if there is one. idle says that udev has nothing to do, changes grows with every uevent.
func (r *Rounds) Next(idle bool, changes uint64) ([]Job, Outcome) {
	for !r.running {
		k := r.Places.Look()
		k.Idle, k.Changes, k.Retry, k.Counted = idle, changes, r.Retry, r.Clock.Counted()
		switch s := r.Queue.Next(k); s.Kind {
		case StepVote, StepSource:
			return []Job{r.hook(s)}, Rounding
		case StepDelete:
			r.remove(s.File.Path)
		case StepDeleteWork:
			r.remove(r.Work)
		case StepStopped:
			r.Warn("job %s has queued a job %d times and nothing else has changed; it is not run again before something does", s.File.Path, MaxRuns)
		case StepWait:
			r.wakeAt(s.Until - k.Counted)
			return nil, Rounding
		case StepGiveUp:
			return nil, GivenUp
		case StepLeave:
			r.stopTimer()
			return nil, Finished
		}
	}
	return nil, Rounding
}

// Running says that a hook runs: until it has ended Next has nothing to give.
func (r *Rounds) Running() bool { return r.running }

func (r *Rounds) remove(path string) {
	if err := r.Places.Remove(path); err != nil {
		r.Warn("%v", err)
	}
}

func (r *Rounds) hook(s Step) Job {
	r.running = true
	r.stopTimer()
	r.Clock.Stop()
	hooks, retry := r.Hooks, r.Retry
	return Job{Key: HookKey, Run: func() Event {
		done := hookDone{kind: s.Kind, mainLoop: s.MainLoop, retry: retry}
		if s.Kind == StepVote {
			done.yes = hooks.Vote(s.File.Path, s.MainLoop)
		} else {
			done.mainLoop, done.retry = hooks.Source(s.File.Path, s.MainLoop)
		}
		return done
	}}
}

// Handle takes the event of a hook that has ended, and says what that hook was run for: StepVote, StepSource, or 0 if the event is another one. The hook whose
// shell is lost (Panicked) has voted no.
func (r *Rounds) Handle(ev Event) Kind {
	done, ok := ev.(hookDone)
	if p, lost := ev.(Panicked); lost && p.Key == HookKey {
		done, ok = hookDone{kind: r.Queue.pending.Kind, mainLoop: r.Queue.pending.MainLoop, retry: r.Retry}, true
	}
	if !ok || !r.running {
		return 0
	}
	r.running = false
	r.Clock.Start()
	r.Retry = done.retry
	if done.kind == StepVote {
		r.Queue.Voted(done.yes)
	} else {
		r.Queue.Ran(done.mainLoop)
	}
	return done.kind
}

// wakeAt asks for another look after d of counted time. A look too early costs nothing.
func (r *Rounds) wakeAt(d time.Duration) {
	r.stopTimer()
	if d < never/2 {
		r.timer = time.AfterFunc(d, r.Wake)
	}
}

func (r *Rounds) stopTimer() {
	if r.timer != nil {
		r.timer.Stop()
	}
}

// Clock counts time that can be stopped, more than once at a time. It runs from the first use on.
type Clock struct {
	sum   time.Duration
	since time.Time
	stops int
}

// Counted is the time that has counted.
func (c *Clock) Counted() time.Duration {
	switch {
	case c.stops > 0:
		return c.sum
	case c.since.IsZero():
		c.since = time.Now()
	}
	return c.sum + time.Since(c.since)
}

// Stop stops the clock until Start is called as often as Stop.
func (c *Clock) Stop() {
	if c.stops == 0 {
		c.sum = c.Counted()
	}
	c.stops++
}

// Start undoes one Stop.
func (c *Clock) Start() {
	if c.stops--; c.stops == 0 {
		c.since = time.Now()
	}
}
