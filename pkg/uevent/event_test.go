package uevent

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

// msg joins the parts of a message as the kernel does.
func msg(parts ...string) []byte { return []byte(strings.Join(parts, "\x00") + "\x00") }

func TestParse(t *testing.T) {
	ev, err := Parse(msg("add@/devices/pci0000:00/0000:00:02.0/virtio1/block/vda", "ACTION=add",
		"DEVPATH=/devices/pci0000:00/0000:00:02.0/virtio1/block/vda", "SUBSYSTEM=block", "MAJOR=254", "MINOR=0",
		"DEVNAME=vda", "DEVTYPE=disk", "DISKSEQ=9", "SEQNUM=1234"))
	if err != nil {
		t.Fatal(err)
	}
	if ev.Action != "add" || ev.Subsystem != "block" || ev.Seqnum != 1234 || ev.Dropped != 0 {
		t.Errorf("got %+v", ev)
	}
	if ev.DevPath != "/devices/pci0000:00/0000:00:02.0/virtio1/block/vda" || ev.Get("DEVNAME") != "vda" || ev.Get("NONE") != "" {
		t.Errorf("got %+v", ev)
	}
}

// The header and a key end at the first '@' and '=' only (device-tree buses are called "soc@0", HID names
// hold '=').
func TestParseFirstSeparators(t *testing.T) {
	ev, err := Parse(msg("add@/devices/platform/soc@0/30800000.bus/mmc@1", "SUBSYSTEM=mmc", "NAME=a=b@c=d"))
	if err != nil {
		t.Fatal(err)
	}
	if ev.DevPath != "/devices/platform/soc@0/30800000.bus/mmc@1" || ev.Get("NAME") != "a=b@c=d" {
		t.Errorf("got %+v", ev)
	}
}

// badFields are properties that real devices sent, and some that none did yet.
var badFields = []string{
	"MMC_NAME=H8G4a\x92",
	"UNIQ=" + strings.Repeat("\uffff", 8),
	"ID_VPD=serial\nDEVNAME=sda",
	"ID_VPD=tab\there",
	"LONG=" + strings.Repeat("x", 2048),
	"NOEQUALS",
	"=novalue",
	"KEY WITH BLANK=1",
	"K\u00e9Y=1",
	"ESC=\x1b[31m",
	"C1=\u0085",
	strings.Repeat("K", 200) + "=1",
	"NONCHAR=\ufdd0",
	"SURROGATE=\xed\xa0\x80",
}

func TestParseDropsPropertyKeepsDevice(t *testing.T) {
	for _, bad := range badFields {
		ev, err := Parse(msg("add@/devices/x", "SUBSYSTEM=mmc", bad, "MODALIAS=mmc:block", "SEQNUM=7"))
		if err != nil {
			t.Errorf("%q: %v", bad, err)
			continue
		}
		if ev.Dropped != 1 || ev.Get("MODALIAS") != "mmc:block" || ev.Get("DEVNAME") != "" || ev.Seqnum != 7 {
			t.Errorf("%q: dropped %d, got %+v", bad, ev.Dropped, ev)
		}
	}
}

func TestParseKeepsUTF8(t *testing.T) {
	ev, err := Parse(msg("add@/devices/x", "SUBSYSTEM=input", `NAME="Ger\u00e4t \u2603 \U0001f600"`))
	if err != nil || ev.Dropped != 0 {
		t.Fatal(err, ev.Dropped)
	}
	ev, err = Parse(msg("add@/devices/x", "NAME=Ger\u00e4t \u2603 \U0001f600"))
	if err != nil || ev.Dropped != 0 || ev.Get("NAME") != "Ger\u00e4t \u2603 \U0001f600" {
		t.Fatal(err, ev)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, head := range []string{"", "add", "@/devices/x", "add@", "add@/", "add@devices/x", "ADD@/devices/x",
		"add@/devices/../../etc", "add@/devices/./x", "add@/devices//x", "add@/devices/x/", "add@/devices/x/..",
		"libudev\xfe\xed\xca\xfe", "add@/devices/\xff", "add@/devices/a\nb", "add@/" + strings.Repeat("x", 1100),
		strings.Repeat("a", 40) + "@/devices/x"} {
		if ev, err := Parse(msg(head, "SUBSYSTEM=block")); !errors.Is(err, ErrFormat) {
			t.Errorf("%q: event %+v, error %v", head, ev, err)
		}
	}
}

// The kernel's own properties come first; a device's text that imitates them later changes nothing.
func TestGetFirst(t *testing.T) {
	ev, _ := Parse(msg("add@/devices/x", "SUBSYSTEM=block", "DEVNAME=sda", "DEVNAME=sdb", "SUBSYSTEM=net"))
	if ev.Get("DEVNAME") != "sda" || ev.Subsystem != "block" {
		t.Errorf("got %+v", ev)
	}
}

func TestParseAllocations(t *testing.T) {
	m := msg("add@/devices/virtual/block/loop0", "ACTION=add", "DEVPATH=/devices/virtual/block/loop0",
		"SUBSYSTEM=block", "MAJOR=7", "MINOR=0", "DEVNAME=loop0", "DEVTYPE=disk", "DISKSEQ=1", "SEQNUM=1")
	n := testing.AllocsPerRun(100, func() {
		if _, err := Parse(m); err != nil {
			t.Fatal(err)
		}
	})
	if n > 2 {
		t.Errorf("%v allocations for an event, want at most 2", n)
	}
}

func BenchmarkParse(b *testing.B) {
	m := msg("add@/devices/virtual/block/loop0", "ACTION=add", "DEVPATH=/devices/virtual/block/loop0",
		"SUBSYSTEM=block", "MAJOR=7", "MINOR=0", "DEVNAME=loop0", "DEVTYPE=disk", "DISKSEQ=1", "SEQNUM=1")
	for b.Loop() {
		if ev, err := Parse(m); err != nil || ev.Get("MAJOR") != "7" {
			b.Fatal(err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, bad := range badFields {
		f.Add(msg("add@/devices/x", "SUBSYSTEM=mmc", bad, "MODALIAS=mmc:block"))
	}
	f.Add(msg("change@/devices/platform/soc@0/mmc@1", "A=b=c", "SEQNUM=18446744073709551615"))
	f.Add([]byte("libudev\x00\xfe\xed\xca\xfe"))
	f.Add([]byte("add@/devices/x"))
	f.Add([]byte("a@/0\x00MODALIAS="))
	f.Fuzz(func(t *testing.T, in []byte) {
		ev, err := Parse(in)
		if err != nil {
			if !errors.Is(err, ErrFormat) || len(err.Error()) > 500 {
				t.Fatalf("error %v", err)
			}
			return
		}
		if !strings.HasPrefix(ev.DevPath, "/") || strings.Contains(ev.DevPath+"/", "/../") || !harmless(ev.DevPath) {
			t.Fatalf("path %q", ev.DevPath)
		}
		fields := 0
		for part := range strings.SplitSeq(string(in), "\x00") {
			if part != "" {
				fields++
			}
		}
		kept, hasAlias := 0, false
		ev.Properties(func(key, value string) {
			kept++
			hasAlias = hasAlias || key == "MODALIAS"
			if key == "" || strings.ContainsAny(key, "= \n") || len(value) > maxValue || !harmless(value) {
				t.Fatalf("property %q=%q", key, value)
			}
			if !strings.Contains(string(in), key+"="+value) {
				t.Fatalf("property %q=%q is not in the message", key, value)
			}
		})
		if kept+ev.Dropped != fields-1 {
			t.Fatalf("%d kept, %d dropped, of %d", kept, ev.Dropped, fields-1)
		}
		// A MODALIAS behind it is never lost to what stands before.
		if kept < maxProperties && !hasAlias {
			more, err := Parse(append(append([]byte{}, in...), "\x00MODALIAS=mmc:block\x00"...))
			if err != nil || more.Get("MODALIAS") != "mmc:block" {
				t.Fatalf("the MODALIAS was lost: %+v, %v", more, err)
			}
		}
	})
}

// harmless is clean written another way: every rune is printable text or a harmless symbol.
func harmless(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0xfdd0 && r <= 0xfdef || r&0xffff == 0xffff || r&0xffff == 0xfffe {
			return false
		}
	}
	return true
}
