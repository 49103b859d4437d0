package safe

import (
	"strings"
	"testing"
	"testing/synctest"
)

func TestGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var name, trace string
		Go("worker", func(n, tr string) { name, trace = n, tr }, func() { panic("broken") })
		Go("silent", nil, func() { panic("nobody asks") })
		ran := false
		Go("fine", func(n, _ string) { t.Errorf("%s is reported", n) }, func() { ran = true })
		synctest.Wait()
		if name != "worker" || !strings.HasPrefix(trace, "panic: broken\n") || !strings.Contains(trace, "safe_test.go") {
			t.Errorf("%s: %s", name, trace)
		}
		if !ran {
			t.Error("a function was not run")
		}
	})
}
