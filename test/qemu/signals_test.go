package qemu

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
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
// the start of the engine to the real init, and boots. (SIGINT is Ctrl-Alt-Del
// and ends the boot: TestCtrlAltDel.) Before the engine starts PID 1 is the
// only process of the machine, and there is nobody to send a signal; the Go
// runtime has a moment there in which SIGQUIT would end it.
func TestEverySignal(t *testing.T) {
	t.Parallel()
	orders := []string{"engine"}
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

// TestOneSignal sends each signal twenty times in a row, eight signals to a
// boot.
func TestOneSignal(t *testing.T) {
	for first := 1; first <= 64; first += 8 {
		orders := []string{"engine"}
		for n := first; n < first+8; n++ {
			for range 20 {
				if n != 2 { // SIGINT
					orders = append(orders, fmt.Sprintf("signal %d", n))
				}
			}
		}
		t.Run(fmt.Sprintf("%d-%d", first, first+7), func(t *testing.T) {
			t.Parallel()
			r := boot(t, plain(t, image{launcher: orders}, serial))
			done := count(r.Lines, "launcher: done: signal ")
			t.Logf("%d signals sent, %d ordered", done, len(orders)-1)
			if !r.Reached() || done == 0 {
				fail(t, r, "root was not reached, or no signal was sent")
			}
		})
	}
}

func count(lines []string, text string) (n int) {
	for _, l := range lines {
		if strings.Contains(l, text) {
			n++
		}
	}
	return n
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
