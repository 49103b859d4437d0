package config

import "github.com/preroot/preroot/pkg/cmdline"

// Problem is a word that was not taken as typed: a bad value, for which the default is used, or a deprecated
// name, which works.
type Problem struct {
	Word   string // as typed
	Source string // where it stands: "/proc/cmdline", "/etc/cmdline.d/10.conf"
	Reason string // what is wrong
	Want   string // what to write instead
	// Deprecated tells a mere warning (the word was obeyed) from a bad value (the default is used).
	Deprecated bool
}

// String returns the problem as one line, for example:
//
//	rd.retry=soon (/proc/cmdline): not a number; write rd.retry=SECONDS
func (p Problem) String() string {
	line := p.Word
	if p.Source != "" {
		line += " (" + p.Source + ")"
	}
	line += ": " + p.Reason
	if p.Want != "" {
		line += "; write " + p.Want
	}
	return line
}

// bad notes a value that cannot be used. It is called in many places and seldom run.
//
//go:noinline
func (r *reader) bad(w cmdline.Word, reason, want string) {
	r.problems = append(r.problems, Problem{Word: w.String(), Source: w.Source, Reason: reason, Want: want})
}

// deprecated notes a word whose name has a successor.
func (r *reader) deprecated(w cmdline.Word, want string) {
	r.problems = append(r.problems, Problem{Word: w.String(), Source: w.Source,
		Reason: "this name is deprecated", Want: want, Deprecated: true})
}
