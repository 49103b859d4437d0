package hooks

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const mib = 1 << 20

// TestMemoryLook: what is left at each look, in MiB of a machine of 1024, and what follows: when to look again, or the end.
func TestMemoryLook(t *testing.T) {
	for left, want := range map[string]string{
		"900 900 500 100 63":  "204ms 204ms 106ms 10ms end", // 64 MiB are kept: a sixteenth
		"70 65 64 63":         "10ms 10ms 10ms 10ms",        // half of what is left at the start
		"40 30 20 19":         "10ms 10ms 10ms end",         // little is left at the start: half of it
		"900 899 898 897 896": "204ms 203ms 203ms 203ms 203ms",
	} {
		var m memory
		var got []string
		for word := range strings.FieldsSeq(left) {
			var n uint64
			fmt.Sscan(word, &n)
			low, again := m.look(n*mib, 1024*mib)
			if low {
				got = append(got, "end")
				break
			}
			got = append(got, again.Truncate(time.Millisecond).String())
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%s: got %s, want %s", left, text, want)
		}
	}
	var m memory
	if low, again := m.look(0, 0); low || again != memoryLatest {
		t.Errorf("nothing known: %v %v", low, again)
	}
}

// TestStarved: a hook under which the memory goes is ended, and the next one runs.
func TestStarved(t *testing.T) {
	var left atomic.Uint64
	left.Store(500 * mib)
	r := newRig(t, "/bin/sh", func(c *Config) { c.Memory = func() (uint64, uint64) { return left.Load(), 1024 * mib } })
	time.AfterFunc(200*time.Millisecond, func() { left.Store(10 * mib) })
	got := r.hook("hello=before; sleep 60; hello=wrong")
	if got.End != Stopped || !got.Starved || got.Vars["hello"] != "before" {
		t.Errorf("%+v", got)
	}
	if got = r.hook("hello=next; sleep 0.2"); got.End != Returned || got.Starved || got.Vars["hello"] != "next" {
		t.Errorf("the next hook: %+v", got)
	}
}
