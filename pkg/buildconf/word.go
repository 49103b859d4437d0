package buildconf

import "strings"

// Assignment is KEY=value or KEY+=value.
type Assignment struct {
	Key, Value string
	Append     bool // +=
	Line       int
}

// wordScan is the state of one word.
type wordScan struct {
	*scanner
	text   strings.Builder // what quotes leave of it
	quoted bool            // there were quotes
	token  token
}

// word cuts a word off, up to a blank, a newline or an operator that no quote holds.
func (s *scanner) word() token {
	w := &wordScan{scanner: s, token: token{kind: word}}
	start, line := s.at, s.line
	for s.at < len(s.text) && !strings.ContainsRune(" \t\n;&|<>", rune(s.text[s.at])) {
		if s.peek("(") || s.peek(")") {
			if !w.array() {
				break
			}
			continue
		}
		if !w.piece() {
			w.unclosed(start, line)
			break
		}
	}
	if a := w.token.assign; a != nil {
		a.Value, a.Line = w.text.String(), line
		if strings.ContainsFunc(a.Value, func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' || r == 0x7f }) {
			w.refuse("the value holds a control character")
		}
	} else if !w.quoted {
		w.token.text = w.text.String()
	}
	return w.token
}

// refuse keeps the first reason why a word cannot be read.
func (w *wordScan) refuse(why string) {
	if w.token.why == "" {
		w.token.why = why
	}
}

// array passes over the brackets of KEY=(...).
func (w *wordScan) array() bool {
	if !w.peek("(") || w.token.assign == nil || w.text.Len() > 0 || w.quoted {
		return false
	}
	w.refuse("an array is not read: write one value in quotes")
	w.at++
	w.balance(1, '(', ')')
	return true
}

// unclosed goes on behind the line on which a quote was opened that nothing closes. Within a substitution or an
// announced text there is no telling where that is.
func (w *wordScan) unclosed(start, line int) {
	if w.unclosedQuotes++; w.depth > 0 || len(w.here) > 0 || w.unclosedQuotes > unclosedLimit {
		w.fail(line, "a quote is never closed")
		return
	}
	w.refuse("a quote is never closed")
	w.at, w.line = start, line
	if n := strings.IndexByte(w.scanner.text[start:], '\n'); n >= 0 {
		w.at += n
	} else {
		w.at = len(w.scanner.text)
	}
}

// piece takes one character or one quoted text; false is a quote that is never closed.
func (w *wordScan) piece() bool {
	switch c := w.step(); c {
	case '\\':
		w.escape()
	case '\'':
		w.quoted = true
		n := strings.IndexByte(w.scanner.text[w.at:], '\'')
		if n < 0 {
			return false
		}
		inside := w.scanner.text[w.at : w.at+n]
		w.text.WriteString(inside)
		w.line += strings.Count(inside, "\n")
		w.at += n + 1
	case '"':
		w.quoted = true
		return w.double()
	case '$', '`':
		w.quoted = true
		w.expansion(c)
	case '=':
		if !w.assigns() {
			w.text.WriteByte(c)
		}
	case '~':
		if w.token.assign != nil {
			w.refuse("~ is not filled in: write the path, or quote it")
		}
		w.text.WriteByte(c)
	default:
		w.text.WriteByte(c)
	}
	return true
}

// escape takes what a backslash outside of quotes stands before.
func (w *wordScan) escape() {
	switch {
	case w.at >= len(w.scanner.text):
		w.refuse("a backslash is the last character of the file")
	case w.peek("\n"):
		w.step()
	default:
		w.quoted = true
		w.text.WriteByte(w.step())
	}
}

// double takes a text in double quotes.
func (w *wordScan) double() bool {
	for w.at < len(w.scanner.text) {
		switch c := w.step(); {
		case c == '"':
			return true
		case c == '$' || c == '`':
			w.expansion(c)
		case c == '\\' && w.peek("\n"):
			w.step()
		case c == '\\' && w.at < len(w.scanner.text) && strings.ContainsRune("$`\"\\", rune(w.scanner.text[w.at])):
			w.text.WriteByte(w.step())
		default:
			w.text.WriteByte(c)
		}
	}
	return w.broken != ""
}

// assigns says whether the = at hand ends the name of what is assigned to.
func (w *wordScan) assigns() bool {
	if w.token.assign != nil || w.quoted {
		return false
	}
	name, more := strings.CutSuffix(w.text.String(), "+")
	if !isName(name) {
		if base, _, ok := strings.Cut(name, "["); ok && isName(base) {
			w.refuse("an array is not read: write one value in quotes")
		}
		return false
	}
	w.token.assign = &Assignment{Key: name, Append: more}
	w.text.Reset()
	return true
}

// isName says whether a shell takes s for the name of a variable.
func isName(s string) bool {
	return s != "" && (s[0] < '0' || s[0] > '9') && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '_' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
}

// expansion passes over what a shell would fill in.
func (w *wordScan) expansion(c byte) {
	w.refuse("what a shell fills in ($, `) is not: write the value, or put it in single quotes")
	switch {
	case c == '`':
		w.past('`', true)
	case w.peek("(("):
		w.at += 2
		w.balance(2, '(', ')')
	case w.peek("("):
		w.at++
		w.substitution()
	case w.peek("{"):
		w.at++
		w.balance(1, '{', '}')
	case w.peek("'"):
		w.at++
		w.past('\'', true)
	}
}

// substitution passes over the commands of $(...).
func (w *wordScan) substitution() {
	if w.depth++; w.depth > depthLimit {
		w.fail(w.line, "too many $( within each other")
	}
	line, here := w.line, w.here
	w.here = nil
	n := nest{frames: []frame{{closes: ")"}}, command: true}
	for len(n.frames) > 0 {
		t := w.next()
		if t.kind == end {
			w.fail(line, "$( is never closed")
			break
		}
		n.take(t)
	}
	w.here = here
	w.depth--
}
