package main

import (
	"errors"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const top = "../.."

// TestDefects: every target of the tree has one defect, which can be put into the sources as they are and leaves them Go.
func TestDefects(t *testing.T) {
	targets, err := findTargets(top)
	if err != nil || len(targets) == 0 {
		t.Fatalf("%d targets, %v", len(targets), err)
	}
	count := map[string]int{}
	for _, d := range defects {
		count[d.target]++
		text, err := os.ReadFile(filepath.Join(top, d.file))
		if err != nil {
			t.Error(err)
			continue
		}
		bad, err := d.apply(string(text))
		if err != nil {
			t.Error(err)
		} else if _, err := parser.ParseFile(token.NewFileSet(), d.file, bad, 0); err != nil || bad == string(text) {
			t.Errorf("%s: the defect changes nothing or is no Go: %v", d.target, err)
		}
		if d.what == "" || strings.ContainsAny(d.what, "|\n") {
			t.Errorf("%s: what is wrong is %q", d.target, d.what)
		}
	}
	for _, tg := range targets {
		if n := count[tg.id()]; n != 1 {
			t.Errorf("%s has %d defects in test/fuzz/defects.go: write one that it finds", tg.id(), n)
		}
		delete(count, tg.id())
	}
	for id := range count {
		t.Errorf("%s has a defect and is no target of the tree", id)
	}
}

func TestApply(t *testing.T) {
	d := defect{target: "a.FuzzB", file: "f.go", old: "x", new: "y"}
	for text, want := range map[string]string{"axb": "ayb", "ab": "", "xx": ""} {
		if got, err := d.apply(text); got != want || (err == nil) != (want != "") {
			t.Errorf("apply(%q) = %q, %v; want %q", text, got, err, want)
		}
	}
}

// Outputs of go test binaries of go 1.26.
var outputs = []struct {
	name, text string
	err        error // the exit status
	want       outcome
	ended      bool
}{
	{"clean", `fuzz: elapsed: 0s, gathering baseline coverage: 0/2 completed
fuzz: elapsed: 0s, gathering baseline coverage: 2/2 completed, now fuzzing with 1 workers
fuzz: elapsed: 3s, execs: 41355 (13717/sec), new interesting: 34 (total: 36)
fuzz: elapsed: 1m0s, execs: 612080 (17551/sec), new interesting: 45 (total: 47)
PASS
`, nil, outcome{execs: 612080, corpus: 47}, true},
	{"the deadline taken for an error", `fuzz: elapsed: 2s, execs: 612 (17/sec), new interesting: 4 (total: 7)
--- FAIL: FuzzX (2.01s)
    context deadline exceeded
FAIL
`, errors.New("exit status 1"), outcome{execs: 612, corpus: 7, failed: true, after: time.Second}, true},
	{"a new input", `fuzz: elapsed: 0s, gathering baseline coverage: 1/1 completed, now fuzzing with 2 workers
fuzz: elapsed: 0s, execs: 215 (8163/sec), new interesting: 2 (total: 3)
--- FAIL: FuzzX (0.04s)
    --- FAIL: FuzzX (0.00s)
        testing.go:1927: panic: runtime error: index out of range [3] with length 3
            goroutine 38 [running]:
    
    Failing input written to testdata/fuzz/FuzzX/771e938e4458e983
    To re-run:
    go test -run=FuzzX/771e938e4458e983
FAIL
`, errors.New("exit status 1"), outcome{execs: 215, corpus: 3, failed: true, after: time.Second, input: "testdata/fuzz/FuzzX/771e938e4458e983",
		fault: "testing.go:1927: panic: runtime error: index out of range [3] with length 3"}, false},
	{"a seed", `fuzz: elapsed: 0s, gathering baseline coverage: 0/14 completed
failure while testing seed corpus entry: FuzzX/seed#2
fuzz: elapsed: 0s, gathering baseline coverage: 1/14 completed
--- FAIL: FuzzX (0.02s)
    --- FAIL: FuzzX (0.00s)
        x_test.go:63: "my root": got "my"
    
FAIL
`, errors.New("exit status 1"), outcome{failed: true, after: time.Second, seed: "seed#2", fault: `x_test.go:63: "my root": got "my"`}, false},
	{"no run at all", "testing: will not fuzz, no such target\nFAIL\n", errors.New("exit status 1"), outcome{}, false},
}

func TestParseOutput(t *testing.T) {
	for _, c := range outputs {
		got, err := parseOutput(strings.NewReader(c.text), func() time.Duration { return time.Second })
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if ended := got.ended(c.err); ended != c.ended {
			t.Errorf("%s: ended %v", c.name, ended)
		}
		got.text = ""
		if got != c.want {
			t.Errorf("%s:\n%+v, want\n%+v", c.name, got, c.want)
		}
	}
}

func TestCountBlocks(t *testing.T) {
	profile := "mode: set\na.go:1.2,3.4 2 1\na.go:5.2,6.4 1 0\na.go:5.2,6.4 1 1\nb.go:5.2,6.4 1 0\n"
	if reached, all, err := countBlocks(profile); reached != 2 || all != 3 || err != nil {
		t.Errorf("%d of %d, %v; want 2 of 3", reached, all, err)
	}
	if _, _, err := countBlocks("a.go:1.2,3.4 2\n"); err == nil {
		t.Error("a short line is taken")
	}
}

func TestWanted(t *testing.T) {
	all := []target{{"pkg/kmod", "FuzzMatch"}, {"pkg/kmod", "FuzzPolicy"}, {"pkg/mount", "FuzzUnescape"}}
	some, err := wanted(all, []string{"kmod.*"})
	if err != nil || !slices.Equal(some, all[:2]) {
		t.Errorf("%v, %v", some, err)
	}
	if _, err := wanted(all, []string{"kmod.FuzzNone"}); err == nil {
		t.Error("a target that is none is taken")
	}
}

// TestKept: a good result counts while its key stays, one with a crash too, any other bad one does not.
func TestKept(t *testing.T) {
	r := runner{dir: t.TempDir()}
	tg := target{"pkg/kmod", "FuzzMatch"}
	good := result{Target: tg.id(), Key: "k", Defect: found{Found: true}}
	crash, missed := good, good
	crash.Crash, missed.Defect.Found = "panic", false
	for _, c := range []struct {
		result
		key  string
		want bool
	}{{good, "k", true}, {good, "other", false}, {crash, "k", true}, {missed, "k", false}} {
		if err := r.keep(&c.result); err != nil {
			t.Fatal(err)
		}
		if got, ok := r.kept(tg, c.key); ok != c.want || ok && got != c.result {
			t.Errorf("%+v with key %s: %v", c.result, c.key, ok)
		}
	}
}

func TestDocument(t *testing.T) {
	results := []result{
		{Target: "a.FuzzB", Executions: 7, Reached: 2, Blocks: 3, Defect: found{What: "w", Found: true, Seed: "seed#1"}},
		{Target: "a.FuzzC", Executions: 8, Blocks: 3, Crash: "panic", Defect: found{What: "v"}},
	}
	text := string(document(results, time.Minute))
	for _, want := range []string{"ran for 1m0s,", "15 executions", "| a.FuzzB | 7 | 2 of 3 | 0 | w | seed |", "| a.FuzzC | 8 | 0 of 3 | 1 | v | nothing |"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if err := judge(results); err == nil || !strings.Contains(err.Error(), "a.FuzzC: crash: panic") || judge(results[:1]) != nil {
		t.Errorf("judged: %v", err)
	}
}
