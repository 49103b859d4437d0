package boot

import (
	"testing"
	"testing/fstest"
)

// TestDoubt: a look at the buses that began before something came into doubt does not settle it. A passphrase was asked for twice: the look was older than the mappings that the first had opened.
func TestDoubt(t *testing.T) {
	b := engineOn(ramRun{MapFS: fstest.MapFS{}}, false)
	f := newFinder(b)
	f.doubt()
	old := f.doubts
	f.buses = reading
	f.doubt()
	if f.Handle(busState{last: 7, doubts: old}); f.buses != unknown || f.last != 7 {
		t.Errorf("an old look counts: %v, last event %d", f.buses, f.last)
	}
	if f.Handle(busState{last: 8, doubts: f.doubts}); f.buses != known || f.last != 8 {
		t.Errorf("a new look does not: %v, last event %d", f.buses, f.last)
	}
}
