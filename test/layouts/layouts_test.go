package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/preroot/preroot/internal/vm"
)

// TestCells: the table is what was written down: every layout once with the newest dracut, five of them crossed with versions and shells, host-only images,
// and our module three times; no two cells have a name in common.
func TestCells(t *testing.T) {
	list := cells()
	count := map[string]int{}
	for _, c := range list {
		if count[c.Name()]++; count[c.Name()] > 1 {
			t.Errorf("two cells are named %s", c.Name())
		}
		if !slices.Contains(everyLayout, c.Layout) || dracut(c.Dracut).Suite == "" {
			t.Errorf("cell %s: no such layout, or no such dracut", c.Name())
		}
	}
	if want := len(everyLayout) + 2*5 + 2*5 + 3 + 3*5 + 3; len(list) != want {
		t.Errorf("%d cells, want %d", len(list), want)
	}
	if got := choose(list, []string{"ext4-*-dash", "luks-key-*"}); len(got) != 4 { // those with systemd inside have names of their own
		t.Errorf("patterns chose %v; want ext4 of three versions and luks-key", got)
	}
	for _, l := range layouts() {
		if !slices.Contains(everyLayout, l.Name) {
			t.Errorf("layout %s is in no cell", l.Name)
		}
		if !strings.Contains(l.Cmdline(dracut(newest)), "root=") {
			t.Errorf("layout %s has no root=", l.Name)
		}
	}
}

// TestVerdict: a pair of boots is passed when both reached the root, the layout is what it says, and both left the same.
func TestVerdict(t *testing.T) {
	l := Layout{Want: facts("root ext4 /dev/vda"), Cmdline: same("")}
	good := End{Facts: []string{"end", "link /dev/a b", "root ext4 /dev/vda"}}
	for _, c := range []struct {
		name        string
		stock, ours End
		want        []string
	}{
		{"same", good, good, nil},
		{"stock", End{Bad: "hangs", Facts: good.Facts}, good, []string{"the stock init: hangs"}},
		{"ours", good, End{Bad: "hangs"}, []string{"our init: hangs"}},
		{"other root", good, End{Facts: []string{"end", "link /dev/a b", "root ext4 /dev/vdb"}},
			[]string{"ours left no fact: root ext4 /dev/vda", "- root ext4 /dev/vda", "+ root ext4 /dev/vdb"}},
		{"more", good, End{Facts: append(slices.Clone(good.Facts), "process x")}, []string{"+ process x"}},
	} {
		if got := verdict(Cell{}, l, c.stock, c.ours); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestVerdictBusybox: its switch_root does not carry every mount over, and without /sys less is seen; one that we lack, or that is no API file system, counts.
func TestVerdictBusybox(t *testing.T) {
	ours := End{Facts: []string{"end", "dm root", "mount /data ext4 /dev/vdb rw", "mount /sys sysfs"}}
	for seen, want := range map[string]string{
		"mount /proc proc": "- mount /proc proc; + mount /data ext4 /dev/vdb rw",
		"mount /sys sysfs": "+ dm root; + mount /data ext4 /dev/vdb rw",
	} {
		stock := End{Facts: []string{"end", seen}}
		if got := strings.Join(verdict(Cell{Dracut: newest}, Layout{Cmdline: same("root=x")}, stock, ours), "; "); got != want {
			t.Errorf("%s: %s, want %s", seen, got, want)
		}
	}
}

// TestVerdictSystemd: an image with systemd inside is booted by us, and by its systemd where that alone can.
func TestVerdictSystemd(t *testing.T) {
	c, stock := Cell{Dracut: newest, Systemd: true}, End{Facts: []string{"end", "mount /dev/mqueue"}}
	for _, row := range []struct{ words, log, want string }{
		{"root=x", "udevd mode: the image has udevd and its own systemd, whose part is done natively", ""},
		{"root=x", "", "our init does not say: its own systemd, whose part is done natively"},
		{"root=x rd.luks.uuid=1", "/usr/lib/systemd/systemd of this image boots it: rd.luks.uuid= asks for LUKS, ", ""},
		{"root=x rd.luks.uuid=1", "its own systemd, whose part is done natively", "our init does not say: systemd of this image boots it: rd.luks.uuid= asks for LUKS"},
	} {
		got := strings.Join(verdict(c, Layout{Cmdline: same(row.words)}, stock, End{Facts: []string{"end"}, Log: row.log}), "; ")
		if got != row.want {
			t.Errorf("%s, %s: %q, want %q", row.words, row.log, got, row.want)
		}
	}
}

// TestFacts: what the console says is read, in whatever order the kernel's lines stand between.
func TestFacts(t *testing.T) {
	got := factsOf([]string{"BENCH init_s=1", "BENCH argv [/sbin/init]", "BENCH env A=b c", "[    1.0] kernel", "FACT mount / ext4 /dev/vda rw", "FACT mount /run tmpfs tmpfs rw,size=5k",
		"FACT link /dev/disk/by-loop-inode/0:2-77 ../../loop0", "FACT mount / nfs a:/b rw,mountport=4711,proto=tcp,mountport=1", "FACT end"})
	want := []string{"argv [/sbin/init]", "end", "env A=b c", "link /dev/disk/by-loop-inode/ ../../loop0", "mount / ext4 /dev/vda rw", "mount / nfs a:/b rw,mountport=,proto=tcp,mountport=", "mount /run tmpfs"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestSplit: hooks have the moment before modules, those before udevd, and the rest is ours.
func TestSplit(t *testing.T) {
	got := split(vm.Bench{TotalSeconds: 3, InitSeconds: 2, Spans: []vm.Span{
		{StartUS: 500_000, DurationUS: 600_000, Kind: "hook", Name: "before /init: clipped"},
		{StartUS: 1_500_000, DurationUS: 500_000, Kind: "hook!"},
		{StartUS: 1_900_000, DurationUS: 200_000, Kind: "module"},
		{StartUS: 1_400_000, DurationUS: 1_000_000, Kind: "udevd"},
		{StartUS: 1_000_000, DurationUS: 2_000_000, Kind: "stage"},
	}})
	for _, d := range []float64{got.Hooks - 0.6, got.Modules - 0.1, got.Udevd - 0.4, got.Own - 0.9} {
		if d > 1e-6 || d < -1e-6 {
			t.Fatalf("%+v; want hooks 0.6, modules 0.1, udevd 0.4, own 0.9", got)
		}
	}
}

// TestSplitClock: the pauses before the first job of timeout are the clock's, short ones and those after it are ours.
func TestSplitClock(t *testing.T) {
	got := split(vm.Bench{TotalSeconds: 10, InitSeconds: 10, Spans: []vm.Span{
		{StartUS: 100_000, DurationUS: 900_000, Kind: "udevd"},                                                           // 0.1 before it: a pause
		{StartUS: 1_030_000, DurationUS: 70_000, Kind: "vote"},                                                           // 0.03: ours
		{StartUS: 5_100_000, DurationUS: 400_000, Kind: "hook", Name: "/var/lib/dracut/hooks/initqueue/timeout/50-x.sh"}, // 4 s: the clock
		{StartUS: 7_000_000, DurationUS: 3_000_000, Kind: "hook", Name: "/var/lib/dracut/hooks/mount/99-x.sh"},           // 1.5 s: ours
	}})
	for _, d := range []float64{got.Clock - 4.1, got.Own - 1.53, got.Hooks - 3.47, got.Udevd - 0.9} {
		if d > 1e-6 || d < -1e-6 {
			t.Fatalf("%+v; want clock 4.1, own 1.53, hooks 3.47, udevd 0.9", got)
		}
	}
}

// TestEnded: a process that only one of the inits leaves is a difference, but for one that ours ends on purpose.
func TestEnded(t *testing.T) {
	stock, ours := []string{"process iscsid", "process @nbd-client -p"}, []string{"process dhclient"}
	if got, want := differences(stock, ours), []string{"- process @nbd-client -p", "+ process dhclient"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestRemote: what serves a root over the wire has its disk, and the machine itself has not; its clock is that of the wall.
func TestRemote(t *testing.T) {
	for _, l := range remote() {
		if l.Serve == nil || !l.Wall || len(l.Disks) > 0 && !slices.Equal(l.Missing, []int{1}) {
			t.Errorf("%s: served %v, wall %v, disks %v, missing %v", l.Name, l.Serve != nil, l.Wall, l.Disks, l.Missing)
		}
	}
}
