package buildconf

import (
	"fmt"
	"strings"
)

// Note is a place in a file that is not read, and why.
type Note struct {
	Line int
	Text string
}

// Limits of one file.
const (
	fileLimit       = 256 << 10
	assignmentLimit = 4096
	noteLimit       = 50
)

// Parse reads the assignments of a file. Notes are in the order in which what they are about ends.
func Parse(text string) (list []Assignment, notes []Note) {
	switch {
	case len(text) > fileLimit:
		return nil, []Note{{1, fmt.Sprintf("more than %d bytes: the file is not read", fileLimit)}}
	case strings.IndexByte(text, 0) >= 0:
		return nil, []Note{{1, "it holds a NUL: the file is no text and is not read"}}
	}
	s := &scanner{text: text, line: 1}
	for {
		l, more := s.list()
		switch why := l.reason(); {
		case why != "":
			notes = append(notes, Note{l.line, why})
		case len(list)+len(l.assigns) > assignmentLimit:
			s.fail(l.line, fmt.Sprintf("more than %d assignments", assignmentLimit))
		default:
			list = append(list, l.assigns...)
		}
		if !more {
			break
		}
	}
	if n := len(notes) - noteLimit; n > 0 {
		notes = append(notes[:noteLimit], Note{notes[noteLimit].Line, fmt.Sprintf("%d more lines are not read", n)})
	}
	if s.broken != "" {
		notes = append(notes, Note{s.brokeAt, s.broken + ": nothing from here on is read"})
	}
	return list, notes
}

// shellList is what a shell runs in one go: up to a newline or a semicolon outside of everything.
type shellList struct {
	line    int
	assigns []Assignment
	whys    []string // what is no assignment, or one that cannot be read
}

// reason is why nothing of the list is read, "" if all of it is.
func (l *shellList) reason() string {
	if len(l.whys) == 0 {
		return ""
	}
	return l.whys[0] + ": not read"
}

func (l *shellList) empty() bool { return len(l.assigns)+len(l.whys) == 0 }

// list reads the next list; more is false at the end of the text.
func (s *scanner) list() (l shellList, more bool) {
	n := nest{command: true}
	for {
		t := s.next()
		if l.line == 0 {
			l.line = t.line
			if t.kind == newline {
				return l, true
			}
		}
		inside := len(n.frames) > 0
		switch {
		case t.kind == end:
			if inside && s.broken == "" {
				s.fail(l.line, fmt.Sprintf("a command that ends with %q never ends", n.top().closes))
			}
			if inside || s.broken != "" {
				l.assigns, l.whys = nil, nil
			}
			return l, false
		case !inside && (t.kind == newline && !n.open || t.kind == operator && t.text == ";" && !l.empty()):
			return l, true
		}
		l.see(t, inside)
		n.take(t)
		if n.bad != "" {
			l.whys, n.bad = append(l.whys, fmt.Sprintf("%q ends something that was not begun", n.bad)), ""
		}
	}
}

// see takes the token for an assignment or finds a reason against the list.
func (l *shellList) see(t token, inside bool) {
	switch {
	case inside:
	case t.why != "":
		l.whys = append(l.whys, t.why)
	case t.kind == operator:
		l.whys = append(l.whys, fmt.Sprintf("%q: only KEY=value is read, and no command is run", t.text))
	case t.kind == word && t.assign == nil:
		l.whys = append(l.whys, commandWhy(t.text))
	case t.assign != nil:
		l.assigns = append(l.assigns, *t.assign)
	}
}

// commandWhy says what is wrong with a word that assigns nothing.
func commandWhy(text string) string {
	what := "a command"
	switch {
	case text == "":
		text = "a word in quotes"
	case openers[text] != "" || text == "function":
		what = "shell code"
	case len(text) > 40:
		text = strings.ToValidUTF8(text[:40], "") + "..."
	}
	if text[0] == '=' || text[0] == '+' {
		return fmt.Sprintf("%q: write KEY=value without blanks round the =", text)
	}
	return fmt.Sprintf("%q is %s, and none is run (KEY=value without blanks round the = is read)", text, what)
}
