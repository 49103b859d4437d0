package qemu

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

// noRoot makes a machine wait for a root that never comes.
func noRoot(s vm.Spec, words string) vm.Spec {
	s.Cmdline = strings.Replace(s.Cmdline, "root=UUID="+vm.RootUUID, "root=LABEL=nothing", 1) + " " + words
	return s
}

// disturb starts a machine, waits for a text on its console and then does
// something to it.
func disturb(t *testing.T, s vm.Spec, text string, do func(*vm.Machine) error) vm.Result {
	t.Helper()
	m, err := vm.Start(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, failed := m.Await(text)
	if failed == nil {
		failed = do(m)
	}
	r := m.Wait()
	if failed != nil {
		fail(t, r, "%v", failed)
	}
	return r
}

// TestPowerButton presses the power button while root is awaited and at a
// prompt: the machine is switched off in good order. The PS/2 keyboard has such a
// key too.
func TestPowerButton(t *testing.T) {
	for name, words := range map[string]string{"waiting": "rd.timeout=60", "prompt": "rd.timeout=1"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := noRoot(plain(t, image{drivers: known + " button evdev"}, serial), words+debug)
			r := disturb(t, s, "preroot: power buttons watched: 2", (*vm.Machine).PowerButton)
			mustSay(t, r, "preroot: end: POWERED OFF: the power button")
			if r.Says("end: HELD") != (name == "prompt") {
				fail(t, r, "there is a prompt where none is wanted, or none where one is")
			}
		})
	}
}

// debug shows every message on the console.
const debug = " rd.debug ignore_loglevel"

// TestCtrlAltDelKeys presses the three keys on a PS/2 keyboard.
func TestCtrlAltDelKeys(t *testing.T) {
	t.Parallel()
	s := noRoot(plain(t, image{}, serial), "rd.timeout=60"+debug)
	r := disturb(t, s, "preroot: stage initqueue", func(m *vm.Machine) error { return m.SendKey("ctrl", "alt", "delete") })
	mustSay(t, r, "preroot: end: REBOOTED: Ctrl-Alt-Del")
}

// TestEngineStopped stops the engine while it waits: PID 1 finds out, and a
// second engine boots.
func TestEngineStopped(t *testing.T) {
	t.Parallel()
	s := plain(t, image{launcher: []string{"engine", "ms 1000", "kill-engine 19"}}, serial+" rd.timeout=2")
	s.Disks[0].Late, s.EngineCrash = true, true
	s.Limit = 150 * time.Second
	r := disturb(t, s, "launcher: done: kill-engine", func(m *vm.Machine) error { return m.Plug(0) })
	mustSay(t, r, "the engine does not answer (it waited for: UUID="+vm.RootUUID+")")
	if !r.Reached() {
		fail(t, r, "root was not reached")
	}
}

// watchdogSeconds is the period of the watchdog in TestWatchdog: longer than a
// busy host takes from the launcher to the engine.
const watchdogSeconds = 15

// TestWatchdog boots with a watchdog that runs already. While the engine lives
// nothing happens for more than two periods; when it is stopped, the machine is
// reset. A boot that reaches root leaves it running.
func TestWatchdog(t *testing.T) {
	for name, orders := range map[string][]string{
		"lives":   {},
		"stopped": {"engine", "ms 3000", "kill-engine 19"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := noRoot(watched(t, orders), fmt.Sprintf("rd.timeout=%d rd.shell=0 rd.emergency=poweroff", 2*watchdogSeconds+5))
			s.Limit = 180 * time.Second
			r := boot(t, s)
			mustSay(t, r, "watchdog0 runs: PID 1 feeds it")
			t.Logf("%.1f s: %q", r.Duration.Seconds(), ending(r))
			if (ending(r) == "") != (name == "stopped") {
				fail(t, r, "wanted an end by preroot if the engine lives, and a reset if it does not")
			}
		})
	}
}

// TestWatchdogOfRealSystem leaves a running watchdog as it was found.
func TestWatchdogOfRealSystem(t *testing.T) {
	t.Parallel()
	r := boot(t, watched(t, nil))
	if !r.Reached() {
		fail(t, r, "root was not reached")
	}
	mustSay(t, r, "watchdog0 runs: PID 1 feeds it", "watchdog0: watchdog did not stop!")
}

// watched is a machine with a hardware watchdog that was started before /init.
func watched(t *testing.T, orders []string) vm.Spec {
	t.Helper()
	k := kernel(t, "6.1")
	first := []string{
		"insmod " + moduleInImage(t, k, "watchdog.ko"),
		fmt.Sprintf("insmod %s heartbeat=%d", moduleInImage(t, k, "i6300esb.ko"), watchdogSeconds),
		"arm",
	}
	i := image{drivers: known + " i6300esb", launcher: append(first, orders...)}
	s := machine(t, k, i.build(t, k), serial+" rdinit=/launcher printk.devkmsg=on")
	s.Extra = []string{"-device", "i6300esb", "-action", "watchdog=reset"}
	return s
}

// moduleInImage is where a module lies in an image of this kernel.
func moduleInImage(t *testing.T, k vm.Kernel, file string) string {
	t.Helper()
	return "/lib/modules/" + k.Version + "/kernel/" + file
}

// TestPanicSetting reads what the kernel would do about a panic of its own,
// while preroot runs and after it.
func TestPanicSetting(t *testing.T) {
	t.Parallel()
	s := plain(t, image{launcher: []string{"kmsg preroot: root: ", "cat /proc/sys/kernel/panic"}}, serial)
	// The harness adds panic=-1 unless the word is there; behind "--" the kernel does not read it.
	s.Cmdline += " -- panic="
	s.Limit = 180 * time.Second
	s.Disks[0].Path = makeOnce(t, "root-state.img", func(path string) error {
		return vm.Root{FS: "ext4", Init: program(t, "state.c")}.Make(path)
	})
	r := boot(t, s)
	mustSay(t, r, "/proc/sys/kernel/panic holds 30", "STATE /proc/sys/kernel/panic = 0")
}
