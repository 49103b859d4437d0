package mount

import (
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestParseOptions(t *testing.T) {
	const ro, nosuid, noatime = syscall.MS_RDONLY, syscall.MS_NOSUID, syscall.MS_NOATIME
	tests := []struct {
		texts []string
		flags uintptr
		data  string
		other string
		text  string
	}{
		{nil, 0, "", "", "rw"},
		{[]string{"defaults"}, 0, "", "defaults", "rw,defaults"},
		{[]string{"ro,nosuid"}, ro | nosuid, "", "", "ro,nosuid"},
		{[]string{"ro", "rw"}, 0, "", "", "rw"},
		{[]string{"rw", "ro"}, ro, "", "", "ro"},
		{[]string{"nosuid,suid,noatime"}, noatime, "", "", "rw,noatime"},
		{[]string{"commit=9,x-systemd.growfs,nofail,_netdev"}, 0, "commit=9", "x-systemd.growfs,nofail,_netdev", "rw,commit=9,x-systemd.growfs,nofail,_netdev"},
		{[]string{`context="system_u:object_r:root_t:s0:c1,c2",noatime`}, noatime, `context="system_u:object_r:root_t:s0:c1,c2"`, "", `rw,noatime,context="system_u:object_r:root_t:s0:c1,c2"`},
		{[]string{",,ro,,"}, ro, "", "", "ro"},
		{[]string{"subvol=@,compress=zstd:1", "subvol=@snap"}, 0, "subvol=@,compress=zstd:1,subvol=@snap", "", "rw,subvol=@,compress=zstd:1,subvol=@snap"},
		{[]string{"lazytime,nosymfollow"}, 1<<25 | 1<<8, "", "", "rw,lazytime,nosymfollow"},
	}
	for _, test := range tests {
		o := ParseOptions(test.texts...)
		if o.Flags != test.flags || o.DataText() != test.data || strings.Join(o.For, ",") != test.other || o.String() != test.text {
			t.Errorf("%q: flags %#x data %q for %q text %q", test.texts, o.Flags, o.DataText(), o.For, o)
		}
	}
}

// FuzzParseOptions: what was read reads the same again (fault Z07).
func FuzzParseOptions(f *testing.F) {
	for _, s := range []string{"", "ro", "defaults,noatime", `context="a,b",nofail`, "x-a,rw,ro", "a=b,,c"} {
		f.Add(s, "ro")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		o := ParseOptions(a, b)
		if strings.Count(a, `"`)%2 != 0 || strings.Count(b, `"`)%2 != 0 {
			return // an open quote swallows what is written behind it
		}
		again := ParseOptions(o.String())
		if again.Flags != o.Flags || !slices.Equal(again.Data, o.Data) || !slices.Equal(again.For, o.For) {
			t.Errorf("%q, %q: %+v, and again %+v", a, b, o, again)
		}
	})
}

func TestSameButWrite(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"ro,noatime", "rw,noatime", true},
		{"ro", "rw,noatime", false},
		{"ro,commit=9", "rw", false},
		{"ro,nofail", "rw", true},
	} {
		if got := ParseOptions(test.a).SameButWrite(ParseOptions(test.b)); got != test.want {
			t.Errorf("%s and %s: %v", test.a, test.b, got)
		}
	}
}
