package check

import (
	"fmt"
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// What bash parses and the small shells of images do not. A script of process 1 with one of these ends that shell before any of it has run, so it counts
// only what is a mistake to the parser: [[ and ${x//a/b} are none, they fail when they are run. Seen with dash 0.5.12 and busybox 1.35.

// shellKind is the shell that process 1 is.
type shellKind int

const (
	anyShell shellKind = iota // bash, or one that is not known here
	dash                      // also klibc's sh, which comes of it
	busyboxShell
)

// firstShell is the shell that runs /init.
func (j *judge) firstShell() shellKind {
	data, _ := j.tree.ReadFile("init")
	line, _, _ := strings.Cut(string(data[:min(len(data), 256)]), "\n")
	words := strings.Fields(strings.TrimPrefix(line, "#!"))
	if !strings.HasPrefix(line, "#!") || len(words) == 0 {
		return anyShell
	}
	real, err := j.tree.Resolve(strings.TrimPrefix(words[0], "/"))
	if err != nil {
		return anyShell
	}
	program, _ := j.tree.ReadFile(real)
	switch name := path.Base(real); {
	case isBusybox(program):
		return busyboxShell
	case name == "dash", strings.Contains(string(program), "/lib/klibc-"):
		return dash
	}
	return anyShell
}

// mistake is what is wrong with a script for the shell of process 1; nil if nothing is.
func (j *judge) mistake(s *script) error {
	if s.bad != nil || s.file == nil || j.shell == anyShell {
		return s.bad
	}
	if s.judged {
		return s.foreign
	}
	s.judged = true
	syntax.Walk(s.file, func(n syntax.Node) bool {
		if what := foreign(n, j.shell); what != "" && s.foreign == nil {
			s.foreign = fmt.Errorf("%s:%s: %s, which the shell of this image does not understand: it is bash's", s.file.Name, n.Pos(), what)
		}
		return s.foreign == nil
	})
	return s.foreign
}

// foreign says what a piece of a script is that a shell does not parse; "" if it does.
func foreign(n syntax.Node, shell shellKind) string {
	switch n := n.(type) {
	case *syntax.ArrayExpr:
		return "an array"
	case *syntax.Redirect:
		if n.Op == syntax.WordHdoc {
			return "<<<"
		}
	case *syntax.BinaryTest:
		if n.Op == syntax.TsReMatch && unquotedBracket(n.Y) {
			return "=~ with brackets"
		}
	case *syntax.ForClause:
		if _, ok := n.Loop.(*syntax.CStyleLoop); ok {
			return "for (("
		}
	}
	if shell == dash {
		return foreignToDash(n)
	}
	return ""
}

// unquotedBracket says whether a word has one outside of quotes: what follows [[ are words to a shell that does not know it.
func unquotedBracket(e syntax.TestExpr) bool {
	w, ok := e.(*syntax.Word)
	if !ok {
		return false
	}
	for _, part := range w.Parts {
		if l, ok := part.(*syntax.Lit); ok && strings.Contains(strings.ReplaceAll(l.Value, `\(`, ""), "(") {
			return true
		}
	}
	return false
}

// foreignToDash is what busybox parses and dash does not.
func foreignToDash(n syntax.Node) string {
	switch n := n.(type) {
	case *syntax.ProcSubst:
		return "<( or >("
	case *syntax.FuncDecl:
		if n.RsrvWord {
			return "the word function"
		}
		if n.Name != nil && !isName(n.Name.Value) {
			return "a function with this name"
		}
	}
	return ""
}

// isName says whether a word is a name (POSIX 3.231).
func isName(word string) bool {
	for i, c := range []byte(word) {
		if c != '_' && (c|0x20 < 'a' || c|0x20 > 'z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return word != ""
}
