package buildconf

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// vars are the names that the texts of these tests assign to.
var vars = []string{"add_drivers", "hostonly", "x", "_y2"}

// values folds what Parse has read as a shell does.
func values(list []Assignment) map[string]string {
	got := map[string]string{}
	for _, a := range list {
		if a.Append {
			a.Value = got[a.Key] + a.Value
		}
		got[a.Key] = a.Value
	}
	return got
}

// sourced has a shell source each text in a process of its own (a subshell) and gives the values of vars; nil for a text
// that the shell does not take to its end.
func sourced(t *testing.T, shell string, texts []string) []map[string]string {
	t.Helper()
	dir := t.TempDir()
	for i, text := range texts {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	script := fmt.Sprintf(`i=0; while [ $i -lt %d ]; do
( . ./$i >/dev/null 2>&1 </dev/null
for v in %s; do eval "[ -z \"\${$v+set}\" ] || printf '%%s=%%s\001' $v \"\$$v\""; done; printf 'end\001' )
printf '\002'; i=$((i+1)); done`, len(texts), strings.Join(vars, " "))
	cmd := exec.Command(shell, "-c", script)
	cmd.Dir, cmd.Env = dir, []string{"LC_ALL=C.UTF-8", "PATH=/nowhere"}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", shell, err)
	}
	list := make([]map[string]string, len(texts))
	for i, of := range strings.Split(strings.TrimSuffix(string(out), "\002"), "\002") {
		if fields, ok := strings.CutSuffix(of, "end\001"); ok {
			list[i] = map[string]string{}
			for f := range strings.SplitSeq(strings.TrimSuffix(fields, "\001"), "\001") {
				if k, v, ok := strings.Cut(f, "="); ok {
					list[i][k] = v
				}
			}
		}
	}
	return list
}

// quoteAs writes a value in one of the shell's ways.
func quoteAs(r *rand.Rand, v string) string {
	switch r.IntN(4) {
	case 0:
		return "'" + strings.ReplaceAll(v, "'", `'\''`) + "'"
	case 1:
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(v) + `"`
	case 2:
		var b strings.Builder
		for _, c := range v {
			if c == '\n' {
				b.WriteString("'\n'")
			} else {
				b.WriteString("\\" + string(c))
			}
		}
		return b.String()
	}
	n := r.IntN(len(v) + 1)
	for n < len(v) && v[n]&0xc0 == 0x80 {
		n++
	}
	return "'" + strings.ReplaceAll(v[:n], "'", `'"'"'`) + "'\\\n" + `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(v[n:]) + `"`
}

// aConf makes a file of assignments among things that are not read and change none of vars.
func aConf(r *rand.Rand, more bool) string {
	alphabet := []string{"a", "ext4", " ", "\t", "=", "-", "'", `"`, `\`, "$", "`", "#", "ü", "\n", ";", "&", "(", ")", "{", "~", "*", "!", "|", "<", "%"}
	others := []string{
		"# comment ' \"\n", "if false; then\n add_drivers=no\nfi\n", "f() { x=no; }\n", "echo x=1\n", "false && hostonly=no\n", "case q in\n q) : ;;\n x) hostonly=no;;\nesac\n",
		": \"$(echo \\\"x=1 ')' )\"\n", "z=$HOME; z=`echo x`\n", "for q in x=1; do :; done\n", "cat <<E\nx='no\nE\n", "{ : ; }\n", "( x=no )\n", "x=no echo\n", "\n ;x=\n"[0:2],
	}
	if more {
		others = append(others, "z=(1 \"x=1\" 2)\n", "[[ a < b || x == y ]] && :\n", "function g {\nx=no\n}\n", "z[1]=2\n", "x=no | :\n", "cat <<-'E F'\n\tx='no\n\tE F\n", "z=$'\\''; z=${q:-'}'}\n")
	}
	var b strings.Builder
	for range 1 + r.IntN(8) {
		if r.IntN(3) == 0 {
			b.WriteString(others[r.IntN(len(others))])
			continue
		}
		var v strings.Builder
		for range r.IntN(8) {
			v.WriteString(alphabet[r.IntN(len(alphabet))])
		}
		op := "="
		if more && r.IntN(2) == 0 {
			op = "+="
		}
		b.WriteString(vars[r.IntN(len(vars))] + op + quoteAs(r, v.String()) + []string{"\n", ";", " ; # c\n", "\n\n", "\t\n"}[r.IntN(5)])
	}
	return b.String()
}

// TestAsShells: files as people write them have the values that bash and dash give them.
func TestAsShells(t *testing.T) {
	for _, shell := range []string{"bash", "dash"} {
		r := rand.New(rand.NewPCG(1, uint64(len(shell))))
		texts := make([]string, 400)
		for i := range texts {
			texts[i] = aConf(r, shell == "bash")
		}
		for i, want := range sourced(t, shell, texts) {
			if want == nil {
				t.Errorf("%s does not take a text of this test:\n%s", shell, texts[i])
				continue
			}
			list, _ := Parse(texts[i])
			got := values(list)
			delete(got, "z")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s (-shell +ours):\n%s\n%s\n%s", shell, diff, texts[i], show(texts[i]))
			}
		}
	}
}

// TestSoupAsBash: any text of which everything is read has the values that bash gives it.
func TestSoupAsBash(t *testing.T) {
	pieces := []string{"x", "=", "+=", "x=", "hostonly=", "\nadd_drivers+=", "\n", "\n", ";", " ", "\t", "'", "'", `"`, `"`, `\`, "\\\n", "#", "a", "b c", "{", "}", "[", "]", "1", "=~", ":", "!", "*", "?", "_y2=", "é", "fi", "if ", "%", "@", "-", "/", ","}
	r := rand.New(rand.NewPCG(2, 3))
	var texts []string
	for len(texts) < 1000 {
		var b strings.Builder
		for range 2 + r.IntN(12) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		if list, notes := Parse(b.String()); len(notes) == 0 && len(list) > 0 {
			texts = append(texts, b.String())
		}
	}
	for i, want := range sourced(t, "bash", texts) {
		list, _ := Parse(texts[i])
		got := values(list)
		for k := range got {
			if !strings.Contains(" "+strings.Join(vars, " ")+" ", " "+k+" ") {
				delete(got, k)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q (-bash +ours):\n%s", texts[i], diff)
		}
	}
}
