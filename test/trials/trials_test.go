package trials

import (
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestRunnerGoesOn stops after some trials and goes on: no trial is made twice, and seeds repeat what was drawn.
func TestRunnerGoesOn(t *testing.T) {
	dir, made := t.TempDir(), map[int][]uint64{}
	set := func(count int) []Set {
		return []Set{{Name: "a", Count: count, Do: func(n int, r *rand.Rand) Result {
			made[n] = append(made[n], r.Uint64())
			if n == 1 {
				return Result{End: "HELD", Bad: "hangs", Log: []string{"x"}}
			}
			return Result{End: "BOOTED", Figures: map[string]float64{"ms": float64(n)}}
		}}}
	}
	run := func(key string, count int) []Result {
		var out strings.Builder
		r := Runner{Dir: dir, Key: key, Seed: 1, Jobs: 1, Out: &out}
		results, err := r.Run(set(count))
		if err != nil {
			t.Fatal(err)
		}
		return results
	}
	if got := run("k1", 2); len(got) != 2 {
		t.Fatalf("%d results, want 2", len(got))
	}
	all := run("k1", 4)
	if len(all) != 4 || len(made[0]) != 1 || len(made[3]) != 1 {
		t.Errorf("%d results, trials made: %v; want 4, each once", len(all), made)
	}
	run("k2", 1)
	if len(made[0]) != 2 || made[0][0] != made[0][1] {
		t.Errorf("another key: trial 0 drew %v; want the same number twice", made[0])
	}
	r := Runner{Dir: dir, Key: "k3", Earlier: []string{"k1"}, Seed: 1, Jobs: 1, Out: io.Discard}
	if again, err := r.Run(set(4)); err != nil || len(again) != 4 || len(made[0]) != 2 || len(made[1]) != 2 {
		t.Errorf("the good results of an earlier build: %d results, %v, trials made: %v; want 4, only the bad one again", len(again), err, made)
	}
	var table strings.Builder
	if bad := Table(&table, set(4), all); bad != 1 || !strings.Contains(table.String(), "3 BOOTED, 1 HELD") {
		t.Errorf("%d bad, want 1; table:\n%s", bad, &table)
	}
}
