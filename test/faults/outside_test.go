package faults

import "testing"

// TestOutside: a machine that something else ends passes only where that is wanted, and only by the line that is wanted.
func TestOutside(t *testing.T) {
	panicked := Run{Lines: []string{"[    2.0] Run /init as init process", "[    3.0] Kernel panic - not syncing: sysrq triggered crash", "[   3.1] Rebooting in 30 seconds.."}}
	want := Want{End: Rebooted, Outside: "Rebooting in 30 seconds"}
	if v := Judge(want, panicked); len(v.Faults) > 0 || v.End != Rebooted {
		t.Errorf("the panic that was wanted: %+v", v)
	}
	if v := Judge(Want{End: Rebooted}, panicked); len(v.Faults) == 0 {
		t.Error("a panic that nobody wanted passes")
	}
	want.Outside = "Rebooting in 5 seconds"
	if v := Judge(want, panicked); len(v.Faults) == 0 {
		t.Error("a panic with another end passes")
	}
	expired := panicked
	expired.Expired = true
	want.Outside = "Rebooting in 30 seconds"
	if v := Judge(want, expired); len(v.Faults) == 0 {
		t.Error("a machine that hangs after its panic passes")
	}
}
