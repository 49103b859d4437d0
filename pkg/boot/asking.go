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
	return f.wave > waveChain && f.aliases == known
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
	f.layers.asking, f.people = a, true
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
	close(a.dismissed)
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
