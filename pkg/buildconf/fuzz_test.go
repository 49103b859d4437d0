package buildconf

import (
	"slices"
	"strings"
	"testing"
)

// quote writes a value so that a shell reads it back.
func quote(v string) string { return "'" + strings.ReplaceAll(v, "'", `'\''`) + "'" }

// FuzzParse: no text does harm; what is read of it is read again when it is written in quotes; and a value in either
// kind of quotes is that value.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"a=1\n", "a+=\" x \\\n\"; b='\\$'", "if x; then\n a=1; fi\nb=2", "a=$(b)\nc=\\\nd", "cat <<E\nx\nE\na=1", "case x in a) ;; esac", "f() { :; }", "a=(b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		list, _ := Parse(s)
		var b strings.Builder
		for _, a := range list {
			if !isName(a.Key) {
				t.Fatalf("%q: key %q", s, a.Key)
			}
			b.WriteString(a.Key)
			if a.Append {
				b.WriteString("+")
			}
			b.WriteString("=" + quote(a.Value) + "; ")
		}
		again, notes := Parse(b.String())
		if len(notes) > 0 || !slices.EqualFunc(list, again, func(a, b Assignment) bool { a.Line = b.Line; return a == b }) {
			t.Fatalf("%q: %v, again %v %v", s, list, again, notes)
		}
		if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' || r == 0x7f }) || len(s) > 1000 {
			return
		}
		double := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(s) + `"`
		list, notes = Parse("a=" + quote(s) + "\nb=" + double)
		if len(notes) > 0 || len(list) != 2 || list[0].Value != s || list[1].Value != s {
			t.Fatalf("%q in quotes is %+v %v", s, list, notes)
		}
	})
}
