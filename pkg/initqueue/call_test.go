package initqueue

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// imageOf makes a little image: a program in sbin, one that cannot be executed, a library.
func imageOf(t *testing.T, shell string) (words, *[]string) {
	t.Helper()
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"usr/sbin/tool": 0o755, "sbin/plain": 0o644, "bin/source_hook": 0o755, "bin/time": 0o755, "lib.sh": 0o644} {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte("source_hook() {\n:\n}\ninfo () { :; }\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	var asked []string
	return words{
		shell: shell, library: []string{filepath.Join(dir, "lib.sh")},
		path: []string{dir + "/usr/sbin", dir + "/sbin", dir + "/bin"},
		run: func(_ string, args ...string) (string, bool) {
			asked = append(asked, strings.Join(args, "|"))
			return "shell\n", true
		},
	}, &asked
}

// TestFind: which commands are decided without a shell.
func TestFind(t *testing.T) {
	for _, tt := range []struct{ shell, command, want string }{
		{"dash", "/proc/self/exe", "/proc/self/exe"},
		{"dash", "/nothing", ""},
		{"dash", "", ""},
		{"dash", "-x", ""},
		{"dash", "echo", "echo"},
		{"dash", "if", "if"},
		{"dash", "tool", "DIR/usr/sbin/tool"},
		{"bash", "tool", "DIR/usr/sbin/tool"},
		{"busybox", "echo", "echo"},
		{"busybox", "tool", "shell"},
		{"mksh", "tool", "shell"},
		{"dash", "/etc/passwd", "shell"},
		{"dash", "plain", "shell"},
		{"dash", "source_hook", "shell"},
		{"dash", "info", "shell"},
		{"dash", "time", "shell"},
		{"dash", "unknown", "shell"},
	} {
		w, asked := imageOf(t, tt.shell)
		got := w.find(tt.command)
		want := strings.Replace(tt.want, "DIR", filepath.Dir(w.library[0]), 1)
		if got != want || (len(*asked) > 0) != (tt.want == "shell") {
			t.Errorf("%s: %q is %q, want %q (asked %q)", tt.shell, tt.command, got, want, *asked)
		}
	}
}

func TestEchoAsksForBackslashes(t *testing.T) {
	for text, want := range map[string]string{"a 'b' $c": "a 'b' $c\n", "-n": "shell\n", `\x2f`: "shell\n", "": "\n"} {
		w, asked := imageOf(t, "dash")
		if got := w.echo(text); got != want || (len(*asked) > 0) != (want == "shell\n") {
			t.Errorf("%q: %q", text, got)
		}
	}
	w, _ := imageOf(t, "dash")
	w.run = func(string, ...string) (string, bool) { return "", false }
	if got := w.echo("a\\b", "c"); got != "a\\b c\n" {
		t.Errorf("without a shell: %q", got)
	}
}

// TestAdd: files as they lie in the queues.
func TestAdd(t *testing.T) {
	for _, tt := range []struct {
		args   string
		status int
		want   map[string]string
	}{
		{"--settled --onetime --unique echo a b", 0, map[string]string{"settled/echo.sh": deleteItself + "echo a b\n"}},
		{"--unique --name 00resume --finished echo 8:1 > /sys/power/resume", 0, map[string]string{"finished/00resume.sh": "echo 8:1 > /sys/power/resume\n"}},
		{"--unique --env x=1 --name n/m --timeout --online echo", 0, map[string]string{"online/m.sh": "x=1\necho\n"}},
		{"--unique /proc/self/exe", 0, map[string]string{"exe.sh": "/proc/self/exe\n", "work": ""}},
		{"--name x/ echo", 1, map[string]string{}},
		{"--name", 1, map[string]string{}},
		{"", 1, map[string]string{}},
		{"--unique /nothing", 1, map[string]string{}},
	} {
		dir := t.TempDir()
		t.Setenv("hookdir", dir)
		w, _ := imageOf(t, "dash")
		var out, diagnostics strings.Builder
		if got := add(strings.Fields(tt.args), w, &out, &diagnostics); got != tt.status || (got != 0) != (out.Len()+diagnostics.Len() > 0) {
			t.Errorf("%q: status %d, %q, %q", tt.args, got, out.String(), diagnostics.String())
		}
		got := map[string]string{}
		top := filepath.Join(dir, "initqueue")
		_ = filepath.WalkDir(top, func(p string, e os.DirEntry, err error) error {
			if err == nil && !e.IsDir() {
				text, _ := os.ReadFile(p)
				name, _ := filepath.Rel(top, p)
				got[name] = string(text)
			}
			return nil
		})
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%q:\n%s", tt.args, diff)
		}
	}
}

func FuzzParseCall(f *testing.F) {
	f.Add("--onetime --name x --env y=1 --settled cmd a")
	f.Fuzz(func(t *testing.T, line string) {
		args := strings.Split(line, " ")
		c, ok := ParseCall(args)
		if ok != (len(c.Command) > 0) {
			t.Fatalf("%q: %+v, %v", args, c, ok)
		}
		if !ok {
			return
		}
		if name, err := c.File(7); err == nil && (strings.Contains(name, "/") || !strings.HasSuffix(name, ".sh")) {
			t.Errorf("%q: file %q", args, name)
		}
	})
}
