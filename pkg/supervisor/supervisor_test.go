package supervisor

import (
	"testing"
	"time"
)

// TestWatch: an engine that is silent is asked every ten ticks, and hangs after three questions without an answer.
func TestWatch(t *testing.T) {
	w := watch{limit: 30 * time.Second}
	var asked []int
	for tick := 1; tick <= 200; tick++ {
		ask, hangs := w.tick()
		if ask {
			asked = append(asked, tick)
		}
		if hangs {
			if len(asked) != 3 || asked[0] != 40 || asked[2] != 60 || tick != 70 {
				t.Errorf("asked at %v, hangs at %d", asked, tick)
			}
			return
		}
	}
	t.Error("200 ticks of silence are no hang")
}

// TestWatchAnswers: an engine that answers is never a hang.
func TestWatchAnswers(t *testing.T) {
	var w watch
	for tick := range 1000 {
		ask, hangs := w.tick()
		if hangs {
			t.Fatalf("a hang at tick %d", tick)
		}
		if ask {
			w.heard()
		}
	}
}

func TestParseWait(t *testing.T) {
	for text, want := range map[string]struct {
		what  string
		limit time.Duration
	}{
		"180 UUID=1 2": {"UUID=1 2", 180 * time.Second},
		"0 prompt":     {"prompt", 0},
		"":             {"", 0},
		"x y":          {"y", 0},
	} {
		if what, limit := parseWait(text); what != want.what || limit != want.limit {
			t.Errorf("%q: %q, %v", text, what, limit)
		}
	}
}

func TestActions(t *testing.T) {
	for word, want := range map[string]struct {
		action Action
		end    string
	}{
		"reboot": {Reboot, "REBOOTED"}, "poweroff": {PowerOff, "POWERED OFF"}, "halt": {Halt, "HELD"},
		"shell": {Hold, "HELD"}, "hold": {Hold, "HELD"}, "": {Reboot, "REBOOTED"},
	} {
		if a := ActionOf(word); a != want.action || a.End() != want.end {
			t.Errorf("%q: %c, %s", word, a, a.End())
		}
	}
}
