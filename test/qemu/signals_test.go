package qemu

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"
)

var sentLine = regexp.MustCompile(`launcher: (\d+) signals sent`)

// sent adds up the launcher's reports.
func sent(lines []string) (signals int) {
	for _, l := range lines {
		if m := sentLine.FindStringSubmatch(l); m != nil {
			n, _ := strconv.Atoi(m[1])
			signals += n
		}
	}
	return signals
}

// TestEverySignal sends every signal but SIGINT to PID 1, again and again from
// its first instruction to the real init, and boots. (SIGINT is Ctrl-Alt-Del
// and ends the boot: TestCtrlAltDel.)
func TestEverySignal(t *testing.T) {
	t.Parallel()
	var orders []string
	for range 200 {
		orders = append(orders, "signals 1 2")
	}
	s := plain(t, image{launcher: orders}, serial)
	r := boot(t, s)
	if !r.Reached() {
		fail(t, r, "root was not reached")
	}
	n := sent(r.Lines)
	t.Logf("%d signals sent to PID 1", n)
	if n < 2*63 {
		fail(t, r, "only %d signals were sent, wanted two rounds of 63 at least", n)
	}
}

// TestOneSignal sends each signal alone, 100 times in a row, early.
func TestOneSignal(t *testing.T) {
	if testing.Short() {
		return
	}
	boots := 0
	// One boot a group of eight keeps this within half a minute.
	for first := 1; first <= 64; first += 8 {
		var orders []string
		for n := first; n < first+8; n++ {
			if n == 2 {
				continue
			}
			for range 20 {
				orders = append(orders, fmt.Sprintf("signal %d", n))
			}
		}
		boots++
		t.Run(fmt.Sprintf("%d-%d", first, first+7), func(t *testing.T) {
			t.Parallel()
			mustReach(t, plain(t, image{launcher: orders}, serial+" loglevel=4"))
		})
	}
	t.Logf("%d boots", boots)
}

// TestCtrlAltDel sends SIGINT while root is awaited: an orderly reboot.
func TestCtrlAltDel(t *testing.T) {
	for name, orders := range map[string][]string{
		"once":  {"engine", "ms 1500", "signal 2"},
		"twice": {"engine", "ms 1500", "signal 2", "ms 100", "signal 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := plain(t, image{launcher: orders}, serial)
			s.Cmdline = "root=UUID=00000000-dead-beef-0000-000000000000 rd.timeout=60 rdinit=/launcher " + serial
			r := boot(t, s)
			mustSay(t, r, "preroot: end: REBOOTED")
		})
	}
}
