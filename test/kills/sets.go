package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/preroot/preroot/internal/vm"
	"github.com/preroot/preroot/test/trials"
)

const (
	serial   = "console=ttyS0"
	nowhere  = "root=UUID=00000000-dead-beef-0000-000000000000 rd.retry=3" // the last root= counts
	bootTime = 700                                                         // ms from the first child of PID 1 to some time after the real init, on a host that is not busy
)

func (h *house) sets(times int) []trials.Set {
	sets := []trials.Set{
		{Name: "engine-killed", Count: 200, Do: h.engineKilled},
		{Name: "engine-killed-twice", Count: 20, Do: h.killedTwice},
		{Name: "signals", Count: 64, Do: h.signals},
		{Name: "late-disk", Count: 50, Do: h.lateDisk},
		{Name: "console-null", Count: 10, Do: h.consoles("console=null", vm.ConsoleRead)},
		{Name: "console-none", Count: 10, Do: h.consoles("", vm.ConsoleNone)},
		{Name: "three-consoles", Count: 10, Do: h.threeConsoles},
	}
	for i := range sets {
		if times > 0 {
			sets[i].Count = times
		}
	}
	return sets
}

// engineKilled kills the engine once: a second one boots, or the end is told.
func (h *house) engineKilled(_ int, r *rand.Rand) trials.Result {
	us := r.IntN(bootTime * 1000)
	return h.launched("", "engine", fmt.Sprintf("ms %d", us/1000), "kill-engine 9")
}

// killedTwice kills the second engine too.
func (h *house) killedTwice(_ int, r *rand.Rand) trials.Result {
	return h.launched("", "engine", fmt.Sprintf("ms %d", r.IntN(bootTime/2)), "kill-engine 9",
		"ms 50", "engine", fmt.Sprintf("ms %d", r.IntN(bootTime/2)), "kill-engine 9")
}

// signals sends one signal to PID 1 ten times.
func (h *house) signals(n int, r *rand.Rand) trials.Result {
	orders := []string{"engine"}
	for range 10 {
		orders = append(orders, fmt.Sprintf("ms %d", r.IntN(bootTime/5)), fmt.Sprintf("signal %d", n%64+1))
	}
	want := "BOOTED"
	if n%64+1 == 2 { // SIGINT is Ctrl-Alt-Del
		want = "REBOOTED"
	}
	return want2(h.launched("", orders...), want)
}

func want2(one trials.Result, want string) trials.Result {
	if one.Bad == "" && one.End != want {
		one.Bad = "wanted " + want
	}
	return one
}

func (h *house) launched(words string, orders ...string) trials.Result {
	s, err := h.launch(h.machine(serial+" "+words), orders...)
	if err != nil {
		return trials.Result{End: "not started", Bad: err.Error()}
	}
	defer os.Remove(s.Initrd)
	return spoken(vm.Run(s, nil))
}

// lateDisk plugs the disk up to a minute after the start of /init.
func (h *house) lateDisk(_ int, r *rand.Rand) trials.Result {
	s := h.machine(serial + " rd.retry=180")
	s.Disks[0].Late = true
	after := time.Duration(r.IntN(60000)) * time.Millisecond
	m, err := vm.Start(s, nil)
	if err != nil {
		return trials.Result{End: "not started", Bad: err.Error()}
	}
	if _, err = m.Await("Run /init as init process"); err == nil {
		time.Sleep(after)
		err = m.Plug(0)
	}
	one := want2(spoken(m.Wait(), err), "BOOTED")
	one.Figures["after s"] = after.Seconds()
	return one
}

// consoles boots without a console that anybody sees: every other time to a root that is there, otherwise to an end of its own. A
// panic would hold the machine (panic=0), so that it runs into its limit.
func (h *house) consoles(words string, line vm.Console) func(int, *rand.Rand) trials.Result {
	return func(n int, _ *rand.Rand) trials.Result {
		s := h.machine(words + " panic=0")
		s.Console, s.Silent = line, true
		if n%2 == 1 {
			s.Cmdline += " " + nowhere
		}
		disk := filepath.Join(h.dir, fmt.Sprintf("own-%s-%d.img", time.Now().Format("150405.000000"), n))
		if err := vm.Clone(h.root, disk); err != nil {
			return trials.Result{End: "not started", Bad: err.Error()}
		}
		defer os.Remove(disk)
		s.Disks[0].Path, s.Disks[0].Snapshot = disk, false
		result, err := vm.Run(s, nil)
		return silent(result, err, disk, n%2 == 0)
	}
}

// threeConsoles has a VT, a serial line and a virtio console, with a root and without one.
func (h *house) threeConsoles(n int, _ *rand.Rand) trials.Result {
	s := h.machine("console=tty0 console=hvc0 " + serial)
	s.Extra = []string{"-vga", "std", "-device", "virtio-serial-pci", "-chardev", "null,id=hvc", "-device", "virtconsole,chardev=hvc"}
	want := "BOOTED"
	if n%2 == 1 {
		s.Cmdline += " " + nowhere
		want = "REBOOTED"
	}
	return want2(spoken(vm.Run(s, nil)), want)
}
