package check

import (
	"fmt"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// sources judges what a script of process 1 does to its shell as soon as it is sourced: to source a file that is not there ends it (POSIX 2.8.1, an error
// of a special built-in), and so do exit and exec. Only what is run in any case counts: the statements up to the first that may return.
func (j *judge) sources(file string, s *script, why string) {
	if s.file == nil || s.bad != nil || slices.Contains(j.sourced, file) {
		return
	}
	j.sourced = append(j.sourced, file)
	for _, stmt := range s.file.Stmts {
		if name, at := j.sourcedBy(stmt); name != "" {
			j.sourcedFile(name, fmt.Sprintf("%s:%s", file, at), why)
			continue
		}
		if word := endsShell(stmt); word != "" {
			j.bad("script "+file, why, "", fmt.Sprintf("%s:%s: %s ends the shell of process 1", file, stmt.Pos(), word))
			return
		}
		if leaves(stmt) {
			return
		}
	}
}

// sourcing judges the scripts of a pattern by what they do as soon as they are sourced.
func (j *judge) sourcing(why, pattern string) {
	for _, file := range j.glob(pattern) {
		if s := j.script(file); s != nil {
			j.sources(file, s, why)
		}
	}
}

// sourcedFile judges a file that is sourced in any case, and what that sources.
func (j *judge) sourcedFile(name, at, why string) {
	s := j.script(strings.TrimPrefix(name, "/"))
	switch {
	case s == nil:
		j.bad("script "+name, why, j.hint(need{kind: sourced, name: name}), at+": it sources "+name+", which is not in the image")
	case j.mistake(s) != nil:
		j.bad("script "+name, why, "", j.mistake(s).Error())
	default:
		j.sources(strings.TrimPrefix(name, "/"), s, why)
	}
}

// sourcedBy is the file that a statement sources in any case: ". FILE", or "type FUNCTION || . FILE" where nothing that is sourced before has the function.
func (j *judge) sourcedBy(stmt *syntax.Stmt) (file string, at syntax.Pos) {
	if or, ok := stmt.Cmd.(*syntax.BinaryCmd); ok && or.Op == syntax.OrStmt {
		asked := literal(or.X)
		if len(asked) < 2 || !slices.Contains([]string{"type", "command"}, asked[0]) || j.inLibraries(asked[len(asked)-1]) {
			return "", syntax.Pos{}
		}
		stmt = or.Y
	}
	words := literal(stmt)
	if len(words) == 2 && (words[0] == "." || words[0] == "source") && strings.HasPrefix(words[1], "/") {
		return words[1], stmt.Pos()
	}
	return "", syntax.Pos{}
}

// literal is a plain command whose words are all written out; nil for anything else.
func literal(stmt *syntax.Stmt) (words []string) {
	call, ok := stmt.Cmd.(*syntax.CallExpr)
	if !ok || stmt.Background || stmt.Negated || len(call.Assigns) > 0 {
		return nil
	}
	for _, w := range call.Args {
		text := w.Lit()
		if text == "" {
			return nil
		}
		words = append(words, text)
	}
	return words
}

// inLibraries says whether a function is in the library that /init itself sources, or in what that does.
func (j *judge) inLibraries(function string) bool {
	for _, lib := range []string{"lib/dracut-lib.sh", "lib/dracut-dev-lib.sh"} {
		if s := j.script(lib); s != nil && s.functions()[function] {
			return true
		}
	}
	return false
}

// endsShell is exit, or exec with a program, as a statement of its own.
func endsShell(stmt *syntax.Stmt) string {
	call, ok := stmt.Cmd.(*syntax.CallExpr)
	if !ok || stmt.Background || len(call.Args) == 0 {
		return ""
	}
	switch word := call.Args[0].Lit(); {
	case word == "exit", word == "exec" && len(call.Args) > 1:
		return word
	}
	return ""
}

// leaves says whether a statement may end the script, or the shell, without going on.
func leaves(stmt *syntax.Stmt) (found bool) {
	syntax.Walk(stmt, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.FuncDecl:
			return false
		case *syntax.CallExpr:
			if len(n.Args) > 0 {
				found = found || slices.Contains([]string{"return", "exit", "exec", "break", "continue"}, n.Args[0].Lit())
			}
		}
		return !found
	})
	return found
}
