package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/preroot/preroot/internal/vm"
)

// console is what a machine says that is switched off as it should be.
var console = append([]string{
	"FACT array raid1 degraded=0 sync=idle", "FACT array-state clean", "FACT volume box root active 0", "FACT root /dev/mapper/box-root", "FACT run rw,nosuid,nodev",
	"FACT need-shutdown", "FACT left-by-a-hook", "FACT process @of-a-hook", "FACT dracut-shutdown active", "FACT end",
}, shutdownSaid...)

var shutdownSaid = []string{
	"[  100.0] dracut: Disassembling device-mapper devices", "[  101.0] dracut: Disassembling mdraid devices.", "[  102.0] md: md127 stopped.", "[  103.0] reboot: Power down",
}

// without is a console that lacks some of its lines, with others instead.
func without(lines []string, lack string, instead ...string) []string {
	return append(slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return strings.Contains(l, lack) }), instead...)
}

// stockConsole is that of dracut 106's own init, which never goes back into its image.
var stockConsole = without(without(without(console, "FACT run", "FACT run rw,nosuid,nodev,noexec"), "Disassembling"), "md127 stopped")

// TestEndings: a power-off is passed when what was left is clean, and what takes the devices apart has run; each sign alone fails it.
func TestEndings(t *testing.T) {
	ours, stock, unmarked, cut, after := endings[1], endings[2], endings[3], endings[4], endings[5]
	for _, c := range []struct {
		name    string
		ending  Ending
		console []string
		bad     string // part of the first complaint; "" for none
	}{
		{"good", ours, console, ""},
		{"resync", ours, without(console, "array raid1", "FACT array raid1 degraded=0 sync=resync"), "no fact: array"},
		{"unclean", ours, append(slices.Clone(console), "FACT unclean md/raid1:md0: not clean -- starting background reconstruction"), "fact: unclean"},
		{"journal", ours, append(slices.Clone(console), "FACT recovered EXT4-fs (dm-0): recovery complete"), "fact: recovered"},
		{"unit", ours, append(slices.Clone(console), "FACT failed dracut-shutdown.service"), "fact: failed"},
		{"survivor", ours, append(slices.Clone(console), "FACT process of-a-hook"), "fact: process of-a-hook"},
		{"survivor of the stock init", stock, append(slices.Clone(stockConsole), "FACT process of-a-hook"), ""},
		{"stock init whose /run is like ours", stock, without(stockConsole, "FACT run", "FACT run rw,nosuid,nodev"), "fact: run rw"},
		{"daemon", ours, without(console, "@of-a-hook"), "no fact: process @of-a-hook"},
		{"noexec", ours, append(slices.Clone(console), "FACT run rw,noexec"), "fact: run rw,noexec"},
		{"not asked for", ours, without(console, "need-shutdown"), "no fact: need-shutdown"},
		{"no /shutdown", ours, without(console, "Disassembling"), "/shutdown:"},
		{"array stays", ours, without(console, "md127 stopped"), "/shutdown: \"md: md"},
		{"root stays", ours, append(slices.Clone(console), "dracut Warning: Cannot umount /oldroot"), "dracut Warning: Cannot"},
		{"array stopped at boot alone", ours, append([]string{"md: md127 stopped."}, without(console, "md127 stopped")...), "/shutdown: \"md: md"},
		{"not off", ours, without(console, "reboot: "), "it was not switched off"},
		{"/shutdown all the same", unmarked, console, "/shutdown:"},
		{"unmarked", unmarked, without(without(console, "Disassembling"), "md127 stopped"), ""},
		{"cut", cut, without(without(without(console, "Disassembling"), "md127 stopped"), "reboot: "), ""},
		{"after the cut, all is clean", after, console, "the power was cut, and nothing was unclean"},
		{"after the cut", after, append(slices.Clone(console), "FACT unclean x", "FACT recovered y"), ""},
	} {
		bad := c.ending.judge(vm.Result{Lines: c.console})
		if c.bad == "" && len(bad) > 0 || c.bad != "" && (len(bad) == 0 || !strings.HasPrefix(bad[0], c.bad)) {
			t.Errorf("%s: %q, want %q", c.name, bad, c.bad)
		}
	}
}

// TestRestores: what an image of two archives comes to is said by each version's own tool, and compared with the table.
func TestRestores(t *testing.T) {
	const said = "RESTORE compressed-alone cpio restored 0\nRESTORE compressed-and-ours cpio restored 0\nRESTORE plain-alone cpio not 1\nRESTORE plain-and-ours cpio not 0\n"
	if bad := judgeRestores("106", said); len(bad) > 0 {
		t.Error(bad)
	}
	if bad := judgeRestores("059", strings.Replace(said, "ours cpio restored", "ours cpio not", 1)); len(bad) != 1 {
		t.Errorf("one is not as the table says: %q", bad)
	}
	if bad := judgeRestores("112", said); len(bad) != 7 {
		t.Errorf("112 without any try of 3cpio, and other answers: %q", bad)
	}
}
