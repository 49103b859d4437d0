package boot

import (
	"errors"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/preroot/preroot/pkg/storage"
)

// askingFinder is a finder with work that asks, as if its job had just been named.
func askingFinder(do func(storage.System) (storage.Outcome, error)) (*finder, storage.Work) {
	b := engineOn(ramRun{MapFS: fstest.MapFS{}}, false)
	b.finder = newFinder(b)
	w := storage.Work{Layer: "LUKS", Key: "luks", Asks: true, Do: do}
	b.finder.layers.running[w.Layer] = w
	b.finder.beginAsking(w)
	return b.finder, w
}

// TestDismiss: a wait ends while a secret is asked for, before the job has begun, and while the kernel does not let it go. The boot is never held up for long, and it may be asked again.
func TestDismiss(t *testing.T) {
	for _, c := range []struct {
		name  string
		begun bool
		takes time.Duration // of the work after it was dismissed
		want  time.Duration
	}{
		{"in the backlog", false, 0, 0},
		{"asking", true, time.Second, time.Second},
		{"stuck", true, time.Hour, farewellLimit},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, w := askingFinder(func(storage.System) (storage.Outcome, error) {
					time.Sleep(c.takes)
					return storage.Outcome{}, errDismissed
				})
				a := f.layers.asking
				if c.begun {
					go a.run(w, layerSystem{f.b, a})
					synctest.Wait()
				}
				began := time.Now()
				f.dismiss()
				if took := time.Since(began); took != c.want {
					t.Errorf("it took %v, wanted %v", took, c.want)
				}
				if f.layers.asking != nil || f.people || f.layers.busy("LUKS") || f.layers.done["luks"] || f.b.silent.Load() {
					t.Errorf("%+v", f.layers)
				}
				time.Sleep(2 * time.Hour) // what is stuck comes free
				if !c.begun {
					if ev := a.run(w, layerSystem{f.b, a}); !errors.Is(ev.err, errDismissed) {
						t.Errorf("its job does the work later: %v", ev.err)
					}
				}
			})
		})
	}
}
