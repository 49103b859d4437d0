package boot

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/preroot/preroot/pkg/storage"
)

// asking is the time in which a helper asks people for a secret on all consoles. Root's clock stands still, and nothing is told on the consoles meanwhile but what matters.
type asking struct {
	dismissed chan struct{} // the answer is not wanted any more
	over      bool          // that is closed
	ended     chan struct{}
	state     atomic.Int32 // askWaits, until it begins or is dismissed
	release   []func()     // of what stands still
	outcome   layered      // of the work, when it has ended
}

// The states of an asking: its job waits to be begun, has begun, or never will.
const (
	askWaits = iota
	askBegun
	askNever
)

// errDismissed says that what was asked for is not needed any more.
var errDismissed = errors.New("not needed any more")

// deniedError is the end of a boot in which nobody could prove that he may have root.
type deniedError struct{ error }

// Is makes it one that no prompt follows.
func (deniedError) Is(target error) bool { return target == errAuthentication }

// mayAsk says whether people may be asked now. What they are asked for waits for all that is known to come: so one passphrase can serve all volumes. The processor's modules are in by then: a
// cipher is chosen for good when a mapping is made.
func (f *finder) mayAsk(w storage.Work) bool {
	switch {
	case f.layers.prompt || f.layers.asking != nil || !f.quiet():
		return false
	case f.b.loader == nil:
		return true
	case w.Offered:
		return f.wave >= waveOver
	}
	return f.wave >= waveProcessor && f.started && f.aliases == known
}

// pendingAsks lists what people are still to be asked for.
func (f *finder) pendingAsks() (keys []string) {
	for _, w := range f.layerWork() {
		if w.Asks {
			keys = append(keys, w.Key)
		}
	}
	return keys
}

// beginAsking has the drivers of keyboards and consoles loaded, and the clocks stand.
func (f *finder) beginAsking(w storage.Work) *asking {
	a := &asking{outcome: layered{work: w}, dismissed: make(chan struct{}), ended: make(chan struct{}), release: []func(){f.b.deadline.hold()}}
	if q := f.b.queue; q != nil {
		q.rounds.Clock.Stop()
		a.release = append(a.release, q.rounds.Clock.Start)
	}
	f.layers.asking, f.layers.asked, f.people = a, true, true
	f.b.silent.Store(true)
	f.b.setKeymap()
	return a
}

// endAsking lets them go on.
func (f *finder) endAsking() {
	a := f.layers.asking
	if a == nil {
		return
	}
	f.layers.asking, f.people = nil, false
	f.b.silent.Store(false)
	for _, release := range a.release {
		release()
	}
}

// farewellLimit is how long a helper that is dismissed is waited for; it is ended before that, unless the kernel does not let it go.
const farewellLimit = 5 * time.Second

// dismiss ends the asking when a wait is over: the consoles are given back before anything else is done.
func (f *finder) dismiss() {
	a := f.layers.asking
	if a == nil {
		return
	}
	a.end()
	if !a.state.CompareAndSwap(askWaits, askNever) {
		select {
		case <-a.ended:
			f.layered(a.outcome)
			return
		case <-time.After(farewellLimit):
			f.b.m.Log.Warnf("%s does not end; going on without waiting for it", storage.UnlockHelper)
		}
	}
	f.layered(layered{work: a.outcome.work, err: errDismissed})
}

// forget has what was typed in this wait forgotten, which was kept for volumes that come later.
func (f *finder) forget() {
	if f.layers.asked {
		f.layers.asked = false
		f.b.m.Programs.ForgetSecret()
	}
}

// end says that the answer is not wanted any more.
func (a *asking) end() {
	if !a.over {
		a.over = true
		close(a.dismissed)
	}
}

// spare takes the question away when a key file has come by which nobody has to be asked: on a stick that was plugged in.
func (f *finder) spare() {
	a := f.layers.asking
	if a == nil || a.over || !f.inv.Settled() {
		return
	}
	for _, w := range f.allWork(f.layers.late) {
		if was := &a.outcome.work; w.Asks && w.Layer == was.Layer && w.Sources > was.Sources {
			f.tellLayer("there is another key file: what was asked for is tried with it")
			a.end()
			return
		}
	}
}

// run does the work, and notes what has come of it; without a helper that asks there is none to be noted.
func (a *asking) run(w storage.Work, system layerSystem) layered {
	if a == nil {
		outcome, err := w.Do(system)
		return layered{w, outcome, err}
	}
	if !a.state.CompareAndSwap(askWaits, askBegun) {
		return layered{work: w, err: errDismissed}
	}
	defer close(a.ended)
	a.outcome.Outcome, a.outcome.err = w.Do(system)
	return a.outcome
}

// confide runs the helper. What it has done before it was dismissed is told.
func (a *asking) confide(programs Programs, program string, args ...string) (said string, err error) {
	said, err = programs.Confide(a.dismissed, program, args...)
	select {
	case <-a.dismissed:
		return said, errors.Join(err, errDismissed)
	default:
		return said, err
	}
}
