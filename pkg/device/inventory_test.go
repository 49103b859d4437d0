package device

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/preroot/preroot/pkg/blkid"
	"github.com/preroot/preroot/pkg/uevent"
)

// blockEvent makes the event of a disk "sda", a partition "sda1", or a layer "dm-0".
func blockEvent(action, name string, pairs ...string) uevent.Event {
	n := 0
	for _, c := range name {
		n = n*31 + int(c)
	}
	path := "/devices/virtual/block/" + name
	kind := []string{"DEVTYPE", "disk"}
	if i := strings.LastIndexAny(name, "abcdefghijklmnopqrstuvwxyz-") + 1; i < len(name) && !strings.Contains(name, "-") {
		disk := name[:i]
		kind = []string{"DEVTYPE", "partition", "PARTN", name[i:]}
		path = "/devices/pci0000:00/block/" + disk + "/" + name
	} else if !strings.Contains(name, "-") {
		path = "/devices/pci0000:00/block/" + name
	}
	all := slices.Concat(pairs, []string{"MAJOR", "8", "MINOR", itoa(n & 0xfffff), "DEVNAME", name}, kind)
	return uevent.Make(action, path, "block", all...)
}

func names(list []*Device) string {
	var out []string
	for _, d := range list {
		out = append(out, d.Name)
	}
	return strings.Join(out, " ")
}

func TestApply(t *testing.T) {
	inv := NewInventory()
	for _, c := range []struct {
		ev      uevent.Event
		changed bool
		devices string
	}{
		{blockEvent("add", "sda1"), true, "sda1"}, // a partition may come before its disk
		{blockEvent("add", "sda"), true, "sda sda1"},
		{blockEvent("add", "sda"), false, "sda sda1"},
		{blockEvent("add", "sda10"), true, "sda sda1 sda10"},
		{blockEvent("add", "sda2"), true, "sda sda1 sda2 sda10"},
		{blockEvent("change", "sda2"), true, "sda sda1 sda2 sda10"},
		{blockEvent("change", "sdb"), true, "sda sda1 sda2 sda10 sdb"}, // its add was lost
		{blockEvent("bind", "sdb"), false, "sda sda1 sda2 sda10 sdb"},
		{blockEvent("remove", "sda10"), true, "sda sda1 sda2 sdb"},
		{blockEvent("remove", "sda10"), false, "sda sda1 sda2 sdb"},
		{uevent.Make("add", "/devices/x", "net", "MAJOR", "1", "MINOR", "1"), false, "sda sda1 sda2 sdb"},
		{uevent.Make("add", "/devices/x/sdc", "block", "MAJOR", "8"), false, "sda sda1 sda2 sdb"},
		{uevent.Make("add", "/devices/x/sdc", "block", "MAJOR", "8", "MINOR", "x"), false, "sda sda1 sda2 sdb"},
	} {
		if got := inv.Apply(c.ev); got != c.changed || names(inv.Devices()) != c.devices {
			t.Errorf("%v: changed %v, devices %s", c.ev.String(), got, names(inv.Devices()))
		}
	}
	sda1 := inv.ByName("sda1")
	if sda1.parent != inv.ByName("sda") || sda1.PartN != 1 || sda1.Node != "/dev/sda1" || inv.ByNumber(sda1.Number) != sda1 {
		t.Errorf("got %+v", sda1)
	}
	inv.Remove("sda")
	if sda1.parent != nil {
		t.Error("the partition still points to a disk that is gone")
	}
}

func TestNode(t *testing.T) {
	for _, c := range []struct{ name, devname, want string }{
		{"sda", "sda", "/dev/sda"}, {"sda", "/dev/sda", "/dev/sda"}, {"cciss!c0d0", "cciss/c0d0", "/dev/cciss/c0d0"},
		{"cciss!c0d0", "", "/dev/cciss/c0d0"}, {"sda", "../etc/passwd", "/dev/sda"}, {"sda", "a/../../x", "/dev/sda"},
	} {
		inv := NewInventory()
		inv.Apply(uevent.Make("add", "/devices/block/"+c.name, "block", "MAJOR", "8", "MINOR", "0", "DEVTYPE", "disk", "DEVNAME", c.devname))
		if got := inv.ByName(c.name).Node; got != c.want {
			t.Errorf("%s, DEVNAME=%s: %s", c.name, c.devname, got)
		}
	}
}

// A result is taken for the device that the job looked at, never for what came in its place.
func TestStaleResults(t *testing.T) {
	inv := NewInventory()
	inv.Apply(blockEvent("add", "sdb", "DISKSEQ", "1"))
	old := inv.ByName("sdb").Seq
	inv.StartProbe("sdb")
	if len(inv.Unprobed()) != 0 || inv.Settled() {
		t.Error("a device that is being probed is neither new nor done")
	}
	again := func(what string) {
		t.Helper()
		if inv.SetProbe("sdb", old, &blkid.Info{Type: "ext4"}, nil) || inv.SetFacts("sdb", old, Facts{Size: 1}) {
			t.Errorf("%s: an old result was taken", what)
		}
		if names(inv.Unprobed()) != "sdb" {
			t.Errorf("%s: not to be probed again", what)
		}
	}
	inv.Apply(blockEvent("change", "sdb", "DISKSEQ", "1"))
	again("change")
	inv.Apply(blockEvent("remove", "sdb"))
	inv.Apply(blockEvent("add", "sdb", "DISKSEQ", "2"))
	again("removed and added")
	old = inv.ByName("sdb").Seq
	inv.Apply(blockEvent("add", "sdb", "DISKSEQ", "3"))
	again("replaced without a remove event")
	if !inv.SetProbe("sdb", inv.ByName("sdb").Seq, nil, errors.New("EIO")) || !inv.Settled() || inv.ByName("sdb").ProbeErr == nil {
		t.Error("the new result was not taken")
	}
	if inv.SetProbe("nosuch", 1, nil, nil) || inv.SetFacts("nosuch", 1, Facts{}) {
		t.Error("a device that is not there took a result")
	}
}

// TestMediumChanges: the number of the medium (DISKSEQ) changes while the device stays, as at the first open of an MD array: it is looked at again, and stays the same device.
func TestMediumChanges(t *testing.T) {
	inv := NewInventory()
	inv.Apply(blockEvent("add", "md127", "DISKSEQ", "4"))
	d := inv.ByName("md127")
	inv.SetProbe("md127", d.Seq, &blkid.Info{Type: "ext4"}, nil)
	if !inv.Apply(blockEvent("change", "md127", "DISKSEQ", "5")) || inv.ByName("md127") != d || d.Probed {
		t.Errorf("it is another device, or is not probed again: %+v", inv.ByName("md127"))
	}
	inv.Apply(blockEvent("change", "md127"))
	if d.DiskSeq != "5" {
		t.Errorf("DISKSEQ is %q after an event without one", d.DiskSeq)
	}
	if inv.Apply(blockEvent("add", "md127", "DISKSEQ", "5")) {
		t.Error("the same device again is a change")
	}
	if inv.Apply(blockEvent("add", "md127", "DISKSEQ", "6")); inv.ByName("md127") == d {
		t.Error("another device in its place is not seen")
	}
}

func TestReplace(t *testing.T) {
	inv := NewInventory()
	for _, n := range []string{"sda", "sda1", "sdb", "sdb1"} {
		inv.Apply(blockEvent("add", n))
	}
	inv.SetProbe("sda1", inv.ByName("sda1").Seq, &blkid.Info{Type: "ext4"}, nil)
	seen := []uevent.Event{blockEvent("add", "sda"), blockEvent("add", "sda1"), blockEvent("add", "sdc")}
	if !inv.Replace(seen) || names(inv.Devices()) != "sda sda1 sdc" || inv.ByName("sda1").FSType() != "ext4" {
		t.Errorf("devices %s", names(inv.Devices()))
	}
	if inv.Replace(seen) {
		t.Error("the same scan changed something")
	}
}

// A scan takes time. What the kernel says meanwhile is newer than what the scan saw.
func TestReplaceRaces(t *testing.T) {
	at := func(seqnum uint64, action, name string) uevent.Event {
		ev := blockEvent(action, name)
		ev.Seqnum = seqnum
		return ev
	}
	for _, c := range []struct {
		name   string
		events []uevent.Event
		scan   []uevent.Event
		after  []uevent.Event
		want   string
	}{
		{"came after the scan began", []uevent.Event{at(11, "add", "vda")}, []uevent.Event{at(10, "add", "sda")}, nil, "sda vda"},
		{"came while a scan found nothing", []uevent.Event{at(11, "add", "vda")}, nil, nil, "vda"},
		{"went after the scan began", []uevent.Event{at(5, "add", "vda"), at(11, "remove", "vda")}, []uevent.Event{at(10, "add", "vda"), at(10, "add", "sda")}, nil, "sda"},
		{"went and came again", []uevent.Event{at(11, "remove", "vda"), at(12, "add", "vda")}, []uevent.Event{at(10, "add", "vda")}, nil, "vda"},
		{"its removal was lost", []uevent.Event{at(5, "add", "vda")}, []uevent.Event{at(10, "add", "sda")}, nil, "sda"},
		{"its coming was lost", []uevent.Event{at(5, "remove", "vda")}, []uevent.Event{at(10, "add", "vda")}, nil, "vda"},
		{"old events behind the scan", nil, []uevent.Event{at(10, "add", "vda")}, []uevent.Event{at(8, "remove", "vda"), at(9, "add", "vda")}, "vda"},
	} {
		inv := NewInventory()
		for _, ev := range c.events {
			inv.Apply(ev)
		}
		inv.Replace(c.scan)
		for _, ev := range c.after {
			inv.Apply(ev)
		}
		if got := names(inv.Devices()); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestCompareNames(t *testing.T) {
	sorted := []string{"dm-0", "dm-2", "dm-10", "nvme0n1", "nvme0n1p1", "nvme0n1p2", "nvme0n1p10", "nvme0n2", "nvme10n1", "sda", "sda1", "sda01", "sda2", "sda10", "sdaa", "sdb"}
	for i, a := range sorted {
		for j, b := range sorted {
			if got := compareNames(a, b); (got < 0) != (i < j) || (got == 0) != (i == j) {
				t.Errorf("%s, %s: %d", a, b, got)
			}
		}
	}
}

// A thousand disks with a partition each cost well under a second, each of them looked up many times.
func TestThousandDevices(t *testing.T) {
	start := time.Now()
	inv := NewInventory()
	for i := range 1000 {
		name := "sd" + string(rune('a'+i/676)) + string(rune('a'+i/26%26)) + string(rune('a'+i%26))
		inv.Apply(blockEvent("add", name))
		inv.Apply(blockEvent("add", name+"1"))
	}
	for _, d := range inv.Unprobed() {
		inv.StartProbe(d.Name)
		inv.SetFacts(d.Name, d.Seq, Facts{Size: 1 << 30})
		inv.SetProbe(d.Name, d.Seq, &blkid.Info{Type: "ext4", Usage: blkid.UsageFilesystem, UUID: fmt.Sprint("u", d.Seq)}, nil)
	}
	if c := inv.Find(Ref{Kind: RefUUID, Value: "u1999"}); c.Device == nil || !inv.Settled() {
		t.Errorf("got %+v", c)
	}
	took := time.Since(start)
	t.Logf("2000 devices in %v", took)
	if took > 5*time.Second {
		t.Errorf("2000 devices took %v", took)
	}
}
