package main

import (
	"testing"

	"github.com/preroot/preroot/internal/vm"
)

func times(seconds ...float64) []vm.Bench {
	var b []vm.Bench
	for _, s := range seconds {
		b = append(b, vm.Bench{InitSeconds: s, TotalSeconds: 2 * s, LeftKB: 10})
	}
	return b
}

func TestJudgement(t *testing.T) {
	steady, wild := row{name: "known", n: 3, boots: times(1.00, 1.02, 1.01, 3)}, row{name: "known", n: 3, boots: times(1.0, 1.04, 1.01)}
	if steady.unsteady() != nil || wild.unsteady() == nil {
		t.Errorf("spread: %v, %v", steady.unsteady(), wild.unsteady())
	}
	for _, c := range []struct {
		kernel string
		ratio  float64
		good   bool
	}{
		{"6.1-cloud", 1.24, true}, {"6.1-cloud", 1.26, false}, {"6.1", 1.21, false}, {"6.1", 1.19, true}, {"6.1", 0.99, false},
	} {
		if err := steady.verdict(c.kernel, c.ratio, false); (err == nil) != c.good {
			t.Errorf("%s %.2f: %v", c.kernel, c.ratio, err)
		}
	}
	for _, c := range []struct {
		init, total float64
		good        bool
	}{{1.15, 2.3, true}, {1.16, 2, false}, {1, 2.31, false}} {
		generic := row{name: "generic", boots: []vm.Bench{{InitSeconds: c.init, TotalSeconds: c.total}, {InitSeconds: 9, TotalSeconds: 9}}}
		if err := generic.against(steady, "6.1"); (err == nil) != c.good {
			t.Errorf("generic %.2f s, %.2f s: %v", c.init, c.total, err)
		}
	}
	if err := drift("6.1-cloud", 0.157*1.11, "floor.txt"); err == nil {
		t.Error("a floor 11 % off is taken")
	}
	if err := drift("6.1-cloud", 0.157*1.09, "floor.txt"); err != nil {
		t.Error(err)
	}
}
