package buildconf

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// show is what Parse reads as text: "KEY=value" or "KEY+=value" in lines, then "LINE: note".
func show(text string) string {
	var b strings.Builder
	list, notes := Parse(text)
	for _, a := range list {
		op := "="
		if a.Append {
			op = "+="
		}
		fmt.Fprintf(&b, "%s%s%q\n", a.Key, op, a.Value)
	}
	for _, n := range notes {
		why, _, _ := strings.Cut(n.Text, ": ")
		fmt.Fprintf(&b, "%d: %s\n", n.Line, why)
	}
	return b.String()
}

func TestParse(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", ""},
		{"comments", "# a=1\n\n  # b\na=1#2 # c\n", "a=\"1#2\"\n"},
		{"several", "a=1; b=2 c='3';\td+=\" 4 \"", "a=\"1\"\nb=\"2\"\nc=\"3\"\nd+=\" 4 \"\n"},
		{"quotes", `a="x\"\\\$\n"'y"\'z\ \#` + "\n", "a=\"x\\\"\\\\$\\\\ny\\\"\\\\z #\"\n"},
		{"continued", "add_\\\ndrivers+=\" a \\\nb \"\\\n' c'\n", "add_drivers+=\" a b  c\"\n"},
		{"lines in quotes", "a='1\n2'\nb=3", "a=\"1\\n2\"\nb=\"3\"\n"},
		{"empty values", "a= ;b=''\nc=", "a=\"\"\nb=\"\"\nc=\"\"\n"},
		{"variable", "a=1\nb=\"$x\"\nc=$(rm -rf /)\nd=`id`\ne=2", "a=\"1\"\ne=\"2\"\n2: what a shell fills in ($, `) is not\n3: what a shell fills in ($, `) is not\n4: what a shell fills in ($, `) is not\n"},
		{"single quotes keep it", "a='$x `y`'", "a=\"$x `y`\"\n"},
		{"command", "a=1 echo\nrm -rf / ; b=2", "b=\"2\"\n1: \"echo\" is a command, and none is run (KEY=value without blanks round the = is read)\n2: \"rm\" is a command, and none is run (KEY=value without blanks round the = is read)\n"},
		{"blanks round =", "a =1\na = 1", "1: \"a\" is a command, and none is run (KEY=value without blanks round the = is read)\n2: \"a\" is a command, and none is run (KEY=value without blanks round the = is read)\n"},
		{"if", "if true; then\n a=1\nelse a=2; fi\nb=2", "b=\"2\"\n1: \"if\" is shell code, and none is run (KEY=value without blanks round the = is read)\n"},
		{"function", "f() {\n a=1\n}\nf ()\n{ b=2; }\nfunction g { c=3; }\nd=4", "d=\"4\"\n1: \"f\" is a command, and none is run (KEY=value without blanks round the = is read)\n4: \"f\" is a command, and none is run (KEY=value without blanks round the = is read)\n6: \"function\" is shell code, and none is run (KEY=value without blanks round the = is read)\n"},
		{"case", "case x in\n a) b=1;;\n (c|esac) d=2;;\nesac\ne=3", "e=\"3\"\n1: \"case\" is shell code, and none is run (KEY=value without blanks round the = is read)\n"},
		{"loop", "for x in a=1 b; do\n while :; do c=1; done\ndone >f\nd=2", "d=\"2\"\n1: \"for\" is shell code, and none is run (KEY=value without blanks round the = is read)\n"},
		{"group", "( a=1\n)\n{ b=2; }\nc=3", "c=\"3\"\n1: \"(\"\n3: \"{\" is shell code, and none is run (KEY=value without blanks round the = is read)\n"},
		{"and", "true &&\n a=1\n[[ x < y ]] && b=1\nc=3", "c=\"3\"\n1: \"true\" is a command, and none is run (KEY=value without blanks round the = is read)\n3: \"[[\" is shell code, and none is run (KEY=value without blanks round the = is read)\n"},
		{"background", "a=1 &\nb=2", "b=\"2\"\n1: \"&\"\n"},
		{"array", "a=(1\n2)\nb[1]=2\nc=3", "c=\"3\"\n1: an array is not read\n3: an array is not read\n"},
		{"heredoc", "cat <<'E' >x\na=1\n'\nE\nb=2", "b=\"2\"\n1: \"cat\" is a command, and none is run (KEY=value without blanks round the = is read)\n"},
		{"tilde", "a=~/x\nb=c:~d\ne='~'", "e=\"~\"\n1: ~ is not filled in\n2: ~ is not filled in\n"},
		{"open quote", "a=1\nb=\"2\nc=3\n", "a=\"1\"\nc=\"3\"\n2: a quote is never closed\n"},
		{"open block", "a=1\nif x; then\nb=2\n", "a=\"1\"\n2: a command that ends with \"fi\" never ends\n"},
		{"closed twice", "a=1\nfi\nb=2", "a=\"1\"\nb=\"2\"\n2: \"fi\" is a command, and none is run (KEY=value without blanks round the = is read)\n"},
		{"substitution with a bracket", "a=$(case x in y) echo \")\";; esac # )\n)\nb=2", "b=\"2\"\n1: what a shell fills in ($, `) is not\n"},
		{"DOS", "a=1\r\nb=2\n", "b=\"2\"\n1: the value holds a control character\n"},
		{"NUL", "a=1\x00", "1: it holds a NUL\n"},
		{"export", "export a=1\nb=2", "b=\"2\"\n1: \"export\" is a command, and none is run (KEY=value without blanks round the = is read)\n"},
		{"no braces", "a={b,c}*[d]", "a=\"{b,c}*[d]\"\n"},
	} {
		if diff := cmp.Diff(tt.want, show(tt.text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// TestParseLimits: size, count, and what would take long.
func TestParseLimits(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"size", strings.Repeat("#", fileLimit+1), "bytes"},
		{"count", strings.Repeat("a=1\n", assignmentLimit+1), "assignments"},
		{"quotes", strings.Repeat("a=\"\n'\n", 40001), "assignments"},
		{"open quotes", strings.Repeat("a=1\\\n'\n", 1) + strings.Repeat("\"\n", 1), "never closed"},
		{"commands", strings.Repeat("x\n", 100000), "99950 more lines"},
		{"substitutions", strings.Repeat("a=$(", 60000), "within each other"},
		{"brackets", strings.Repeat("a=${", 60000), "never closed"},
		{"blocks", strings.Repeat("if ", 80000), "never ends"},
	} {
		_, notes := Parse(tt.text)
		if len(notes) == 0 || !strings.Contains(notes[len(notes)-1].Text, tt.want) {
			t.Errorf("%s: notes %.300q; want %q in the last", tt.name, fmt.Sprint(notes), tt.want)
		}
	}
}
