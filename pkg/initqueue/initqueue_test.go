package initqueue

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/preroot/preroot/internal/safe"
)

// script is an owner that writes down its events and lets a function decide.
type script struct {
	began time.Time
	said  []string
	next  func(s *script) ([]Job, Verdict)
	err   error
}

func (s *script) Handle(ev Event) {
	at := time.Since(s.began)
	switch ev := ev.(type) {
	case Panicked:
		first, _, _ := strings.Cut(ev.Trace, "\n")
		s.said = append(s.said, fmt.Sprintf("%v panicked %s: %s", at, ev.Key, first))
	default:
		s.said = append(s.said, fmt.Sprintf("%v %T %v", at, ev, ev))
	}
}

func (s *script) Next() ([]Job, Verdict) { return s.next(s) }
func (s *script) Err() error             { return s.err }

func (s *script) heard(part string) bool {
	return slices.ContainsFunc(s.said, func(line string) bool { return strings.Contains(line, part) })
}

// wait runs one wait of an owner and gives what it heard, and the error.
func wait(t *testing.T, limit time.Duration, events chan Event, next func(*script) ([]Job, Verdict), err error) (heard []string, got error) {
	synctest.Test(t, func(*testing.T) {
		over := make(chan struct{})
		s := &script{began: time.Now(), next: next, err: err}
		l := Loop{Owner: s, Spawn: spawn, Events: events, Limit: limit, Over: over}
		got = l.Run()
		heard = s.said
		close(over)
		time.Sleep(24 * time.Hour) // jobs that still run end
	})
	return heard, got
}

func spawn(name string, report func(name, trace string), f func()) { safe.Go(name, report, f) }

func takes(key string, limit, d time.Duration) Job {
	return Job{Key: key, Limit: limit, Run: func() Event { time.Sleep(d); return key }}
}

func TestJobs(t *testing.T) {
	heard, err := wait(t, 0, nil, func(s *script) ([]Job, Verdict) {
		if s.heard("string slow") {
			return nil, Done
		}
		jobs := []Job{takes("slow", 0, 3*time.Second)}
		if !s.heard("quick") {
			jobs = append(jobs, takes("quick", time.Second, 100*time.Millisecond))
		}
		return jobs, Wait
	}, nil)
	if diff := cmp.Diff([]string{"100ms string quick", "3s string slow"}, heard); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

// TestAbandoned: a job past its limit is told once, is not started again while it runs, and its result still counts.
func TestAbandoned(t *testing.T) {
	started := 0
	heard, err := wait(t, 0, nil, func(s *script) ([]Job, Verdict) {
		if s.heard("string stuck") {
			return nil, Done
		}
		j := takes("stuck", 2*time.Second, 10*time.Second)
		run := j.Run
		j.Run = func() Event { started++; return run() }
		return []Job{j}, Wait
	}, nil)
	want := []string{"2s initqueue.Abandoned {stuck 2s}", "2s initqueue.Idle {}", "10s string stuck"}
	if diff := cmp.Diff(want, heard); diff != "" || err != nil || started != 1 {
		t.Errorf("%v, started %d times\n%s", err, started, diff)
	}
}

func TestPanic(t *testing.T) {
	heard, err := wait(t, 0, nil, func(s *script) ([]Job, Verdict) {
		if s.heard("panicked") {
			return nil, Done
		}
		return []Job{{Key: "bad", Limit: time.Second, Run: func() Event { panic("no disk") }}}, Wait
	}, nil)
	if diff := cmp.Diff([]string{"0s panicked bad: panic: no disk"}, heard); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func TestDeadline(t *testing.T) {
	late := errors.New("too late")
	heard, err := wait(t, 180*time.Second, nil, func(s *script) ([]Job, Verdict) {
		if s.heard("TimeUp") {
			return nil, Failed
		}
		return nil, Wait
	}, late)
	if diff := cmp.Diff([]string{"0s initqueue.Idle {}", "3m0s initqueue.TimeUp {}"}, heard); diff != "" || err != late {
		t.Error(err, diff)
	}
}

// TestLastJobs: what is named together with the end of a wait runs, and the next wait gets its result. The owner counts on that.
func TestLastJobs(t *testing.T) {
	synctest.Test(t, func(*testing.T) {
		over := make(chan struct{})
		s := &script{began: time.Now(), next: func(*script) ([]Job, Verdict) { return []Job{takes("probe", 0, time.Second)}, Done }}
		l := Loop{Owner: s, Spawn: spawn, Over: over}
		err := l.Run()
		s.next = func(s *script) ([]Job, Verdict) {
			if s.heard("probe") {
				return nil, Done
			}
			return nil, Wait
		}
		if err := errors.Join(err, l.Run()); err != nil || !slices.Equal(s.said, []string{"1s string probe"}) {
			t.Errorf("%v, %q", err, s.said)
		}
		close(over)
	})
}

// TestHolds: while a person is waited for the deadline stands still, and goes on with what was left of it.
func TestHolds(t *testing.T) {
	begun := false
	heard, err := wait(t, 10*time.Second, nil, func(s *script) ([]Job, Verdict) {
		switch {
		case s.heard("TimeUp"):
			return nil, Failed
		case begun:
			return nil, Wait
		}
		begun = true
		job := takes("prompt", 0, time.Hour)
		job.Holds = true
		return []Job{job, takes("other", 0, 2*time.Second)}, Wait
	}, errors.New("too late"))
	want := []string{"2s string other", "1h0m0s string prompt", "1h0m0s initqueue.Idle {}", "1h0m10s initqueue.TimeUp {}"}
	if err == nil || !slices.Equal(heard, want) {
		t.Errorf("%v, %q, want %q", err, heard, want)
	}
}

func TestFailedWithoutReason(t *testing.T) {
	_, err := wait(t, 0, nil, func(*script) ([]Job, Verdict) { return nil, Failed }, nil)
	if err == nil {
		t.Error("a failed wait without an error")
	}
}

// TestAtMostSixtyFour: of a thousand jobs that many run at once, and all of them in the end.
func TestAtMostSixtyFour(t *testing.T) {
	const total = 1000
	var now, most int
	busy := make(chan int, 2*total)
	left := map[string]bool{}
	for i := range total {
		left[fmt.Sprint(i)] = true
	}
	heard, err := wait(t, 0, nil, func(s *script) ([]Job, Verdict) {
		for _, line := range s.said {
			delete(left, line[strings.LastIndexByte(line, ' ')+1:])
		}
		s.said = slices.DeleteFunc(s.said, func(l string) bool { return !strings.HasPrefix(l, "16s") })
		if len(left) == 0 {
			return nil, Done
		}
		var jobs []Job
		for key := range left {
			jobs = append(jobs, Job{Key: key, Run: func() Event {
				busy <- 1
				time.Sleep(time.Second)
				busy <- -1
				return key
			}})
		}
		return jobs, Wait
	}, nil)
	close(busy)
	for n := range busy {
		now += n
		most = max(most, now)
	}
	if most != maxRunning || err != nil || len(heard) == 0 {
		t.Errorf("%d at once, %v, heard at the end: %v", most, err, heard)
	}
}

// TestEvents: events from outside arrive in order, and each moment of idleness is told once.
func TestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		events := make(chan Event)
		s := &script{began: time.Now(), next: func(s *script) ([]Job, Verdict) {
			if s.heard("last") {
				return nil, Done
			}
			return nil, Wait
		}}
		l := Loop{Owner: s, Spawn: spawn, Events: events}
		safe.Go("events", nil, func() {
			for _, e := range []string{"first", "last"} {
				time.Sleep(time.Second)
				events <- e
			}
		})
		if err := l.Run(); err != nil {
			t.Error(err)
		}
		want := []string{"0s initqueue.Idle {}", "1s string first", "1s initqueue.Idle {}", "2s string last"}
		if diff := cmp.Diff(want, s.said); diff != "" {
			t.Error(diff)
		}
	})
}

// TestNextWait: the result of a job that one wait has left running is an event of the next wait.
func TestNextWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := make(chan struct{})
		started, goal := 0, "string quick"
		s := &script{began: time.Now()}
		s.next = func(s *script) ([]Job, Verdict) {
			if s.heard(goal) {
				return nil, Done
			}
			slow := takes("slow", time.Second, 3*time.Second)
			run := slow.Run
			slow.Run = func() Event { started++; return run() }
			return []Job{slow, takes("quick", 0, 100*time.Millisecond)}, Wait
		}
		l := Loop{Owner: s, Spawn: spawn, Over: over}
		first := l.Run()
		goal = "string slow"
		time.Sleep(10 * time.Second)
		if second := l.Run(); first != nil || second != nil || started != 1 {
			t.Errorf("%v, %v, started %d times: %v", first, second, started, s.said)
		}
		close(over)
		time.Sleep(time.Minute)
	})
}
