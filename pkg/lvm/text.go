package lvm

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The text of LVM2 metadata: assignments and sections, as lvm.conf(5) has them.
//
//	key = 5    key = "text"    key = ["a", 1]    name { ... }    # a comment

type kind byte

const (
	integer kind = iota
	float
	text
	list
)

// value is what stands behind an equals sign.
type value struct {
	kind kind
	str  string
	num  int64
	list []value
}

// entry is an assignment, or a section if sub is set.
type entry struct {
	key string
	val value
	sub *section
}

// section is the inside of { ... }, in its order.
type section struct {
	entries []entry
	index   map[string]int // when there are many
}

const indexFrom = 8

// find returns the entry of that name, nil if there is none.
func (s *section) find(key string) *entry {
	if s == nil {
		return nil
	}
	if s.index != nil {
		if i, ok := s.index[key]; ok {
			return &s.entries[i]
		}
		return nil
	}
	for i := range s.entries {
		if s.entries[i].key == key {
			return &s.entries[i]
		}
	}
	return nil
}

func (s *section) add(e entry) {
	s.entries = append(s.entries, e)
	switch n := len(s.entries); {
	case s.index != nil:
		s.index[e.key] = n - 1
	case n == indexFrom:
		s.index = make(map[string]int, 2*n)
		for i := range s.entries {
			s.index[s.entries[i].key] = i
		}
	}
}

// parser goes over the text once. The strings of what it makes are pieces of the text.
type parser struct {
	s     string
	pos   int
	nodes int
}

// parseText reads the text of one copy of the metadata. lvm2 ends it with a NUL.
func parseText(s string) (*section, error) {
	if len(s) > maxText {
		return nil, fmt.Errorf("metadata of %d bytes, at most %d are read", len(s), maxText)
	}
	p := parser{s: strings.TrimRight(s, "\x00")}
	return p.section(0)
}

func (p *parser) fail(what string) error {
	return fmt.Errorf("line %d: %s", 1+strings.Count(p.s[:min(p.pos, len(p.s))], "\n"), what)
}

// peek passes over blanks and comments and returns the next byte, 0 at the end.
func (p *parser) peek() byte {
	for p.pos < len(p.s) {
		switch c := p.s[p.pos]; c {
		case ' ', '\t', '\n', '\r':
			p.pos++
		case '#':
			n := strings.IndexByte(p.s[p.pos:], '\n')
			if n < 0 {
				p.pos = len(p.s)
				return 0
			}
			p.pos += n
		default:
			return c
		}
	}
	return 0
}

func (p *parser) count() error {
	if p.nodes++; p.nodes > maxNodes {
		return p.fail("too many values")
	}
	return nil
}

// section reads up to the brace that closes it, or up to the end at depth 0.
func (p *parser) section(depth int) (*section, error) {
	if depth > maxDepth {
		return nil, p.fail("too many sections in sections")
	}
	s := &section{}
	for {
		switch c := p.peek(); {
		case c == 0 && p.pos >= len(p.s) && depth == 0:
			return s, nil
		case c == 0 && p.pos >= len(p.s):
			return nil, p.fail("a section does not end")
		case c == '}' && depth > 0:
			p.pos++
			return s, nil
		}
		e, err := p.entry(depth)
		if err != nil {
			return nil, err
		}
		if s.find(e.key) != nil {
			return nil, p.fail("there are two of " + strconv.Quote(e.key))
		}
		s.add(e)
	}
}

// entry reads "key = value" or "key { ... }".
func (p *parser) entry(depth int) (e entry, err error) {
	if err := p.count(); err != nil {
		return e, err
	}
	start := p.pos
	for p.pos < len(p.s) && isNameByte(p.s[p.pos]) {
		p.pos++
	}
	if e.key = p.s[start:p.pos]; e.key == "" {
		return e, p.fail("a name is wanted")
	}
	switch p.peek() {
	case '=':
		p.pos++
		e.val, err = p.value(true)
	case '{':
		p.pos++
		e.sub, err = p.section(depth + 1)
	default:
		err = p.fail("= or { is wanted")
	}
	return e, err
}

func (p *parser) value(lists bool) (value, error) {
	if err := p.count(); err != nil {
		return value{}, err
	}
	switch c := p.peek(); {
	case c == '"' || c == '\'':
		return p.text(c)
	case c == '[' && lists:
		return p.list()
	case c == '+' || c == '-' || c == '.' || c >= '0' && c <= '9':
		return p.number()
	}
	return value{}, p.fail("a value is wanted")
}

// list reads [a, b]. A comma may stand behind the last.
func (p *parser) list() (value, error) {
	v := value{kind: list}
	p.pos++
	for {
		if p.peek() == ']' {
			p.pos++
			return v, nil
		}
		one, err := p.value(false)
		if err != nil {
			return v, err
		}
		v.list = append(v.list, one)
		switch p.peek() {
		case ',':
			p.pos++
		case ']':
		default:
			return v, p.fail(", or ] is wanted")
		}
	}
}

// text reads a string. Between double quotes a backslash takes the meaning of a quote or a backslash.
func (p *parser) text(quote byte) (value, error) {
	p.pos++
	start, escaped := p.pos, false
	for ; p.pos < len(p.s); p.pos++ {
		switch c := p.s[p.pos]; {
		case c == '\\' && quote == '"':
			escaped = true
			p.pos++
		case c == quote:
			s := p.s[start:p.pos]
			p.pos++
			if escaped {
				s = unescape(s)
			}
			return value{kind: text, str: s}, nil
		}
	}
	return value{}, p.fail("a string does not end")
}

func unescape(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\') {
			i++
		}
		out = append(out, s[i])
	}
	return string(out)
}

// number reads an integer, or a float, of which only the text is kept. A leading zero is octal to lvm2, which never writes one: it is refused.
func (p *parser) number() (value, error) {
	start := p.pos
	for p.pos < len(p.s) && strings.IndexByte("+-.0123456789", p.s[p.pos]) >= 0 {
		p.pos++
	}
	s := p.s[start:p.pos]
	if strings.IndexByte(s, '.') >= 0 {
		return value{kind: float, str: s}, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if digits := strings.TrimLeft(s, "+-"); err != nil || len(digits) > 1 && digits[0] == '0' {
		return value{}, p.fail(strconv.Quote(s) + " is no number")
	}
	return value{kind: integer, num: n}, nil
}

// reader takes values out of a section and keeps the first error.
type reader struct {
	s   *section
	err error
}

// fail and has stand in many places, too: see number.
//
//go:noinline
func (r *reader) fail(key, what string) {
	if r.err == nil {
		r.err = errors.New(key + what)
	}
}

// has reports whether there is such an entry.
//
//go:noinline
func (r *reader) has(key string) bool { return r.s.find(key) != nil }

// number is an integer that is not negative. It must be there.
func (r *reader) number(key string) uint64 {
	if !r.has(key) {
		r.fail(key, " is missing")
		return 0
	}
	return r.numberOr(key, 0)
}

func (r *reader) numberOr(key string, other uint64) uint64 {
	e := r.s.find(key)
	if e == nil {
		return other
	}
	if e.sub != nil || e.val.kind != integer || e.val.num < 0 {
		r.fail(key, " is no number")
		return 0
	}
	return uint64(e.val.num)
}

// number32 is a number that the kernel takes in 32 bits.
func (r *reader) number32(key string, other uint64) uint64 {
	n := r.numberOr(key, other)
	if n > 1<<32-1 {
		r.fail(key, " is too large")
	}
	return n
}

// text is a string, "" where there is none.
func (r *reader) text(key string) string {
	e := r.s.find(key)
	if e == nil {
		return ""
	}
	if e.sub != nil || e.val.kind != text {
		r.fail(key, " is no string")
		return ""
	}
	return e.val.str
}

// texts is a list of strings; one string is a list, too.
func (r *reader) texts(key string) []string {
	e := r.s.find(key)
	switch {
	case e == nil:
		return nil
	case e.sub == nil && e.val.kind == text:
		return []string{e.val.str}
	case e.sub != nil || e.val.kind != list:
		r.fail(key, " is no list")
		return nil
	}
	var all []string
	for _, v := range e.val.list {
		if v.kind != text {
			r.fail(key, " has an element that is no string")
			return nil
		}
		all = append(all, v.str)
	}
	return all
}

// pairs is a list of a string and a number in turn.
func (r *reader) pairs(key string) []area {
	e := r.s.find(key)
	if e == nil || e.sub != nil || e.val.kind != list || len(e.val.list)%2 != 0 {
		r.fail(key, " is no list of pairs")
		return nil
	}
	var all []area
	for l := e.val.list; len(l) > 0; l = l[2:] {
		if l[0].kind != text || l[1].kind != integer || l[1].num < 0 {
			r.fail(key, " is no list of names and extents")
			return nil
		}
		all = append(all, area{l[0].str, uint64(l[1].num)})
	}
	return all
}

// section is the section of that name, empty where there is none.
func (r *reader) section(key string) *section {
	e := r.s.find(key)
	if e == nil {
		return &section{}
	}
	if e.sub == nil {
		r.fail(key, " is no section")
		return &section{}
	}
	return e.sub
}
