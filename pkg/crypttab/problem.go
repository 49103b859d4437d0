package crypttab

import (
	"strings"

	"github.com/preroot/preroot/pkg/cmdline"
)

// Problem is a line, an option or a word that was not taken as written.
type Problem = cmdline.Problem

// maxProblems bounds the list: a file that is none of ours has one in each line.
const maxProblems = 64

// report collects problems of one place.
type report struct {
	source   string
	line     int
	problems []Problem
}

// bad notes what cannot be used.
func (r *report) bad(word, reason, want string) {
	r.add(Problem{Word: printable(word), Reason: reason, Want: printable(want)})
}

// deprecated notes a word whose name has a successor.
func (r *report) deprecated(word, want string) {
	r.add(Problem{Word: printable(word), Reason: "this name is deprecated", Want: printable(want), Deprecated: true})
}

func (r *report) add(p Problem) {
	if len(r.problems) < maxProblems {
		p.Source, p.Line = r.source, r.line
		r.problems = append(r.problems, p)
	}
}

// printable cuts a text and takes out of it what would break the one line of a message.
func printable(s string) string {
	if len(s) > 100 {
		s = s[:100] + "..."
	}
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return '?'
		}
		return c
	}, s)
}
