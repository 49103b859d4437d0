package dracut

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/preroot/preroot/pkg/cmdline"
)

// seeded are defects put in on purpose, by the misreading that each stands for.
var seeded = map[string]func(testCase) cmdline.Params{
	"a backslash escapes a quote": onText(func(s string) string { return strings.ReplaceAll(s, `\"`, `\q`) }),
	"0xA0 parts no words":         onText(func(s string) string { return strings.ReplaceAll(s, "\xa0", "\x80") }),
	"form feed parts no words":    onText(func(s string) string { return strings.ReplaceAll(s, "\f", "\x80") }),
	"a newline is a tab":          onText(func(s string) string { return strings.ReplaceAll(s, "\n", "\t") }),
	"single quotes count":         onText(func(s string) string { return strings.ReplaceAll(s, "'", `"`) }),
	"the files are joined bare": func(c testCase) cmdline.Params {
		return cmdline.Of(cmdline.Split(strings.Join(c.texts[:], " ")))
	},
	"the first word wins": onWords(func(w []cmdline.Word) []cmdline.Word { slices.Reverse(w); return w }),
	"- and _ are the same": onWords(func(w []cmdline.Word) []cmdline.Word {
		for i := range w {
			w[i].Key = strings.ReplaceAll(w[i].Key, "-", "_")
		}
		return w
	}),
	"nothing after -- counts": onWords(func(w []cmdline.Word) []cmdline.Word {
		if i := slices.IndexFunc(w, func(w cmdline.Word) bool { return w.String() == "--" }); i >= 0 {
			return w[:i]
		}
		return w
	}),
	"all quotes go": onWords(func(w []cmdline.Word) []cmdline.Word {
		for i := range w {
			w[i].Value = strings.ReplaceAll(w[i].Value, `"`, "")
		}
		return w
	}),
	"k is k=": onWords(func(w []cmdline.Word) []cmdline.Word {
		for i := range w {
			w[i].HasValue = true
		}
		return w
	}),
	"the image wins over the kernel": func(c testCase) cmdline.Params {
		c.texts[0], c.texts[2] = c.texts[2], c.texts[0]
		return cmdline.Join(c.sources()...)
	},
}

func onText(change func(string) string) func(testCase) cmdline.Params {
	return func(c testCase) cmdline.Params {
		for i := range c.texts {
			c.texts[i] = change(c.texts[i])
		}
		return cmdline.Join(c.sources()...)
	}
}

func onWords(change func([]cmdline.Word) []cmdline.Word) func(testCase) cmdline.Params {
	return func(c testCase) cmdline.Params {
		return cmdline.Of(change(cmdline.Join(c.sources()...).Words()))
	}
}

// findSeeded checks that each defect is found within 1,000 lines: the generator asks what matters.
func findSeeded(t *testing.T, answers [][]answer) {
	cases := generateFrom(0, len(answers))
	for _, name := range sortedNames() {
		line := firstDifference(cases, answers, seeded[name])
		if line < 0 {
			t.Errorf("%s: not found in %d lines", name, len(cases))
			continue
		}
		t.Logf("%s: found at line %d", name, line+1)
	}
}

func sortedNames() []string {
	var names []string
	for name := range seeded {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func firstDifference(cases []testCase, answers [][]answer, read func(testCase) cmdline.Params) int {
	for i, c := range cases {
		honest, p := cmdline.Join(c.sources()...), read(c)
		for k, q := range c.questions {
			if !stopsShell(honest, q) && !cmp.Equal(answers[i][k], ours(p, q), cmp.AllowUnexported(answer{})) {
				return i
			}
		}
	}
	return -1
}
