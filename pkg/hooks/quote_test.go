package hooks

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// hostile are values that were code in some shell, or nearly.
var hostile = []string{
	"", "'", "''", "'\\''", "\\", "\\'", "\"", "`reboot`", "$(reboot)", "${x}", "$x", "a b", " lead", "trail ", "\n", "\n\n", "a\nb\n", "\t", "\r\n", "*", "?", "[a]", "~", "~root",
	"!", "!!", "#", "-n", "-e \\x41", "\\0101", "=", "a=b", ";reboot", "&", "|", "<x", ">x", "(", ")", "{a,b}", "\xff\xfe", "\x01\x02\x7f", "\u00e4\u20ac\U0001f600", "'\"'\"'",
	"$'\\n'", "\x1b[2J", "export x=1\ny=2", "_pr_end='1'\n", "\\\n", "'; reboot; '", strings.Repeat("x'", 2000),
}

// values are n values of any bytes but NUL, those first that are known to be bad.
func values(n int) []string {
	random := rand.New(rand.NewPCG(5, 1))
	list := append([]string(nil), hostile...)
	for len(list) < n {
		b := make([]byte, random.IntN(200))
		for i := range b {
			if b[i] = byte(1 + random.IntN(255)); random.IntN(3) == 0 {
				b[i] = "'\"\\$`\n \t*!"[random.IntN(10)]
			}
		}
		list = append(list, string(b))
	}
	return list
}

// TestValuesReadBack sends values through every way in and out of a shell: set, arguments, the environment of a child, and the state of a
// shell that died.
func TestValuesReadBack(t *testing.T) {
	eachShell(t, func(t *testing.T, sh string) {
		r := newRig(t, sh, nil)
		show := Hook{Path: r.write("show.sh", "rflags=$1; rootok=$plain; hello=$(sh -c 'printf \"%s.\" \"$root\"')")}
		die := Hook{Path: r.write("die.sh", "kill -9 $$")}
		for i, value := range values(320) {
			if err := r.Set(t.Context(), Var{Name: "root", Value: value, Export: true}, Var{Name: "plain", Value: value}); err != nil {
				t.Fatal(err)
			}
			if i%4 == 0 {
				if got, err := r.Run(t.Context(), die); err != nil || got.End != Gone {
					t.Fatalf("%q: %+v %v", value, got, err)
				}
			}
			show.Args = []string{value}
			got, err := r.Run(t.Context(), show)
			if err != nil || got.End != Returned || got.Vars["root"] != value || got.Vars["rootok"] != value || got.Vars["rflags"] != value || got.Vars["hello"] != value+"." {
				t.Fatalf("%q: %+v %v", value, got, err)
			}
		}
	})
}

func TestQuoteAndNames(t *testing.T) {
	for value, want := range map[string]string{"": "''", "a": "'a'", "it's": `'it'\''s'`, "a\x00b": "'a'"} {
		if got := Quote(value); got != want {
			t.Errorf("%q: %s", value, got)
		}
	}
	for name, want := range map[string]bool{"": false, "a": true, "_1": true, "1a": false, "a-b": false, "a=": false, "ä": false, "A9_z": true, "a\n": false} {
		if IsName(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}
