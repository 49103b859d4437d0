package hooks

import (
	"maps"
	"strings"
	"testing"
)

const goodReport = "7\x00done\x003\x001\x00d/usr\x00ohB\x00root=a=b\nc\x00rflags=\x000022\n\x00\x00"

func TestReport(t *testing.T) {
	for name, text := range map[string]string{
		"whole": goodReport, "after rubbish": "\x00\x00\x00x\x00y\x00\x00" + goodReport, "after half a report": "7\x00done\x00\x00" + goodReport,
	} {
		for _, step := range []int{1, 2, 7, len(text)} {
			var d decoder
			var got []report
			for i := 0; i < len(text); i += step {
				got = append(got, d.add([]byte(text[i:min(i+step, len(text))]))...)
			}
			if len(got) != 1 {
				t.Fatalf("%s by %d: %v", name, step, got)
			}
			r := got[0]
			if r.seq != 7 || r.kind != "done" || r.status != 3 || r.kept != "1" || r.dir != "/usr" || r.opts != "hB" || r.umask != "0022" ||
				!maps.Equal(r.vars, map[string]string{"root": "a=b\nc", "rflags": ""}) {
				t.Errorf("%s by %d: %+v", name, step, r)
			}
		}
	}
}

func TestStateOfShells(t *testing.T) {
	for shell, text := range map[string]string{
		"dash":    "A='1'\nIFS=' \t\n'\nPPID='9'\nQ='a'\"'\"'b\nexport Z=1$x`'\nR='5'\nexport A='1'\nexport NOVAL\nexport Q='a'\"'\"'b\nexport Z=1$x`'\n_pr_end='4'\n",
		"bash":    "A=1\nBASH_ALIASES=()\nBASH_X=([0]=$'a\\nB=2' [1]=\"x\")\nIFS=$' \\t\\n'\nQ=$'a\\'b\\nexport Z=1$x`'\nR=5\n_=NOVAL\nexport A=\"1\"\nexport NOVAL\nexport Q=$'a\\'b\\nexport Z=1$x`'\n_pr_end=4\n",
		"bash 3":  "A=1\nf () \n{ \n    echo \"A=2\";\n}\nQ='a'\\''b\nexport Z=1$x`'\nR=$'\\065'\ndeclare -x A=\"1\"\ndeclare -x NOVAL\ndeclare -rx Q=\"a'b\nexport Z=1\\$x\\`\"\n_pr_end=4\n",
		"busybox": "A='1'\nFUNCNAME=''\nLINENO=''\nQ='a'\"'\"'b\nexport Z=1$x`'\nR='5'\nexport A='1'\nexport NOVAL\nexport Q='a'\"'\"'b\nexport Z=1$x`'\n_pr_end='4'\n",
	} {
		got, whole := parseState(text, "4")
		want := map[string]variable{"A": {"1", true, true}, "NOVAL": {"", false, true}, "Q": {"a'b\nexport Z=1$x`", true, true}, "R": {"5", true, false}}
		if !whole || !maps.Equal(got, want) {
			t.Errorf("%s: %v %+v", shell, whole, got)
		}
		if _, whole := parseState(text, "5"); whole {
			t.Errorf("%s: the state of another request is taken", shell)
		}
		if _, whole := parseState(text[:len(text)-4], "4"); whole {
			t.Errorf("%s: a state that is cut off is taken", shell)
		}
	}
}

func FuzzReport(f *testing.F) {
	f.Add([]byte(goodReport), 3)
	f.Add([]byte("1\x00done\x00\x00"), 1)
	f.Fuzz(func(t *testing.T, data []byte, cut int) {
		var whole, parts decoder
		n := len(whole.add(data))
		cut = max(0, min(cut, len(data)))
		if got := len(parts.add(data[:cut])) + len(parts.add(data[cut:])); got != n {
			t.Errorf("%d reports at once, %d in two parts", n, got)
		}
		for _, r := range new(decoder).add(data) {
			if r.umask != "" && strings.Trim(r.umask, "01234567") != "" {
				t.Errorf("umask %q", r.umask)
			}
			for name := range r.vars {
				if !IsName(name) {
					t.Errorf("name %q", name)
				}
			}
		}
	})
}

func FuzzState(f *testing.F) {
	f.Add("A='1'\nexport B=\"x\"\nC=$'\\001'\n_pr_end='1'\n", "v'\n")
	f.Fuzz(func(t *testing.T, text, value string) {
		vars, _ := parseState(text, "1")
		for name := range vars {
			if !restorable(name) {
				t.Errorf("name %q", name)
			}
		}
		value, _, _ = strings.Cut(value, "\x00")
		vars, whole := parseState("V="+Quote(value)+"\nexport V\n_pr_end='1'\n", "1")
		if !whole || vars["V"] != (variable{value, true, true}) {
			t.Errorf("%q is read as %+v", value, vars)
		}
	})
}
