package faults

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

// log is a synthetic console: the kernel starts /init at 1 s, then these lines.
func log(lines ...string) []string {
	return append([]string{"[    0.500000] Linux version 6.1", "[    1.000000] Run /init as init process"}, lines...)
}

const (
	rootWord     = "ROOT at=2.500000 marker=root mounts=1 mount=rw"
	rebootedWord = "[    4.000000] preroot: end: REBOOTED: the disk is gone"
	restarting   = "[    4.100000] reboot: Restarting system"
	promptWord   = "[    3.000000] preroot: end: HELD: prompt on ttyS0: the disk is gone"
)

func refused(lines ...string) Run { return Run{Lines: log(append(lines, rebootedWord, restarting)...)} }

func booted(lines ...string) Run {
	return Run{Lines: log(append(lines, rootWord)...), Root: rootWord}
}

// TestOracle holds the oracle to what it must let pass and what it must not: a piece of what it says, "" for a run that passes.
func TestOracle(t *testing.T) {
	reboot := Want{End: Rebooted, Reason: "the disk is gone"}
	boot := Want{End: Booted}
	cases := map[string]struct {
		want  Want
		run   Run
		fault string
	}{
		"rebooted":                               {reboot, refused(), ""},
		"rebooted after a prompt":                {reboot, refused(promptWord), ""},
		"booted":                                 {boot, booted(), ""},
		"held":                                   {Want{End: Held, Reason: "the disk is gone"}, Run{Lines: log(promptWord)}, ""},
		"prompt, then booted":                    {Want{End: Booted, Prompt: true}, booted(promptWord), ""},
		"halted":                                 {Want{End: Held}, Run{Lines: log("[ 3.0] preroot: end: HELD: no", "[ 3.1] reboot: System halted")}, ""},
		"engine crash, as wanted":                {Want{End: Booted, Crash: true}, booted("[ 2.0] preroot: engine: panic: no"), ""},
		"root changed, as allowed":               {boot, with(booted(), DiskState{"root", "a", "b", true}), ""},
		"silent":                                 {boot, Run{Silent: true, Root: rootWord}, ""},
		"silence":                                {boot, Run{}, "no defined end"},
		"only a log":                             {reboot, Run{Lines: log("[ 2.0] preroot: boot stopped")}, "no defined end"},
		"limit":                                  {reboot, Run{Lines: log(), Expired: true}, "limit of wall-clock time"},
		"limit after the end":                    {reboot, Run{Lines: refused().Lines, Expired: true}, "limit of wall-clock time"},
		"QEMU fails":                             {boot, Run{Lines: log(rootWord), Root: rootWord, Err: fmt.Errorf("no memory")}, "no memory"},
		"other end":                              {boot, refused(), "ended REBOOTED"},
		"booted, not wanted":                     {reboot, booted(), "ended BOOTED"},
		"two ends":                               {boot, booted(rebootedWord, restarting), "two ends"},
		"the same end twice":                     {reboot, refused(rebootedWord), "two ends"},
		"prompt, not wanted":                     {boot, booted(promptWord), "a prompt opened"},
		"other reason":                           {Want{End: Rebooted, Reason: "twins"}, refused(), "the reason is"},
		"power down told, restarts":              {Want{End: PoweredOff}, Run{Lines: log("[ 4.0] preroot: end: POWERED OFF: no", restarting)}, "the kernel does not say"},
		"told, and never done":                   {reboot, Run{Lines: log(rebootedWord)}, "the kernel does not say"},
		"late":                                   {Want{End: Rebooted, Within: 2 * time.Second}, refused(), "came after 3.0 s"},
		"soon":                                   {Want{End: Rebooted, Soon: Span{"vda", time.Second}}, refused("[ 3.5] vda"), ""},
		"not soon":                               {Want{End: Rebooted, Soon: Span{"vda", time.Second}}, refused("[ 2.5] vda"), "later than 1s"},
		"soon after nothing":                     {Want{End: Rebooted, Soon: Span{"vda", time.Second}}, refused(), "later than 1s"},
		"too early":                              {Want{End: Rebooted, NotBefore: 10 * time.Second}, refused(), "came after 3.0 s"},
		"panic after the end":                    {reboot, refused("Kernel panic - not syncing"), "crash"},
		"Go panic":                               {reboot, refused("[ 2.0] preroot: engine: panic: no"), "crash"},
		"Go fatal error":                         {reboot, refused("fatal error: all goroutines are asleep"), "crash"},
		"oops":                                   {boot, booted("[ 2.0] Oops: 0002 [#1]"), "crash"},
		"hung task":                              {boot, booted("[ 2.0] INFO: task x blocked for more than 120 seconds."), "crash"},
		"kernel panic, though a crash is wanted": {Want{End: Booted, Crash: true}, booted("Kernel panic"), "crash"},
		"shell":                                  {reboot, refused("SHELL-42"), "a shell has executed"},
		"shell in a booted":                      {boot, booted("~ # SHELL-42"), "a shell has executed"},
		"not said":                               {Want{End: Rebooted, Says: []string{"twins"}}, refused(), "not said"},
		"said too early":                         {Want{End: Rebooted, Says: []string{"Linux version"}}, refused(), "not said"},
		"said, must not be":                      {Want{End: Rebooted, Never: []string{"vda"}}, refused("[ 2.0] vda"), "must not be said"},
		"too many lines":                         {reboot, refused(slices.Repeat([]string{"[ 2.0] preroot: x"}, 200)...), "201 lines"},
		"disk changed":                           {reboot, with(refused(), DiskState{"data", "a", "b", false}), "the disk data has changed"},
		"wrong marker":                           {boot, rooted("ROOT at=2.5 marker=twin mounts=1"), "wrong root"},
		"mounted twice":                          {boot, rooted("ROOT at=2.5 marker=root mounts=2"), "mounted 2 times"},
		"no marker":                              {boot, rooted("ROOT at=2.5"), "wrong root"},
		"other mount options":                    {Want{End: Booted, Root: []string{"mount=ro"}}, booted(), `does not see "mount=ro"`},
		"silent, not reached":                    {boot, Run{Silent: true}, "no defined end"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			faults := strings.Join(Judge(c.want, c.run).Faults, "\n")
			if c.fault == "" && faults != "" || !strings.Contains(faults, c.fault) {
				t.Errorf("faults %q, wanted %q", faults, c.fault)
			}
		})
	}
}

func with(r Run, d DiskState) Run {
	r.Disks = append(r.Disks, d)
	return r
}

func rooted(line string) Run { return Run{Lines: log(line), Root: line} }

// TestOracleSeconds reads the guest's own clock.
func TestOracleSeconds(t *testing.T) {
	if v := Judge(Want{End: Rebooted}, refused()); v.Seconds != 3 || v.End != Rebooted || v.Words != 1 {
		t.Errorf("%+v", v)
	}
}

// TestStamp finds the clock behind a countdown.
func TestStamp(t *testing.T) {
	for line, want := range map[string]float64{
		"[    2.500000] preroot: x": 2.5, "\rreboot in 1 s; press a key \x1b[K[   12.250000] preroot: end: HELD": 12.25,
		"": 0, "[vda] 2 sectors": 0, "[": 0, "ROOT at=2": 0,
	} {
		if got := stamp(line); got != want {
			t.Errorf("%q: %v, wanted %v", line, got, want)
		}
	}
}

// TestOracleOnABusyHost bounds by how late the kernel has started /init.
func TestOracleOnABusyHost(t *testing.T) {
	lines := []string{"[    1.000000] Linux", "[   10.000000] Run /init as init process", "[   17.000000] preroot: end: REBOOTED: no", "[   17.100000] " + restarting}
	for within, good := range map[time.Duration]bool{2 * time.Second: true, time.Second: false} {
		if v := Judge(Want{End: Rebooted, Within: within}, Run{Lines: lines}); (len(v.Faults) == 0) != good {
			t.Errorf("7 s instead of %v when the host is four times slower: %q", within, v.Faults)
		}
	}
}

// TestOracleForced: an end that PID 1 had to force is one end, another word after it is two.
func TestOracleForced(t *testing.T) {
	for second, good := range map[string]bool{"REBOOTED: no (forced: by the kernel's keys)": true, "REBOOTED: yes": false, "POWERED OFF: no (forced: x)": false} {
		lines := []string{"[    1.0] Run /init as init process", "[    2.0] preroot: end: REBOOTED: no", "[    3.0] preroot: end: " + second, "[    3.1] sysrq: Resetting"}
		if v := Judge(Want{End: Rebooted}, Run{Lines: lines}); (len(v.Faults) == 0) != good {
			t.Errorf("%s: %q", second, v.Faults)
		}
	}
}

// TestTable holds that a fault that was not run, and one that failed, are never counted as good.
func TestTable(t *testing.T) {
	text := table([]Result{
		{ID: "control", Name: "disk", Commit: "c0ffee", End: Booted},
		{ID: "D01", Commit: "c0ffee", End: Rebooted, Reason: "no root="},
		{ID: "D02", Name: "a", Commit: "c0ffee", End: Rebooted, Reason: "gone"},
		{ID: "D02", Name: "b", Commit: "c0ffee", End: Rebooted, Faults: []string{"two ends"}},
		{ID: "D03"},
	})
	for _, want := range []string{"1 of 3 faults", "3 of 5 runs", "**FAILED**: two ends", "| D03 |  |  | NOT RUN |", "REBOOTED: no root="} {
		if !strings.Contains(text, want) {
			t.Errorf("not in the table: %q\n%s", want, text)
		}
	}
}

// TestProbe holds that what is typed does not look like its own result.
func TestProbe(t *testing.T) {
	if strings.Contains(probe, "SHELL-42") || vm.Judge([]string{probe}) != "" {
		t.Error(probe)
	}
}
