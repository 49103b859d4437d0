package buildconf

import "strings"

// kind is what a token is.
type kind int

const (
	end kind = iota
	newline
	operator
	word
)

// token is one piece of shell text, by the rules of the Shell Command Language (POSIX.1-2017, XCU 2.3) and what bash adds to them.
type token struct {
	kind   kind
	line   int
	text   string      // of an operator; of a word without quotes, as it stands; "" for other words
	assign *Assignment // a word that assigns
	why    string      // a word that cannot be read as it stands, and why
}

// scanner cuts text into tokens.
type scanner struct {
	text    string
	at      int
	line    int
	depth   int       // of command substitutions
	here    []heredoc // that begin at the next newline
	broken  string    // text that cannot be cut: why; nothing is read behind it
	brokeAt int       // its line

	unclosedQuotes int
}

// heredoc is text that a shell gives to a command.
type heredoc struct {
	delimiter string
	tabs      bool // before the delimiter, too
}

// depthLimit bounds command substitutions within each other.
const depthLimit = 50

// unclosedLimit bounds the quotes that are never closed: for each the rest of the file is looked through.
const unclosedLimit = 20

// fail ends the reading of the file.
func (s *scanner) fail(line int, why string) {
	if s.broken == "" {
		s.broken, s.brokeAt = why, line
	}
	s.at = len(s.text)
}

func (s *scanner) peek(prefix string) bool { return strings.HasPrefix(s.text[s.at:], prefix) }

// step takes one byte.
func (s *scanner) step() byte {
	c := s.text[s.at]
	s.at++
	if c == '\n' {
		s.line++
	}
	return c
}

// next cuts the next token off.
func (s *scanner) next() token {
	s.blanks()
	line := s.line
	t := s.cut()
	t.line = line
	return t
}

func (s *scanner) cut() token {
	switch {
	case s.at >= len(s.text):
		return token{kind: end}
	case s.peek("\n"):
		s.step()
		s.skipHeredocs()
		return token{kind: newline}
	}
	if op := s.operator(); op != "" {
		s.at += len(op)
		switch {
		case op == "((":
			s.balance(2, '(', ')')
		case op == "<<" || op == "<<-":
			s.heredoc(op == "<<-")
		}
		return token{kind: operator, text: op}
	}
	return s.word()
}

// blanks passes over blanks, continued lines and comments.
func (s *scanner) blanks() {
	for s.at < len(s.text) {
		switch {
		case s.peek(" "), s.peek("\t"):
			s.at++
		case s.peek("\\\n"):
			s.at += 2
			s.line++
		case s.peek("#"):
			if n := strings.IndexByte(s.text[s.at:], '\n'); n >= 0 {
				s.at += n
			} else {
				s.at = len(s.text)
			}
		default:
			return
		}
	}
}

// operators of bash, the longest first. "((" begins arithmetic.
var operators = []string{"<<<", "<<-", ";;&", "&>>", "((", "<<", ">>", "<&", ">&", "<>", ">|", "&>", "&&", "||", "|&", ";;", ";&", ";", "&", "|", "<", ">", "(", ")"}

func (s *scanner) operator() string {
	for _, op := range operators {
		if s.peek(op) {
			return op
		}
	}
	return ""
}

// heredoc keeps in mind what ends the text that begins on the next line.
func (s *scanner) heredoc(tabs bool) {
	s.blanks()
	var b strings.Builder
	for quote := byte(0); s.at < len(s.text); {
		c := s.text[s.at]
		switch {
		case quote == 0 && strings.IndexByte(" \t\n;&|<>()", c) >= 0:
			s.here = append(s.here, heredoc{b.String(), tabs})
			return
		case c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case c == '\\' && quote != '\'' && s.at+1 < len(s.text):
			s.step()
			b.WriteByte(s.text[s.at])
		default:
			b.WriteByte(c)
		}
		s.step()
	}
}

// skipHeredocs passes over the texts that were announced on the line before.
func (s *scanner) skipHeredocs() {
	for _, h := range s.here {
		for s.at < len(s.text) {
			line, _, _ := strings.Cut(s.text[s.at:], "\n")
			s.at = min(s.at+len(line)+1, len(s.text))
			s.line++
			if h.tabs {
				line = strings.TrimLeft(line, "\t")
			}
			if line == h.delimiter {
				break
			}
		}
	}
	s.here = nil
}

// balance passes over what stands between brackets of which n are open.
func (s *scanner) balance(n int, opens, closes byte) {
	line := s.line
	for n > 0 {
		if s.at >= len(s.text) {
			s.fail(line, string(opens)+" is never closed")
			return
		}
		switch c := s.step(); c {
		case opens:
			n++
		case closes:
			n--
		case '\\':
			if s.at < len(s.text) {
				s.step()
			}
		case '\'', '"', '`':
			s.past(c, c != '\'')
		}
	}
}

// past goes behind the next c; escapes says that a backslash takes away its meaning. No c is the end of the reading.
func (s *scanner) past(c byte, escapes bool) {
	line := s.line
	for s.at < len(s.text) {
		switch got := s.step(); {
		case got == c:
			return
		case got == '\\' && escapes && s.at < len(s.text):
			s.step()
		}
	}
	s.fail(line, string(c)+" is never closed")
}
