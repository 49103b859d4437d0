package dracut

import (
	"flag"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/preroot/preroot/pkg/cmdline"
)

var lines = flag.Int("lines", 1000, "command lines to compare with the newest dracut, at least 1000 (a tenth of them with the older ones)")

const batch = 1000

// ours is what Params makes of a question, in the form of dracut's answer.
func ours(p cmdline.Params, q question) answer {
	var r cmdline.Result
	switch q.function {
	case "getarg":
		r = p.Getarg(q.args...)
	case "getargs":
		r = p.Getargs(q.args...)
	case "getargbool":
		r.OK, r.Warnings = p.Getargbool(q.args[0], q.args[1:]...)
	case "getargnum":
		r = number(p, q.args)
	}
	a := answer{status: "1"}
	if r.OK {
		a.status = "0"
	}
	if r.Printed {
		a.out = r.Text + "\n"
	}
	for _, w := range r.Warnings {
		a.warned = append(a.warned, dracutWarning(q.function, w))
	}
	return a
}

func number(p cmdline.Params, args []string) cmdline.Result {
	var n [3]int64
	for i := range n {
		n[i], _ = strconv.ParseInt(args[i], 10, 64)
	}
	got := p.Num(n[0], n[1], n[2], strings.TrimSuffix(args[3], "="))
	return cmdline.Result{Text: strconv.FormatInt(got, 10), Printed: true, OK: true}
}

// dracutWarning is a Warning in the words of dracut-lib.sh.
func dracutWarning(function string, w cmdline.Warning) string {
	switch {
	case w.New == "" && function == "getargs":
		return fmt.Sprintf("Option %s is deprecated!", w.Old)
	case w.New == "":
		return fmt.Sprintf("Option '%s' is deprecated.", w.Old)
	case function == "getargs":
		return fmt.Sprintf("Option '%s' is deprecated, use '%s' instead.", w.Old, w.New)
	}
	return fmt.Sprintf("Kernel command line option '%s' is deprecated, use '%s' instead.", w.Old, w.New)
}

// stopsShell reports whether the number asked for is one at which the shell's arithmetic gives up: octal
// with an 8 or 9, or more than 64 bits. dracut's script ends there; we take the default.
func stopsShell(p cmdline.Params, q question) bool {
	if q.function != "getargnum" {
		return false
	}
	value, _ := p.Get(strings.TrimSuffix(q.args[3], "="))
	if value == "" || strings.Trim(value, "0123456789") != "" {
		return false
	}
	_, err := strconv.ParseInt(value, 0, 64)
	return err != nil
}

// count is what a comparison saw.
type count struct{ lines, questions, same, stopped, loneQuotes, crashed, different int }

func (n count) String() string {
	return fmt.Sprintf("%d lines, %d questions: %d same, %d different (apart: %d where the shell stops at a number; "+
		"%d on lines with a lone final quote, %d of them answered wrongly by a crash)",
		n.lines, n.questions, n.same, n.different, n.stopped, n.loneQuotes, n.crashed)
}

// judge compares one case. A difference is reported in full, ten of them at most.
func (n *count) judge(t *testing.T, d *tool, c testCase, answers []answer) {
	p, lone := d.params(c)
	n.lines++
	for i, q := range c.questions {
		n.questions++
		want, got := answers[i], ours(p, q)
		same := cmp.Equal(want, got, cmp.AllowUnexported(answer{}))
		switch {
		case lone:
			n.loneQuotes++
			if !same {
				n.crashed++
			}
		case stopsShell(p, q) && want.out == "" && want.status != "0":
			n.stopped++
		case same:
			n.same++
		default:
			if n.different++; n.different <= 10 {
				t.Errorf("dracut %s: %q\n%s\ndracut: %+q\nours:   %+q", d.version, c.texts, q.shell(), want, got)
			}
		}
	}
}

// params is what this version of dracut searches; lone tells of the quote that kills it.
func (d *tool) params(c testCase) (p cmdline.Params, lone bool) {
	if d.run {
		return cmdline.Join(c.sources()...), false
	}
	return cmdline.Of(cmdline.Split(c.oldText())), loneQuote(c.oldText())
}

// compare asks this version about the first total cases and returns what was seen with the first batch of
// answers.
func compare(t *testing.T, suite string, total int) (n count, first [][]answer) {
	d := newTool(t, suite)
	for at := 0; at < total; at += batch {
		cases := generateFrom(at, min(at+batch, total))
		answers := d.ask(t, cases)
		if at == 0 {
			first = answers
		}
		for i := range cases {
			n.judge(t, d, cases[i], answers[i])
		}
		if n.lines%(10*batch) == 0 {
			t.Logf("dracut %s: so far %v", d.version, n)
		}
	}
	t.Logf("dracut %s: %v", d.version, n)
	if n.different > 0 {
		t.Errorf("dracut %s: %d differences", d.version, n.different)
	}
	return n, first
}

func generateFrom(begin, end int) []testCase {
	var cases []testCase
	for i := begin; i < end; i++ {
		cases = append(cases, generate(i))
	}
	return cases
}

func TestGetargNewest(t *testing.T) {
	n, answers := compare(t, "sid", *lines)
	if n.questions == 0 || n.stopped*20 > n.questions || n.loneQuotes != 0 {
		t.Errorf("too little was compared: %v", n)
	}
	t.Run("SeededDefects", func(t *testing.T) { findSeeded(t, answers) })
}

func TestGetargDebian13(t *testing.T) { compare(t, "trixie", *lines/10) }

func TestGetargDebian12(t *testing.T) { compare(t, "bookworm", *lines/10) }

// The older versions die of a lone final quote, even if the word asked for stands before it; this keeps the
// reason for counting these lines apart true.
func TestLoneFinalQuote(t *testing.T) {
	c := testCase{questions: []question{{"getarg", []string{"a"}}}}
	c.texts[2] = `a=1 "`
	for suite, want := range map[string]string{"bookworm": "1", "trixie": "1", "sid": "0"} {
		d := newTool(t, suite)
		if got := d.ask(t, []testCase{c})[0][0].status; got != want {
			t.Errorf("dracut %s: status %s, want %s", d.version, got, want)
		}
	}
}
