package check

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// script is a shell script that was parsed.
type script struct {
	file *syntax.File // what stands before a mistake
	bad  error        // a mistake of syntax, with its place
	cut  bool         // the last line has no end: scripts of every tool end with a newline

	judged  bool
	foreign error // what the shell of process 1 does not understand, once it was judged
}

// script parses a script of the image; nil if there is none of that name. All that shells of initramfs images understand is taken.
func (j *judge) script(name string) *script {
	if s, known := j.scripts[name]; known {
		return s
	}
	data, err := j.tree.ReadFile(strings.TrimPrefix(name, "/"))
	if err != nil {
		return nil
	}
	s := parseScript(name, data)
	j.scripts[name] = s
	return s
}

// maxScript bounds what is parsed: the parser calls itself for each bracket, and stacks have an end.
const maxScript = 256 << 10

func parseScript(name string, data []byte) *script {
	s := &script{cut: len(data) > 0 && data[len(data)-1] != '\n'}
	if len(data) > maxScript {
		return s
	}
	var err error
	s.file, err = syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(bytes.NewReader(data), name)
	var parse syntax.ParseError
	var lang syntax.LangError
	switch {
	case err == nil:
	case errors.As(err, &lang): // of another shell than bash: not ours to judge
	case errors.As(err, &parse):
		s.bad = fmt.Errorf("%s:%s: %s", name, parse.Pos, parse.Text)
	default:
		s.bad = fmt.Errorf("%s: %w", name, err)
	}
	return s
}

// commands calls f for each word that a script runs as a command and that is written out, with its place.
func (s *script) commands(f func(name string, at syntax.Pos)) {
	if s.file == nil {
		return
	}
	syntax.Walk(s.file, func(n syntax.Node) bool {
		if c, ok := n.(*syntax.CallExpr); ok && len(c.Args) > 0 {
			if word := c.Args[0].Lit(); word != "" {
				f(word, c.Args[0].Pos())
			}
		}
		return true
	})
}

// functions are the names of those that a script defines.
func (s *script) functions() map[string]bool {
	names := map[string]bool{}
	if s.file == nil {
		return names
	}
	syntax.Walk(s.file, func(n syntax.Node) bool {
		if d, ok := n.(*syntax.FuncDecl); ok && d.Name != nil {
			names[d.Name.Value] = true
		}
		return true
	})
	return names
}
