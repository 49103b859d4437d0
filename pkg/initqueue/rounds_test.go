package initqueue

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/preroot/preroot/internal/safe"
)

// slowHooks sources hooks of a shell, and each takes its time.
type slowHooks struct {
	*shell
	takes  time.Duration
	panics string
}

func (h slowHooks) Vote(p string, _ int) bool {
	h.trace = append(h.trace, p+"?")
	time.Sleep(h.takes)
	return h.call(p)
}

func (h slowHooks) Source(p string, mainLoop int) (int, int) {
	h.trace = append(h.trace, p)
	time.Sleep(h.takes)
	h.loop = mainLoop
	if p == h.panics {
		panic(p)
	}
	h.call(p)
	return h.loop, h.retry
}

// places is the disk of a shell.
type places struct{ *shell }

func (p places) Remove(path string) error {
	if path == "work" {
		p.work = false
		return nil
	}
	if _, ok := p.files[path]; !ok {
		return errors.New(path + ": no such file")
	}
	p.remove(path)
	return nil
}

// rounding is an owner that does nothing but rounds.
type rounding struct {
	*Rounds
	shell *shell
	err   error
}

var errGivenUp = errors.New("could not boot")

func (o *rounding) Handle(ev Event) {
	if o.Rounds.Handle(ev) != 0 {
		return
	}
	if f, ok := ev.(func()); ok {
		f()
	}
}

func (o *rounding) Next() ([]Job, Verdict) {
	jobs, outcome := o.Rounds.Next(!o.shell.busy, o.shell.changes)
	switch outcome {
	case Finished:
		return nil, Done
	case GivenUp:
		o.err = errGivenUp
		return nil, Failed
	}
	return jobs, Wait
}

func (o *rounding) Err() error { return o.err }

// roundsOf makes a loop round a shell; events are functions that change it.
func roundsOf(s *shell, takes time.Duration) (*Loop, *rounding, chan Event) {
	events := make(chan Event)
	over := make(chan struct{})
	r := &Rounds{
		Hooks: slowHooks{s, takes, "j/panics.sh"}, Places: places{s}, Work: "work", Retry: s.retry,
		Warn: func(format string, _ ...any) { s.trace = append(s.trace, format) },
	}
	r.Wake = func() { events <- nil }
	o := &rounding{Rounds: r, shell: s}
	return &Loop{Owner: o, Events: events, Over: over, Spawn: func(name string, report func(string, string), f func()) { safe.Go(name, report, f) }}, o, events
}

// TestRoundsWaitForEvents: between the rounds nothing runs, and an event is followed at once.
func TestRoundsWaitForEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShell("f/devexists-a.sh", "j/1.sh")
		loop, _, events := roundsOf(s, time.Millisecond)
		begun := time.Now()
		safe.Go("device", nil, func() {
			time.Sleep(7 * time.Second)
			events <- func() { s.changes++; s.on("f/devexists-a.sh", yes) }
		})
		if err := loop.Run(); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took != 7*time.Second+time.Millisecond {
			t.Errorf("took %v", took)
		}
		if got := strings.Join(s.trace, " "); got != "f/devexists-a.sh? j/1.sh f/devexists-a.sh? f/devexists-a.sh?" {
			t.Error(got)
		}
	})
}

// TestTimeInHooksDoesNotCount: a job of a minute costs rd.retry nothing; a prompt neither.
func TestTimeInHooksDoesNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShell("f/devexists-a.sh", "j/1.sh")
		loop, o, events := roundsOf(s, time.Minute)
		begun := time.Now()
		safe.Go("prompt", nil, func() {
			time.Sleep(4 * time.Minute) // the loop waits then, between its third and its fourth hook
			events <- o.Clock.Stop
			time.Sleep(time.Hour)
			events <- o.Clock.Start
		})
		if err := loop.Run(); err != errGivenUp {
			t.Fatal(err)
		}
		hooks := time.Duration(len(s.trace)) * time.Minute
		if took := time.Since(begun) - hooks - time.Hour; took != 180*time.Second {
			t.Errorf("gave up after %v beside %v in hooks and an hour in a prompt", took, hooks)
		}
	})
}

// TestLostShell: a hook whose shell is lost is over; the rounds go on.
func TestLostShell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShell("f/devexists-a.sh", "j/panics.sh", "j/work.sh")
		s.on("j/work.sh", func(s *shell) bool { s.remove("j/work.sh"); s.remove("f/devexists-a.sh"); return true })
		loop, _, _ := roundsOf(s, 0)
		if err := loop.Run(); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(s.trace, "j/work.sh") {
			t.Errorf("%q", s.trace)
		}
	})
}

// TestGivenUpGoesOn: after the emergency shell the rounds go on where they were.
func TestGivenUpGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShell("f/devexists-a.sh")
		s.retry = 2
		loop, _, _ := roundsOf(s, 0)
		if err := loop.Run(); err != errGivenUp {
			t.Fatal(err)
		}
		s.on("f/devexists-a.sh", yes)
		if err := loop.Run(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestEndlessJobIsNamed through the whole loop.
func TestEndlessJobIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShell("f/devexists-a.sh", "j/1.sh")
		s.on("j/1.sh", func(s *shell) bool { s.add("j/1.sh"); s.work = true; return true })
		s.retry = 4000
		loop, _, _ := roundsOf(s, 0)
		if err := loop.Run(); err != errGivenUp {
			t.Fatal(err)
		}
		named := 0
		for _, l := range s.trace {
			if strings.HasPrefix(l, "job %s has queued") {
				named++
			}
		}
		if named != 1 {
			t.Errorf("named %d times", named)
		}
	})
}
