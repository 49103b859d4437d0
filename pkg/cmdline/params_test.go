package cmdline

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func line(text string) Params { return Of(Split(text)) }

func TestGet(t *testing.T) {
	tests := []struct {
		text, key, want string
		ok              bool
	}{
		{"a=1 a=2", "a", "2", true},
		{"a=1 a", "a", "", true},
		{"a a=1", "a", "1", true},
		{"a=", "a", "", true},
		{"b=1", "a", "", false},
		{"a_b=1", "a-b", "", false},
		{"-- a=1", "a", "1", true},
		{`""`, "", "", false},
	}
	for _, tt := range tests {
		if got, ok := line(tt.text).Get(tt.key); got != tt.want || ok != tt.ok {
			t.Errorf("%q: Get(%q) = %q, %v, want %q, %v", tt.text, tt.key, got, ok, tt.want, tt.ok)
		}
	}
}

func TestEqual(t *testing.T) {
	p := line("rd.break=mount rd.break=cleanup a=1 a")
	for _, tt := range []struct {
		key, value  string
		equal, some bool
	}{
		{"rd.break", "mount", false, true},
		{"rd.break", "cleanup", true, true},
		{"rd.break", "clean", false, false},
		{"a", "1", false, true},
		{"", "", false, false},
	} {
		if got := p.Equal(tt.key, tt.value); got != tt.equal {
			t.Errorf("Equal(%q, %q) = %v", tt.key, tt.value, got)
		}
		if got := p.HasEqual(tt.key, tt.value); got != tt.some {
			t.Errorf("HasEqual(%q, %q) = %v", tt.key, tt.value, got)
		}
	}
}

func TestAll(t *testing.T) {
	p := line("bridge bridge=val x bridge=")
	if diff := cmp.Diff([]string{"bridge", "val", ""}, p.All("bridge")); diff != "" {
		t.Error(diff)
	}
	if got := p.All("none"); got != nil {
		t.Errorf("All(none) = %q", got)
	}
}

func TestBool(t *testing.T) {
	for _, tt := range []struct {
		text      string
		def, want bool
	}{
		{"", true, true}, {"", false, false},
		{"a", false, true}, {"a=", false, true}, {"a=1", false, true}, {"a=yes", false, true}, {"a=NO", false, true},
		{"a=0", true, false}, {"a=no", true, false}, {"a=off", true, false},
		{"a=1 a=0", true, false}, {"a=0 a", false, true},
	} {
		if got := line(tt.text).Bool(tt.def, "a"); got != tt.want {
			t.Errorf("%q: Bool(%v, a) = %v", tt.text, tt.def, got)
		}
	}
	if line("old=0").Bool(true, "new", "old") {
		t.Error("the second key did not count")
	}
}

func TestNum(t *testing.T) {
	for text, want := range map[string]int64{
		"":                       7,
		"n=0":                    0,
		"n=10":                   10,
		"n=100":                  100,
		"n=101":                  7,
		"n=010":                  8,
		"n=08":                   7,
		"n=-1":                   7,
		"n=+1":                   7,
		"n=1s":                   7,
		"n=":                     7,
		"n":                      7,
		"n=5 n":                  7,
		"n=0000000011":           9,
		"n=99999999999999999999": 7,
	} {
		if got := line(text).Num(7, 0, 100, "n"); got != want {
			t.Errorf("%q: Num = %d, want %d", text, got, want)
		}
	}
}

func TestGetarg(t *testing.T) {
	warn := func(old, current string) []Warning { return []Warning{{old, current}} }
	for _, tt := range []struct {
		text string
		args string
		want Result
	}{
		{"a=1", "a", Result{"1", true, true, nil}},
		{"a=", "a", Result{"", true, true, nil}},
		{"a", "a=", Result{"", false, true, nil}},
		{"a=1", "a=1", Result{"", false, true, nil}},
		{"a=1", "a=2", Result{}},
		{"b=2", "a -d b", Result{"2", true, true, warn("b", "a")}},
		{"a=1 b=2", "a -d b", Result{"1", true, true, nil}},
		{"b=2", "a -d x b", Result{"2", true, true, nil}},
		{"b", "a -d -y b", Result{"1", true, true, warn("b", "a")}},
		{"b", "a -y b", Result{"1", true, true, nil}},
		{"b", "a -d -n b", Result{"0", true, false, warn("b", "a=0")}},
		{"b", "-d -n b", Result{"0", true, false, warn("b", "")}},
		{"b", "-d b", Result{"", false, true, warn("b", "b")}},
		// A switch takes what follows as a name, whatever it is: dracut-cmdline.sh writes this.
		{"rdudevinfo", "a -d -n -y rdudevinfo", Result{"", false, true, nil}},
		{"a", "-y", Result{}},
		{"=v", "=v", Result{}},
	} {
		got := line(tt.text).Getarg(strings.Fields(tt.args)...)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%q: getarg %s (-want +got):\n%s", tt.text, tt.args, diff)
		}
	}
}

func TestGetargs(t *testing.T) {
	for _, tt := range []struct {
		text string
		args string
		want Result
	}{
		{"a=1 b=2 a=3", "a -d b", Result{"1\n3\n2", true, true, []Warning{{"b", "a"}}}},
		{"a= a=1 a=", "a", Result{"\n1", true, true, nil}},
		{"a=", "a", Result{"", false, true, nil}},
		{"a=1 a=2 a=1", "a=1", Result{"1\n1", true, true, nil}},
		{"a=1", "a=2", Result{}},
		{"a", "a", Result{"a", true, true, nil}},
		{"a", "a=a", Result{}},
	} {
		got := line(tt.text).Getargs(strings.Fields(tt.args)...)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%q: getargs %s (-want +got):\n%s", tt.text, tt.args, diff)
		}
	}
}

func TestGetargbool(t *testing.T) {
	for _, tt := range []struct {
		text, def, args string
		want            bool
		warnings        int
	}{
		{"old", "1", "new -d -n old", false, 1},
		{"old", "0", "new -d -y old", true, 1},
		{"new=0 old", "1", "new -d -y old", false, 0},
		{"", "no", "new", false, 0},
		{"", "", "new", true, 0},
		{"log=info", "0", "log=info", true, 0},
		{"log=warn", "0", "log=info", false, 0},
	} {
		got, warnings := line(tt.text).Getargbool(tt.def, strings.Fields(tt.args)...)
		if got != tt.want || len(warnings) != tt.warnings {
			t.Errorf("%q: getargbool %s %s = %v, %v", tt.text, tt.def, tt.args, got, warnings)
		}
	}
}

func TestWarning(t *testing.T) {
	for want, w := range map[string]Warning{
		"the kernel parameter rdinfo is deprecated; write rd.info instead": {"rdinfo", "rd.info"},
		"the kernel parameter rdinfo is deprecated":                        {"rdinfo", ""},
	} {
		if got := w.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
