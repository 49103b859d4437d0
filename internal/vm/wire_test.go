package vm

import (
	"slices"
	"strings"
	"testing"
)

// TestWire: each end sends to where the other one listens, and no two cards have one address.
func TestWire(t *testing.T) {
	w := Wire{Dir: "/x"}
	a, b := w.Args(0), w.Args(1)
	for _, want := range []string{"local.path=/x/end0,remote.type=unix,remote.path=/x/end1", "local.path=/x/end1,remote.type=unix,remote.path=/x/end0"} {
		if !slices.ContainsFunc(append(slices.Clone(a), b...), func(arg string) bool { return strings.Contains(arg, want) }) {
			t.Errorf("%q, %q: no %s", a, b, want)
		}
	}
	if a[3] == b[3] {
		t.Errorf("both cards are %s", a[3])
	}
}
