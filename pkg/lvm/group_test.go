package lvm

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// twoPVs is a group on two physical volumes: root on the first, home on the second.
func twoPVs(edit ...string) string {
	s := strings.Replace(smallVG(5), "\t}\n\tlogical_volumes {", `		pv1 {
			id = "cufkht-LKGB-0A2g-25dK-9J2A-XUVK-DNZGD2"
			device = "/dev/sdb"
			pe_start = 2048
			pe_count = 100
		}
	}
	logical_volumes {
		home {
			id = "ATvk9J-Aymb-uFcF-HdSt-Mypw-8cQJ-kFpC3i"
			status = ["READ", "WRITE", "VISIBLE"]
			segment_count = 1
			segment1 {
				start_extent = 0
				extent_count = 4
				type = "striped"
				stripe_count = 2
				stripe_size = 8
				stripes = ["pv1", 7, "pv0", 20]
			}
		}`, 1)
	return strings.NewReplacer(edit...).Replace(s)
}

const id1, id2 = "10eMYS-fdgf-H2fB-ZzNU-K8p9-1GkZ-pWccmy", "cufkht-LKGB-0A2g-25dK-9J2A-XUVK-DNZGD2"

// member makes one; without text it has no metadata.
func member(t testing.TB, device, uuid, text string) Member {
	t.Helper()
	pv := &PV{UUID: uuid, DeviceSize: 1 << 30}
	if text != "" {
		var err error
		if pv.VG, err = ParseVG(text); err != nil {
			t.Fatal(err)
		}
	}
	return Member{device, pv}
}

func TestGroups(t *testing.T) {
	text := twoPVs()
	older := twoPVs("seqno = 5", "seqno = 4")
	other := twoPVs("v8cQJk-FpC3", "w8cQJk-FpC3", id1, "30eMYS-fdgf-H2fB-ZzNU-K8p9-1GkZ-pWccmy", id2, "40eMYS-fdgf-H2fB-ZzNU-K8p9-1GkZ-pWccmy")
	for name, c := range map[string]struct {
		members []Member
		lv      string
		note    string
		err     string // of Find, Usable or Plan
	}{
		"both":               {[]Member{member(t, "sda", id1, text), member(t, "sdb", id2, text)}, "home", "", ""},
		"one without text":   {[]Member{member(t, "sda", id1, text), member(t, "sdb", id2, "")}, "home", "", ""},
		"older text":         {[]Member{member(t, "sda", id1, older), member(t, "sdb", id2, text)}, "home", "", ""},
		"not needed":         {[]Member{member(t, "sda", id1, text)}, "root", "", ""},
		"needed":             {[]Member{member(t, "sda", id1, text)}, "home", "", "logical volume vg/home lies on physical volumes that are missing: " + id2 + " (was /dev/sdb)"},
		"a copy":             {[]Member{member(t, "sda", id1, text), member(t, "sdb", id2, text), member(t, "sdc", id1, text)}, "root", "", "volume group vg: sda and sdc are both physical volume " + id1},
		"two of a name":      {[]Member{member(t, "sda", id1, text), member(t, "sdb", "30eMYS-fdgf-H2fB-ZzNU-K8p9-1GkZ-pWccmy", other)}, "root", "", "v8cQJk-FpC3-iyfw-CLLO-2zLu-28Zo-YBZro0 on sda; w8cQJk-FpC3-iyfw-CLLO-2zLu-28Zo-YBZro0 on sdb"},
		"split":              {[]Member{member(t, "sda", id1, text), member(t, "sdb", id2, text+"#")}, "root", "", "sda and sdb hold different metadata of the same number 5"},
		"split and overcome": {[]Member{member(t, "sda", id1, older), member(t, "sdb", id2, older+"#"), member(t, "sdc", id2, text)}, "root", "", "sdb and sdc are both"},
		"taken out":          {[]Member{member(t, "sda", id1, smallVG(6)), member(t, "sdb", id2, text)}, "root", "sdb was taken out of volume group vg", ""},
		"came back":          {[]Member{member(t, "sda", id1, twoPVs("seqno = 5", "seqno = 6", `device =`, "flags = [\"MISSING\"]\ndevice =")), member(t, "sdb", id2, text)}, "home", "sdb came back", "that are missing"},
		"too small":          {[]Member{{"sda", &PV{UUID: id1, DeviceSize: 2059*512 + 8*4*512, VG: member(t, "", "", text).PV.VG}}}, "root", "", "reaches past the end of physical volume " + id1},
		"exported":           {[]Member{member(t, "sda", id1, twoPVs(`"RESIZEABLE"`, `"EXPORTED", "RESIZEABLE"`))}, "root", "", "exported"},
		"clustered":          {[]Member{member(t, "sda", id1, twoPVs(`"RESIZEABLE"`, `"CLUSTERED"`))}, "root", "", "several machines"},
		"sanlock":            {[]Member{member(t, "sda", id1, twoPVs("extent_size", "lock_type = \"sanlock\"\nextent_size"))}, "root", "", `lock_type "sanlock"`},
		"foreign":            {[]Member{member(t, "sda", id1, twoPVs("extent_size", "system_id = \"theirs\"\nextent_size"))}, "root", "", `system ID "theirs", ours is "ours"`},
		"ours":               {[]Member{member(t, "sda", id1, twoPVs("extent_size", "system_id = \"ours\"\nextent_size"))}, "root", "", ""},
		"unknown status":     {[]Member{member(t, "sda", id1, twoPVs(`"RESIZEABLE"`, `"LATER"`))}, "root", "", `"LATER"`},
	} {
		t.Run(name, func(t *testing.T) {
			all := Groups(c.members)
			g, err := Find(all, "vg")
			if err == nil {
				err = g.Usable([]string{"ours"})
			}
			if err == nil {
				_, err = g.Plan(c.lv, Options{})
			}
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%v\nwant %q", err, c.err)
			}
			if g != nil && !strings.Contains(strings.Join(g.Notes, "\n"), c.note) || g != nil && c.note == "" && len(g.Notes) > 0 {
				t.Errorf("notes %q, want %q", g.Notes, c.note)
			}
			if byID, err := Find(all, "v8cQJk-FpC3-iyfw-CLLO-2zLu-28Zo-YBZro0"); err != nil || byID.VG.Name != "vg" {
				t.Errorf("by ID: %v", err)
			}
		})
	}
}

func TestReasons(t *testing.T) {
	g := Groups([]Member{member(t, "sda", id1, twoPVs("extent_size", "lock_type = \"dlm\"\nextent_size"))})[0]
	var r *RefusedError
	if err := g.Usable(nil); !errors.As(err, &r) || r.Reason != Shared || r.Group != "vg" {
		t.Errorf("%v", err)
	}
}

// TestOpen writes a pattern where the metadata say that home and root lie, and reads it back through them.
func TestOpen(t *testing.T) {
	const extent = 8 * sectorSize
	disks := map[string]*disk{id1: {make([]byte, 2<<20)}, id2: {make([]byte, 2<<20)}}
	pattern := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(i*7 + i>>8)
		}
		return b
	}
	want := pattern(4 * extent)
	copy(disks[id1].data[2048*512+7*extent:], want) // root
	for i := 0; i < 4; i++ {                        // home: a stripe is an extent long
		d, at := disks[id2], 7
		if i%2 == 1 {
			d, at = disks[id1], 20
		}
		copy(d.data[2048*512+(at+i/2)*extent:], want[i*extent:(i+1)*extent])
	}
	g := Groups([]Member{member(t, "sda", id1, twoPVs()), member(t, "sdb", id2, twoPVs())})[0]
	open := func(uuid string) (io.ReaderAt, error) { return disks[uuid], nil }
	for _, lv := range []string{"root", "home"} {
		v, err := g.Open(lv, open)
		if err != nil {
			t.Fatal(err)
		}
		for off := 0; off < len(want); off += 1000 {
			got := make([]byte, 5000)
			n, err := v.ReadAt(got, int64(off))
			if end := min(off+5000, len(want)); !bytes.Equal(got[:n], want[off:end]) || (err == nil) != (n == 5000) || err != nil && err != io.EOF {
				t.Fatalf("%s at %d: %d bytes, %v", lv, off, n, err)
			}
		}
	}
	alone := Groups([]Member{member(t, "sda", id1, twoPVs())})[0]
	var m *MissingError
	if _, err := alone.Open("home", open); !errors.As(err, &m) || len(m.PVs) != 1 {
		t.Errorf("%v", err)
	}
}

func TestOpenRecorded(t *testing.T) {
	data := &disk{make([]byte, 256<<20)}
	for name, want := range map[string]string{
		"plain-x/root-a": "", "plain-x/home": "", "plain-x/str": "", "raid/r1": "", "raid/mir": "", "degraded/r1first": "",
		"plain-x/snap-1": "snapshot", "raid/vraid5": "raid5", "thin/root": "thin", "cache/cvol": "cache", "degraded/gone": "missing",
	} {
		group, lv, _ := strings.Cut(name, "/")
		g, _ := load(t, group)
		v, err := g.Open(lv, func(string) (io.ReaderAt, error) { return data, nil })
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
			continue
		}
		if err == nil && (v.Size != int64(g.VG.Sectors(g.VG.LV(lv)))*512) {
			t.Errorf("%s: %d bytes", name, v.Size)
		}
	}
}

func TestOrigins(t *testing.T) {
	for name, want := range map[string]string{
		"plain-x/snap-1": "home", "plain-x/home": "", "thin/before": "root", "thin/before2": "before", "thin/root": "", "thin/extthin": "ext", "thin/oldsnap": "other",
	} {
		group, lv, _ := strings.Cut(name, "/")
		g, _ := load(t, group)
		got := ""
		if o := g.VG.Origin(g.VG.LV(lv)); o != nil {
			got = o.Name
		}
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestNames(t *testing.T) {
	for _, s := range []string{"a", "vg-x", "A+b_c.d-", "..."} {
		if !IsName(s) {
			t.Errorf("%q is a name", s)
		}
	}
	for _, s := range []string{"", ".", "..", "-a", "a/b", "a b", "ä", strings.Repeat("a", 128)} {
		if IsName(s) {
			t.Errorf("%q is no name", s)
		}
	}
	for _, c := range [][3]string{{"vg-x", "root-a", "vg--x-root--a"}, {"vg", "lv", "vg-lv"}, {"a--", "b", "a-----b"}} {
		if got := DMName(c[0], c[1], ""); got != c[2] {
			t.Errorf("%q, want %q", got, c[2])
		}
		if vg, lv, ok := SplitDMName(c[2]); !ok || vg != c[0] || lv != c[1] {
			t.Errorf("%q: %q %q %v", c[2], vg, lv, ok)
		}
	}
	for _, s := range []string{"", "vg", "vg--x", "vg-lv-real", "-lv", "vg-"} {
		if vg, lv, ok := SplitDMName(s); ok {
			t.Errorf("%q: %q %q", s, vg, lv)
		}
	}
}

func TestText(t *testing.T) {
	s, err := parseText("a = 5 # x\nb{c=\"q\\\"\\\\\" d=[1,'x',]}e=-3 f=1.5\x00")
	if err != nil {
		t.Fatal(err)
	}
	b := &reader{s: (&reader{s: s}).section("b")}
	if (&reader{s: s}).number("a") != 5 || b.text("c") != `q"\` || len(b.s.find("d").val.list) != 2 || s.find("e").val.num != -3 || s.find("f").val.kind != float {
		t.Errorf("%+v", s)
	}
	for _, bad := range []string{"a", "a =", "a = x", "a = 010", "a = 99999999999999999999", "a = [1", "a = [[1]]", "a = [1 2]", "a = \"x", "a {", "}", "a = 1 a = 2", "a = 1\x00b = 2",
		"= 1", strings.Repeat("a {", 9) + strings.Repeat("}", 9), "a = [" + strings.Repeat("1,", maxNodes) + "]"} {
		if s, err := parseText(bad); err == nil {
			t.Errorf("%.40q: %+v", bad, s)
		}
	}
}

// TestBadGroups: each edit of a good text makes one that is refused.
func TestBadGroups(t *testing.T) {
	if _, err := ParseVG(twoPVs()); err != nil {
		t.Fatal(err)
	}
	for _, edit := range [][2]string{
		{"Text Format", "Some Format"}, {"version = 1", "version = 2"}, {"seqno = 5", "seqno = -5"}, {"extent_size = 8", "extent_size = 0"},
		{"extent_size = 8", "extent_size = 4294967296"}, {"pe_count = 100", "pe_count = 9223372036854775807"}, {id2, id1}, {"v8cQJk", "v8cQJ"}, {"\nvg {", "\n.. {"},
		{"\t\thome {", "\t\t-home {"}, {"segment_count = 1", "segment_count = 2"}, {"start_extent = 0", "start_extent = 1"}, {"extent_count = 4", "extent_count = 0"},
		{"extent_count = 4", "extent_count = 9223372036854775807"}, {"stripe_count = 2", "stripe_count = 3"}, {"stripe_size = 8", "stripe_size = 16"}, {`"pv0", 7`, `"pv0", 97`},
		{`"pv0", 7`, `"pv9", 7`}, {`"pv0", 7`, `"pv0", -1`}, {`"pv0", 7`, `"pv0"`}, {"ATvk9J", "XTvk9J"},
	} {
		text := twoPVs(edit[0], edit[1])
		if text == twoPVs() {
			t.Fatalf("%q is not in the text", edit[0])
		}
		if v, err := ParseVG(text); err == nil {
			t.Errorf("%q for %q: %+v", edit[1], edit[0], v)
		}
	}
	for name, edit := range map[string][2]string{"it lies on itself": {`["pv0", 7]`, `["root", 0]`}, "cannot": {`type = "striped"`, `type = "linear"`}} {
		v, err := ParseVG(strings.Replace(smallVG(1), edit[0], edit[1], 1))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.planFor("root", Options{}, func(*PVInfo) (uint64, bool) { return 1 << 40, true }); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
