package vm

import "testing"

// TestLostNVMe: a machine is started again for the emulator's fault alone.
func TestLostNVMe(t *testing.T) {
	const reset = "[   64.698536] nvme nvme0: I/O 292 QID 1 timeout, reset controller"
	for _, c := range []struct {
		r    Result
		want bool
	}{
		{Result{Expired: true, Lines: []string{"x", reset}}, true},
		{Result{Expired: true, Lines: []string{"[ 33.9] nvme nvme0: I/O 292 (I/O Cmd) QID 1 timeout, aborting"}}, false},
		{Result{Lines: []string{reset}}, false},
		{Result{Expired: true}, false},
	} {
		if got := c.r.lostNVMe(); got != c.want {
			t.Errorf("%+v: %v", c.r, got)
		}
	}
}
