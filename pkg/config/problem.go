package config

import "github.com/preroot/preroot/pkg/cmdline"

// Problem is a word that was not taken as typed.
type Problem = cmdline.Problem

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
