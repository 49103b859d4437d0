package initqueue

import (
	"slices"
	"time"
)

// Queue is dracut's main loop (dracut.modules(7), "initqueue") as a machine without time, files or processes: from what is known it
// says what is to be done next. A round is
//
//	votes of finished, udev idle or work, votes, delete work,
//	jobs of initqueue with votes after each, jobs of settled with votes after each,
//	(from two thirds of rd.retry on) jobs of timeout, (past rd.retry) give up
//
// and what differs from dracut's is this. Between two rounds it waits for a change; only where something is left that no event tells of
// (a job that stays or that queues itself again, a finished hook that is no devexists) it looks again after the half second that dracut
// sleeps in any case. The clock counts seconds instead of rounds. Where nothing is waited for at all, what is queued runs once before
// the loop ends. A job that queues a job MaxRuns times, with no change from outside between, is not run again before one.
//
// Next is asked after every event. A StepVote or StepSource is answered by Voted or Ran before Next is asked again; the other
// steps are done, or waited in, and Next is asked again.
type Queue struct {
	// Rule is what becomes of a finished hook that says yes.
	Rule Rule

	known   Known
	phase   phase
	ballot  *ballot
	list    []File // what is left of the present directory
	pending Step   // the StepVote or StepSource that is under way
	checks  bool   // a job has just run
	begun   bool
	hold    bool // nothing is waited for, and the first round is not over

	base        time.Duration // Counted at which main_loop was 0
	lastTimeout time.Duration // Counted at the last look at the timeout jobs, 0 for none
	passed      bool          // the timeout jobs were due and something newer went before them
	waited      bool          // something was waited for since the last votes
	expired     bool          // udev did not get idle within the limit
	until       time.Duration // Counted at which the present wait ends

	changes uint64          // Known.Changes at the beginning of the round
	ran     map[string]bool // keys of the jobs that have run since time has passed
	lying   []File          // what lay in the queue when the round ended
	ownWork bool            // work was made by a job of this round
	asked   []File          // what the last votes left
	loops   loops
}

// Rule is what becomes of a hook of finished that says yes.
type Rule int

// dracut 059 keeps the hooks and stops at the first no. Since 060 all are asked, and one that says yes is deleted.
const (
	DeleteTrue Rule = iota
	KeepTrue
)

// File is a hook as it lies in its directory. Another Stamp is another text under the same name (inode and time).
type File struct {
	Path  string
	Stamp uint64
}

// Known is what the owner of a Queue knows.
type Known struct {
	// Jobs, Settled, Finished and Timeout are the hooks of initqueue and its directories, in the order in which they run.
	Jobs, Settled, Finished, Timeout []File
	// Work says that initqueue/work exists, or another file that ends the wait for udev (settle_exit_if_exists).
	Work bool
	// Idle says that udev has no event queued or under way.
	Idle bool
	// Changes grows with every change that no hook has made, such as a uevent.
	Changes uint64
	// Counted is the time since the loop began without the time inside hooks and open prompts.
	Counted time.Duration
	// Retry is RDRETRY: twice the seconds of rd.retry.
	Retry int
}

// Kind is what a Step is.
type Kind int

// The kinds of steps.
const (
	// StepVote: source File in a subshell with main_loop set to MainLoop; answered by Voted.
	StepVote Kind = iota + 1
	// StepDelete: remove File.
	StepDelete
	// StepDeleteWork: remove initqueue/work.
	StepDeleteWork
	// StepSource: source File with job set to its path and main_loop to MainLoop; answered by Ran.
	StepSource
	// StepStopped: File has queued a job MaxRuns times while nothing else changed; to be said in one line.
	StepStopped
	// StepWait: until anything of Known is different, or Counted reaches Until.
	StepWait
	// StepGiveUp: open the emergency shell. When it is left the loop goes on.
	StepGiveUp
	// StepLeave: the loop is over, everything is there.
	StepLeave
)

// Step is what is to be done next.
type Step struct {
	Kind     Kind
	File     File
	MainLoop int
	Until    time.Duration
}

// phase is a place in the round.
type phase int

const (
	begin phase = iota
	settling
	deleting
	jobs
	settled
	resting
	timeouts
	counting
	left
)

// Next says what is to be done by what is known now.
func (q *Queue) Next(k Known) Step {
	q.known = k
	q.loops.outside(k.Changes)
	for {
		if s, ok := q.step(); ok {
			q.pending = s
			return s
		}
	}
}

// step goes one step on; ok is false when there is nothing to be done for it.
func (q *Queue) step() (s Step, ok bool) {
	if q.checks {
		q.checks = false
		q.afterJob()
	}
	if q.ballot != nil {
		return q.vote()
	}
	switch q.phase {
	case begin:
		q.startRound()
	case settling:
		return q.settle()
	case deleting:
		return q.deleteWork()
	case jobs, settled, timeouts:
		return q.source()
	case resting:
		return q.rest()
	case counting:
		return q.count()
	default:
		return Step{Kind: StepLeave}, true
	}
	return Step{}, false
}

func (q *Queue) startRound() {
	if !q.begun {
		q.begun, q.base = true, q.known.Counted
		q.hold = len(q.known.Finished) == 0
	}
	q.ask(settling)
	q.waited, q.expired = false, false
	q.until = q.soonest(q.known.Counted + settleLimit)
}

// settleLimit is how long udev is waited for: the limit that udevadm settle has (udevadm(8)).
const settleLimit = 120 * time.Second

// settle waits for udev. The votes are asked again only if time has passed since the last ones.
func (q *Queue) settle() (Step, bool) {
	q.expired = !q.known.Idle && !q.known.Work && q.known.Counted >= q.until
	if !q.known.Idle && !q.known.Work && !q.expired {
		q.waited = true
		return Step{Kind: StepWait, Until: q.until}, true
	}
	if q.waited {
		q.ask(deleting)
	} else {
		q.phase = deleting
	}
	return Step{}, false
}

func (q *Queue) deleteWork() (Step, bool) {
	q.phase, q.list, q.ownWork = jobs, q.known.Jobs, false
	if q.ran == nil || q.changes != q.known.Changes {
		q.ran = map[string]bool{}
	}
	q.changes = q.known.Changes
	return Step{Kind: StepDeleteWork}, q.known.Work
}

// source runs the next job of a directory whose list was fixed when its turn came. One that is gone by now is passed over.
func (q *Queue) source() (Step, bool) {
	for len(q.list) > 0 {
		f := q.list[0]
		q.list = q.list[1:]
		switch {
		case !q.there(f):
		case q.loops.stopped(f):
			if q.loops.tell(f) {
				return Step{Kind: StepStopped, File: f}, true
			}
		default:
			q.ran[key(f)] = true
			q.loops.before(q.known)
			return Step{Kind: StepSource, File: f, MainLoop: q.mainLoop()}, true
		}
	}
	q.directoryDone()
	return Step{}, false
}

// there says whether a job still lies where it lay.
func (q *Queue) there(f File) bool {
	same := func(o File) bool { return o.Path == f.Path }
	return slices.ContainsFunc(q.queued(), same) || slices.ContainsFunc(q.known.Timeout, same)
}

// queued are the jobs that a round runs.
func (q *Queue) queued() []File { return slices.Concat(q.known.Jobs, q.known.Settled) }

// directoryDone goes on behind the last job of a directory: a busy udev begins a new round.
func (q *Queue) directoryDone() {
	switch {
	case q.phase == timeouts:
		q.phase = counting
	case !q.known.Idle && q.hold:
		q.phase, q.hold = begin, !q.expired
	case !q.known.Idle && q.expired && q.lastThird():
		q.startTimeouts() // udev may stay busy for ever: that is no reason not to start what is degraded
	case !q.known.Idle:
		q.phase = begin
	case q.phase == jobs:
		q.phase, q.list = settled, q.known.Settled
	default:
		q.phase = resting
		q.until, q.lying = q.restUntil(), q.queued()
	}
}

func (q *Queue) startTimeouts() { q.phase, q.list, q.passed = timeouts, q.known.Timeout, false }

// Ran answers StepSource: main_loop is what the job left in that variable. A job that has changed it has set the clock.
func (q *Queue) Ran(mainLoop int) {
	if mainLoop != q.pending.MainLoop {
		q.setClock(mainLoop)
	}
	q.checks = true
}

// afterJob judges what a job has done: by now it is known what it left behind.
func (q *Queue) afterJob() {
	q.loops.after(q.pending.File, q.known)
	q.ownWork = q.known.Work && (q.ownWork || !q.loops.work)
	if q.phase != timeouts {
		q.ask(q.phase)
		return
	}
	if q.known.Work || !q.known.Idle && !q.expired {
		q.setClock(0)
	}
}

// rest is the end of a round with an idle udev.
func (q *Queue) rest() (Step, bool) {
	fresh := q.fresh()
	switch due := q.due(); {
	case q.hold:
		q.hold = fresh
		q.phase = begin
	case fresh && !(due && q.passed):
		q.passed = due
		q.phase = begin
	case due:
		q.startTimeouts()
	case q.known.Counted >= q.until:
		q.phase, q.ran = begin, nil
	default:
		return Step{Kind: StepWait, Until: q.until}, true
	}
	return Step{}, false
}

// fresh says whether another round may have another result at once. What a job queued for itself is not fresh: dracut would run it half a
// second later, and a job that looks for something counts on that.
func (q *Queue) fresh() bool {
	if q.known.Work && !q.ownWork || q.known.Changes != q.changes {
		return true
	}
	for _, f := range q.queued() {
		if !q.loops.stopped(f) && (!q.ran[key(f)] || !slices.Contains(q.lying, f)) {
			return true
		}
	}
	gone := func(f File) bool { return !slices.Contains(q.known.Finished, f) }
	return slices.ContainsFunc(q.asked, gone)
}

func (q *Queue) count() (Step, bool) {
	q.phase, q.ran = begin, nil
	q.lastTimeout = max(q.known.Counted, 1)
	return Step{Kind: StepGiveUp}, q.mainLoop() >= q.known.Retry
}
