package boot

import (
	"fmt"
	"time"

	"github.com/preroot/preroot/pkg/initqueue"
)

// step is one piece of work that a boot waits for, with nothing beside it but the drivers of consoles and keyboards, if people may be needed: what comes and goes meanwhile is
// noted and judged later. Its end is an event of the loop like any other.
type step struct {
	*finder
	key     string
	limit   time.Duration
	run     func() (found string, err error) // it may outlive the step, and gives what it has found with its end only
	drivers bool                             // those of devices are loaded meanwhile, in waves as ever
	ended   *stepEnded
}

// stepEnded is the event of its end.
type stepEnded struct {
	key   string
	found string
	err   error
}

// Handle takes the end, and leaves the rest to the finder; no wave of modules begins.
func (s *step) Handle(ev initqueue.Event) {
	switch ev := ev.(type) {
	case stepEnded:
		if ev.key == s.key {
			s.ended = &ev
		}
	case initqueue.Abandoned:
		s.failed(ev, ev.Key, fmt.Sprintf("takes longer than %v", ev.Limit))
	case initqueue.Panicked:
		s.failed(ev, ev.Key, ev.Trace)
	case initqueue.TimeUp, initqueue.Idle:
	default:
		s.finder.Handle(ev)
	}
}

// failed ends the step where it has not ended by itself; of another job the finder is told.
func (s *step) failed(ev initqueue.Event, key, why string) {
	if key != s.key {
		s.finder.Handle(ev)
		return
	}
	s.ended = &stepEnded{key: key, err: fmt.Errorf("%s: %s", key, why)}
}

// Next says whether it has ended.
func (s *step) Next() ([]initqueue.Job, initqueue.Verdict) {
	switch {
	case s.finder.err != nil:
		return nil, initqueue.Failed
	case s.ended != nil:
		return nil, initqueue.Done
	}
	job := initqueue.Job{Key: s.key, Limit: s.limit, Run: func() initqueue.Event {
		found, err := s.run()
		return stepEnded{s.key, found, err}
	}}
	jobs := []initqueue.Job{job}
	switch {
	case s.drivers:
		jobs = append(jobs, s.moduleJobs()...)
		if len(s.working) == 0 && s.aliases != reading { // the loop is never idle beside the program
			s.finder.idle()
			jobs = append(jobs, s.moduleJobs()...)
		}
	case s.people:
		jobs = append(jobs, s.peopleJobs()...)
	}
	return jobs, initqueue.Wait
}

// step runs a piece of work on the loop, for at most limit (0: for ever). Root's deadline does not count meanwhile.
func (b *Boot) step(what string, limit time.Duration, run func() (string, error)) (found string, err error) {
	return b.runStep(&step{finder: b.finder, key: what, limit: limit, run: run})
}

func (b *Boot) runStep(s *step) (found string, err error) {
	defer func(end func(error)) { end(err) }(b.spans.Start("step", s.key))
	defer b.deadline.hold()()
	b.m.Parent.Wait(s.key, s.limit)
	if s.limit > 0 {
		defer b.progress(s.key)()
	}
	b.finder.err, b.finder.timeUp = nil, false
	b.loop.Owner, b.loop.Limit = s, 0
	err = b.loop.Run()
	b.loop.Owner = b.finder
	if err != nil {
		return "", err
	}
	return s.ended.found, s.ended.err
}
