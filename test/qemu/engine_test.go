package qemu

import (
	"fmt"
	"testing"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

// TestEngineKilled kills the engine at several moments before root is mounted.
// A second engine boots the machine; when the kill came after the mount, the
// emergency action ends it. Nothing else is an end.
func TestEngineKilled(t *testing.T) {
	for _, ms := range []int{0, 10, 30, 60, 100, 200, 400} {
		t.Run(fmt.Sprintf("%dms", ms), func(t *testing.T) {
			t.Parallel()
			orders := []string{"engine", fmt.Sprintf("ms %d", ms), "kill-engine 9"}
			r := boot(t, plain(t, image{launcher: orders}, serial))
			t.Logf("killed %t: %s", r.Says("launcher: done: kill-engine"), ending(r))
			if ms <= 100 {
				mustSay(t, r, "launcher: done: kill-engine")
			}
			if ending(r) == "" {
				fail(t, r, "neither booted nor ended with a reason")
			}
		})
	}
}

// TestEngineKilledBeforeMount kills the first engine while it waits for a disk
// that comes later: the second must boot it.
func TestEngineKilledBeforeMount(t *testing.T) {
	for _, signal := range []int{9, 11, 6} {
		t.Run(fmt.Sprintf("signal%d", signal), func(t *testing.T) {
			t.Parallel()
			s := plain(t, image{launcher: []string{"engine", "ms 1000", fmt.Sprintf("kill-engine %d", signal)}}, serial)
			s.Disks[0].Late, s.EngineCrash = true, true
			m, err := vm.Start(s, nil)
			if err != nil {
				t.Fatal(err)
			}
			_, killed := m.Await("launcher: done: kill-engine")
			if killed == nil {
				killed = m.Plug(0)
			}
			r := m.Wait()
			if killed != nil {
				fail(t, r, "%v", killed)
			}
			if err := r.Err(); err != nil || !r.Reached() {
				fail(t, r, "root was not reached: %v", err)
			}
		})
	}
}

// ending names how a boot ended, "" if in none of the defined ways.
func ending(r vm.Result) string {
	if r.Reached() {
		return "BOOTED"
	}
	return r.Line("preroot: end: ")
}

// fsconfigCall is the number of fsconfig(2) on x86-64: the call that reads the
// disk when preroot mounts.
const fsconfigCall = 431

// TestEngineStuckInMount puts root on a disk that answers one request a second
// and kills the engine while the kernel mounts it: a thread in the kernel can
// neither be interrupted nor reaped then. The end must still be a defined one.
func TestEngineStuckInMount(t *testing.T) {
	t.Parallel()
	s := plain(t, image{launcher: []string{fmt.Sprintf("blocked %d", fsconfigCall), "kill-engine 9"}}, serial)
	s.Disks[0].IOPS = 1
	s.Limit = 180 * time.Second
	r := boot(t, s)
	mustSay(t, r, "launcher: done: kill-engine 9")
	t.Logf("after %.1f s: %s", r.Duration.Seconds(), ending(r))
	if ending(r) == "" {
		fail(t, r, "neither booted nor ended with a reason")
	}
}

// TestSlowMount is the control: the same disk, nobody killed, boots.
func TestSlowMount(t *testing.T) {
	t.Parallel()
	s := plain(t, image{}, serial)
	s.Disks[0].IOPS = 4
	s.Limit = 180 * time.Second
	b := mustReach(t, s)
	t.Logf("%.1f s from /init", b.InitSeconds)
}
