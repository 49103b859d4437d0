package device

import (
	"errors"
	"strings"
	"testing"
)

func TestParseRef(t *testing.T) {
	num := func(major, minor uint32) Number { return Number{major, minor} }
	for _, c := range []struct {
		text string
		want Ref
	}{
		{"/dev/sda1", Ref{Kind: RefNode, Value: "/dev/sda1"}},
		{"block:/dev/sda1", Ref{Kind: RefNode, Value: "/dev/sda1"}},
		{"/dev//./sda1", Ref{Kind: RefNode, Value: "/dev/sda1"}},
		{"/dev/nvme0n1p3", Ref{Kind: RefNode, Value: "/dev/nvme0n1p3"}},
		{"/dev/cciss/c0d0p1", Ref{Kind: RefNode, Value: "/dev/cciss/c0d0p1"}},
		{"/dev/mapper/vg-root", Ref{Kind: RefNode, Value: "/dev/mapper/vg-root"}},
		{"/dev/disk/by-diskseq/9", Ref{Kind: RefNode, Value: "/dev/disk/by-diskseq/9"}},
		{"/dev/disk/by-uuid/1234-ABCD", Ref{Kind: RefUUID, Value: "1234-ABCD"}},
		{`/dev/disk/by-label/my\x20root`, Ref{Kind: RefLabel, Value: `my\x20root`}},
		{"/dev/disk/by-partuuid/1234abcd-02", Ref{Kind: RefPartUUID, Value: "1234abcd-02"}},
		{"/dev/disk/by-partlabel/root", Ref{Kind: RefPartLabel, Value: "root"}},
		{"/dev/disk/by-id/ata-X_Y-part1", Ref{Kind: RefID, Value: "ata-X_Y-part1"}},
		{"/dev/disk/by-path/pci-0000:00:02.0", Ref{Kind: RefPath, Value: "pci-0000:00:02.0"}},
		{"UUID=0a1b2c3d-0000-1111-2222-333344445555", Ref{Kind: RefUUID, Value: "0a1b2c3d-0000-1111-2222-333344445555"}},
		{`UUID="0A1B-2C3D"`, Ref{Kind: RefUUID, Value: "0A1B-2C3D"}},
		{`"UUID=0A1B-2C3D"`, Ref{Kind: RefUUID, Value: "0A1B-2C3D"}},
		{"UUID=2024-01-02-03-04-05-00", Ref{Kind: RefUUID, Value: "2024-01-02-03-04-05-00"}},
		{"LABEL=my root", Ref{Kind: RefLabel, Value: "my root"}},
		{"LABEL=a=b/c", Ref{Kind: RefLabel, Value: "a=b/c"}},
		{"LABEL=Gr\u00fc\u00dfe", Ref{Kind: RefLabel, Value: "Gr\u00fc\u00dfe"}},
		{"PARTLABEL='EFI system partition'", Ref{Kind: RefPartLabel, Value: "EFI system partition"}},
		{"PARTUUID=1234abcd-02", Ref{Kind: RefPartUUID, Value: "1234abcd-02"}},
		{"PARTUUID=0a1b2c3d-0000-1111-2222-333344445555/PARTNROFF=1", Ref{Kind: RefPartUUID, Value: "0a1b2c3d-0000-1111-2222-333344445555", PartOffset: 1}},
		{"PARTUUID=1234abcd-02/PARTNROFF=-1", Ref{Kind: RefPartUUID, Value: "1234abcd-02", PartOffset: -1}},
		{"ID=wwn-0x5000", Ref{Kind: RefID, Value: "wwn-0x5000"}},
		{"8:1", Ref{Kind: RefNumber, Value: "8:1", Number: num(8, 1)}},
		{"259:70000", Ref{Kind: RefNumber, Value: "259:70000", Number: num(259, 70000)}},
		{"801", Ref{Kind: RefNumber, Value: "801", Number: num(8, 1)}},
		{"0x0801", Ref{Kind: RefNumber, Value: "0x0801", Number: num(8, 1)}},
		{"b302", Ref{Kind: RefNumber, Value: "b302", Number: num(179, 2)}},
		{"fd0", Ref{Kind: RefNumber, Value: "fd0", Number: num(15, 208)}}, // as in the kernel: a hex number
		{"10010302", Ref{Kind: RefNumber, Value: "10010302", Number: num(0x103, 0x10002)}},
	} {
		c.want.Text = c.text
		got, err := ParseRef(c.text)
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v", c.text, got, err)
		}
	}
}

func TestParseRefSaysWhatToWrite(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "write UUID=..., LABEL=... or /dev/NAME"},
		{"sda1", "write /dev/sda1"},
		{"nvme0n1p3", "write /dev/nvme0n1p3"},
		{"dev/sda1", "write /dev/sda1"},
		{"mapper/root", "write LABEL=mapper/root if that is its label, or /dev/NAME"},
		{"myroot", "write LABEL=myroot"},
		{"0a1b2c3d-0000-1111-2222-333344445555", "write UUID=0a1b2c3d-0000-1111-2222-333344445555"},
		{"0A1B-2C3D", "write UUID=0A1B-2C3D"},
		{"uuid=0A1B-2C3D", "write UUID=0A1B-2C3D, the word is in capitals"},
		{"label=root", "write LABEL=root"},
		{"UUID=", "nothing follows UUID="},
		{`LABEL=""`, "nothing follows LABEL="},
		{"FOO=x", "FOO= is not known; write UUID="},
		{"dev/disk/by-label/a=b", "a path begins with /dev/"},
		{"PARTUUID=x/PARTNROFF=", "only /PARTNROFF=N may follow"},
		{"PARTUUID=x/PARTNROFF=1x", "only /PARTNROFF=N may follow"},
		{"PARTUUID=x/PARTNROF=1", "only /PARTNROFF=N may follow"},
		{"PARTUUID=/PARTNROFF=1", "only /PARTNROFF=N may follow"},
		{"PARTUUID=x/PARTNROFF=99999999999999999999", "only /PARTNROFF=N may follow"},
		{"8:", "MAJOR:MINOR"}, {"8:1:", "MAJOR:MINOR"}, {"8:x", "MAJOR:MINOR"}, {"-8:1", "MAJOR:MINOR"},
		{"4096:1", "MAJOR:MINOR"}, {"8:1048576", "MAJOR:MINOR"},
		{"123456789", "write"},
		{"/etc/passwd", "lie under /dev"}, {"/", "lie under /dev"}, {"/dev", "lie under /dev"},
		{"/dev/", "it is a directory"}, {"/dev//", "it is a directory"}, {"/dev/disk/", "it is a directory"},
		{"/dev/disk/by-x/../../y", `without ".."`}, {"/dev/..", `without ".."`},
		{"UUID=\x00", "zero byte"},
		{strings.Repeat("x", 2000), "longer than 1024 bytes"},
	} {
		got, err := ParseRef(c.text)
		if !errors.Is(err, ErrRef) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %+v, error %v, want %q in it", c.text, got, err, c.want)
		}
	}
}

func FuzzParseRef(f *testing.F) {
	for _, s := range []string{"/dev/sda1", "UUID=\"x\"", "LABEL=a b", "PARTUUID=x/PARTNROFF=-1", "8:1", "0x801", "fd0",
		"/dev/disk/by-label/a\\x20b", "/dev/disk/by-x/../../y", "'", "\"\"", "ID=", "block:", "/dev/disk/by-uuid/", "4095:1048575"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRef(s)
		if err != nil {
			if !errors.Is(err, ErrRef) || len(err.Error()) > 4000 {
				t.Fatalf("error %v", err)
			}
			return
		}
		if r.Text != s || r.Value == "" || strings.Contains(r.Value, "\x00") {
			t.Fatalf("%q: %+v", s, r)
		}
		if r.Kind == RefNode && (!strings.HasPrefix(r.Value, "/dev/") || strings.Contains(r.Value+"/", "/../") || strings.Contains(r.Value, "//")) {
			t.Fatalf("%q: node %q", s, r.Value)
		}
		if r.Kind == RefNumber && (r.Number.Major >= 1<<12 || r.Number.Minor >= 1<<20) {
			t.Fatalf("%q: number %v", s, r.Number)
		}
		// What is printed is read again as the same thing.
		again, err := ParseRef(r.String())
		if err != nil || again != r {
			t.Fatalf("%q: again %+v, %v", s, again, err)
		}
	})
}

func TestResolve(t *testing.T) {
	links := map[string]string{
		"/dev/disk/by-label/root": "../../sda1",
		"/dev/root":               "disk/by-label/root",
		"/dev/abs":                "/dev/vg/lv",
		"/dev/vg/lv":              "../dm-0",
		"/dev/loop1":              "loop2",
		"/dev/loop2":              "loop1",
		"/dev/out":                "../etc/passwd",
		"/dev/outabs":             "/etc/passwd",
		"/dev/outback":            "/proc/../dev/sda",
		"/dev/up":                 "..",
		"/dev/self":               ".",
		"/dev/long":               strings.Repeat("x/", 3000),
	}
	for i := range 60 {
		links["/dev/chain"+itoa(i)] = "chain" + itoa(i+1)
	}
	readlink := func(p string) (string, error) {
		if to, ok := links[p]; ok {
			return to, nil
		}
		return "", errors.New("no link")
	}
	for _, c := range []struct{ path, want, err string }{
		{"/dev/sda1", "/dev/sda1", ""},
		{"/dev/root", "/dev/sda1", ""},
		{"/dev/abs", "/dev/dm-0", ""},
		{"/dev/self/sda", "/dev/sda", ""},
		{"/dev/disk/../sda", "/dev/sda", ""},
		{"/dev/chain20", "/dev/chain60", ""},
		{"/dev/chain19", "", "more than 40 links"},
		{"/dev/loop1", "", "more than 40 links"},
		{"/dev/out", "", "out of /dev"},
		{"/dev/outabs", "", "out of /dev"},
		{"/dev/outback", "", "out of /dev"},
		{"/dev/up", "", "out of /dev"},
		{"/dev/../dev/sda", "", "out of /dev"},
		{"/dev/long", "", "longer than"},
		{"/dev/", "", "directory"},
		{"/dev/disk/..", "", "directory"},
		{"", "", "directory"},
		{"/etc/fstab", "", "out of /dev"},
	} {
		got, err := Resolve(c.path, readlink)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && (!errors.Is(err, ErrLink) || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: %q, %v", c.path, got, err)
		}
	}
}
