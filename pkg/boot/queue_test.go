package boot

import (
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/preroot/preroot/pkg/config"
	"github.com/preroot/preroot/pkg/hooks"
	"github.com/preroot/preroot/pkg/initqueue"
	"github.com/preroot/preroot/pkg/udevd"
	"github.com/preroot/preroot/pkg/uevent"
)

// TestQueueRule: hooks of finished that say yes stay in images of dracut 059 alone.
func TestQueueRule(t *testing.T) {
	for text, want := range map[string]initqueue.Rule{
		"NAME=x\nDRACUT_VERSION=059-4\n":         initqueue.KeepTrue,
		"DRACUT_VERSION=\"057+suse\"\n":          initqueue.KeepTrue,
		"DRACUT_VERSION=060-1\n":                 initqueue.DeleteTrue,
		"DRACUT_VERSION=112-7\n":                 initqueue.DeleteTrue,
		"DRACUT_VERSION=\n":                      initqueue.DeleteTrue,
		"VERSION=\"12 (bookworm) dracut-059\"\n": initqueue.DeleteTrue,
		"":                                       initqueue.DeleteTrue,
	} {
		b := &Boot{m: Machine{Files: fstest.MapFS{"usr/lib/initrd-release": {Data: []byte(text)}}}}
		if got := b.queueRule(); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// TestRetries: a wait for ever is no wait of no seconds.
func TestRetries(t *testing.T) {
	for _, c := range []struct {
		wait, retry time.Duration
		want        int
	}{
		{180 * time.Second, 180 * time.Second, 360},
		{time.Second, time.Second, 2},
		{0, 180 * time.Second, 360}, // rootwait
		{600 * time.Second, 180 * time.Second, 360},
		{5 * time.Second, 180 * time.Second, 15}, // two thirds are at 5 s
		{config.RootNoWait, 180 * time.Second, 0},
		{config.RootNoWait, config.RootNoWait, 0},
	} {
		b := &Boot{config: config.Config{RootWait: c.wait, Retry: c.retry}}
		if got := b.retries(); got != c.want {
			t.Errorf("%v, rd.retry %v: %d, want %d", c.wait, c.retry, got, c.want)
		}
	}
}

// TestWaitingHooks names devices as their hooks are named by wait_for_dev.
func TestWaitingHooks(t *testing.T) {
	files := fstest.MapFS{
		`var/lib/dracut/hooks/initqueue/finished/devexists-\x2fdev\x2fvg\x2froot.sh`: {},
		"var/lib/dracut/hooks/initqueue/finished/nfsroot.sh":                         {},
	}
	b := &Boot{m: Machine{Files: files, Hooks: &hooks.System{}}}
	b.hooks = newHooks(b, hooks.Find(files))
	if got, want := b.waitingHooks(), "/dev/vg/root, nfsroot"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestUdevIdle: what udevd said before the last change is no "idle" after it; a "busy" holds until the next answer.
func TestUdevIdle(t *testing.T) {
	var u udevIdle
	ask := func(want bool) {
		t.Helper()
		if got := u.question(); got != want {
			t.Errorf("asked: %v", got)
		}
	}
	believed := func(want string) {
		t.Helper()
		got := "unknown"
		if u.known {
			got = map[bool]string{true: "idle", false: "busy"}[u.quiet]
		}
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	u.doubt()
	ask(true)
	ask(false)
	asked := u.doubts
	u.doubt()
	u.answer(udevState{true, asked})
	believed("unknown")
	ask(true)
	u.answer(udevState{true, u.doubts})
	believed("idle")
	ask(false)
	u.doubt()
	believed("unknown")
	ask(true)
	asked = u.doubts
	u.doubt()
	u.answer(udevState{false, asked})
	believed("busy")
	ask(true) // whether it is still
	u.doubt()
	believed("busy")
}

// TestChangesDevices: what we ask and answer ourselves starts no new round of jobs.
func TestChangesDevices(t *testing.T) {
	b := engineOn(ramRun{MapFS: fstest.MapFS{}}, false)
	b.udevd = &udevd.Daemon{}
	q := &queue{f: newFinder(b), place: &queueDir{}}
	for _, ev := range []initqueue.Event{asked{}, busState{}, lookAgain{}, probed{}, signal{}, initqueue.Idle{}} {
		if q.Handle(ev); q.changes != 0 {
			t.Fatalf("%T counts as a change of devices", ev)
		}
	}
	for i, ev := range []initqueue.Event{uevent.Event{}, overrun{}, scanned{}} {
		if q.Handle(ev); q.changes != uint64(i+1) {
			t.Errorf("%T does not count as a change of devices", ev)
		}
	}
}

// hookedEngine is an engine on an image with hooks.
func hookedEngine(files fstest.MapFS) *Boot {
	b := engineOn(ramRun{MapFS: files}, false)
	b.m.Hooks = &hooks.System{}
	b.hooks = newHooks(b, hooks.Find(files))
	return b
}

// removed notes what is removed.
type removed struct{ paths []string }

func (*removed) WriteFile(string, []byte) error { return nil }
func (*removed) Symlink(string, string) error   { return nil }
func (r *removed) Remove(path string) error {
	r.paths = append(r.paths, path)
	return nil
}

// TestDeviceAsksAgain: a device that udevd has ready begins a failed wait again, while nobody has typed, and not at once.
func TestDeviceAsksAgain(t *testing.T) {
	for _, c := range []struct {
		typed  bool
		why    stop
		after  time.Duration
		begins bool
	}{
		{false, stop{stage: "initqueue", waited: true}, time.Minute, true},
		{true, stop{stage: "initqueue", waited: true}, time.Minute, false},
		{false, stop{stage: "initqueue", waited: true}, time.Second, false},
		{false, stop{stage: "mount", waited: true}, time.Minute, false},
		{false, stop{stage: "initqueue"}, time.Minute, false},
	} {
		b := engineOn(ramRun{MapFS: fstest.MapFS{}}, false)
		b.queue = &queue{}
		a := &attendance{finder: newFinder(b), typed: c.typed, why: c.why, began: time.Now().Add(-c.after)}
		if a.Handle(udevChanged{}); a.over != c.begins {
			t.Errorf("%+v: %v", c, a.over)
		}
		if c.why.stage == "initqueue" && !a.forHooks() {
			t.Error("a device of ours ends the wait for hooks")
		}
	}
}

// TestResources reads meminfo and loadavg as the kernel writes them; without MemAvailable no memory is known to be left.
func TestResources(t *testing.T) {
	for text, want := range map[string][2]uint64{
		"MemTotal:        1000 kB\nMemFree:  3 kB\nMemAvailable:     20 kB\nBuffers: 7 kB\n": {20 << 10, 1000 << 10},
		"MemTotal:        1000 kB\nMemFree:  3 kB\n":                                         {0, 1000 << 10},
		"MemAvailable: many kB\n":                                                            {0, 0},
		"":                                                                                   {0, 0},
	} {
		b := engineOn(ramRun{MapFS: fstest.MapFS{"proc/meminfo": {Data: []byte(text)}, "proc/loadavg": {Data: []byte("0.00 0.01 0.05 2/123 4567\n")}}}, false)
		if got := b.resources(); got != (hooks.Resources{MemoryLeft: want[0], Memory: want[1], Processes: 123}) {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

// TestBusyUdevdStopsTheClock: rd.retry does not count while udevd is busy, 120 s in all; what is not known changes nothing.
func TestBusyUdevdStopsTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := engineOn(ramRun{MapFS: fstest.MapFS{}}, false)
		b.udevd = &udevd.Daemon{}
		q := &queue{f: newFinder(b)}
		q.rounds.Clock.Counted()
		for i, step := range []struct {
			idle    udevIdle
			seconds int
			counted int // after them, in all
		}{
			{udevIdle{}, 10, 10},
			{udevIdle{known: true}, 20, 10},
			{udevIdle{known: true, quiet: true}, 5, 15},
			{udevIdle{}, 5, 20}, // asked again
			{udevIdle{known: true}, 100, 20},
			{udevIdle{known: true}, 10, 30}, // 120 s were enough
			{udevIdle{known: true, quiet: true}, 10, 40},
			{udevIdle{known: true}, 10, 50},
		} {
			q.idle = step.idle
			q.holdClock(time.Now())
			time.Sleep(time.Duration(step.seconds) * time.Second)
			if got := q.rounds.Clock.Counted(); got != time.Duration(step.counted)*time.Second {
				t.Errorf("step %d: %v, want %d s", i, got, step.counted)
			}
		}
		q.release(time.Now())
	})
}

// TestOpticalDrive: beside udevd an optical drive is probed when udevd has nothing to do, and one that udevd has found empty is not opened.
func TestOpticalDrive(t *testing.T) {
	for entry, empty := range map[string]bool{
		"I:1\nE:ID_CDROM=1\nE:ID_CDROM_DVD=1\n":             true,
		"I:1\nE:ID_CDROM=1\nE:ID_CDROM_MEDIA=1\nE:ID_X=2\n": false,
		"E:ID_CDROM_MEDIA=1\nE:ID_CDROM=1":                  false,
		"I:1\nE:ID_FS_TYPE=x\n":                             false, // not asked yet
		"":                                                  false,
	} {
		files := fstest.MapFS{"sys/class/block/sr0/dev": {Data: []byte("11:0\n")}, "run/udev/data/b11:0": {Data: []byte(entry)}}
		if b := engineOn(ramRun{MapFS: files}, false); b.noDisc("sr0") != empty {
			t.Errorf("%q: %v", entry, !empty)
		}
	}
	f := newFinder(engineOn(ramRun{MapFS: fstest.MapFS{}}, false))
	for i, idle := range []func() bool{nil, func() bool { return false }, func() bool { return true }} {
		f.udevIdle = idle
		if f.later("sr0") != (i == 1) || f.later("sda") {
			t.Errorf("%d: %v", i, f.later("sr0"))
		}
	}
}
