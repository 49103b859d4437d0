package kmod

import "strings"

// glob matches a pattern against a key, and takes the pattern one byte at a time. So a walk through a trie of
// patterns matches all of them at once, shares the work for their common beginnings, and leaves a branch as soon
// as no pattern below it can match.
//
// The state is the set of positions in the key that the pattern so far may have reached. A byte costs at most
// one look at each of them, so matching takes no more than len(pattern) * len(key) steps, whatever the stars.
// The language is that of fnmatch(3) with flags 0: '*', '?', "[a-z]", "[!a-z]" or "[^a-z]", and '\' before a
// byte that stands for itself. An unfinished '[' matches nothing.
type glob struct {
	key string
	// pos is a stack of sets; a state owns the part from its base to the end. Ascending, without doubles.
	pos []int
}

// globState is where in the pattern a match is. Copies are cheap, fork makes one.
type globState struct {
	base  int
	mode  globMode
	class []byte // what stands between '[' and ']' so far
}

type globMode byte

const (
	plain globMode = iota
	escaped
	inClass
	classEscaped
)

// start returns the state before the first byte of a pattern.
func (g *glob) start() globState {
	g.pos = append(g.pos[:0], 0)
	return globState{}
}

// fork pushes a copy of the state that can be stepped without changing s.
func (g *glob) fork(s globState) globState {
	top := len(g.pos)
	g.pos = append(g.pos, g.pos[s.base:]...)
	s.base = top
	return s
}

// drop pops a state that fork returned.
func (g *glob) drop(s globState) { g.pos = g.pos[:s.base] }

// step takes the next byte of the pattern; false means that nothing can match any more. s must be the newest
// state on the stack.
func (g *glob) step(s *globState, c byte) bool {
	switch s.mode {
	case escaped:
		s.mode = plain
		return g.keep(s, func(k byte) bool { return k == c })
	case inClass, classEscaped:
		return g.stepClass(s, c)
	}
	switch c {
	case '*':
		g.spread(s)
		return true
	case '?':
		return g.keep(s, func(byte) bool { return true })
	case '[':
		s.mode, s.class = inClass, nil
		return true
	case '\\':
		s.mode = escaped
		return true
	}
	return g.literal(s, c)
}

// canLiteral says whether a step with the plain byte c would keep anything; it saves a fork.
func (g *glob) canLiteral(s globState, c byte) bool {
	for _, p := range g.pos[s.base:] {
		if p < len(g.key) && g.key[p] == c {
			return true
		}
	}
	return false
}

func (g *glob) literal(s *globState, c byte) bool {
	out := g.pos[:s.base]
	for _, p := range g.pos[s.base:] {
		if p < len(g.key) && g.key[p] == c {
			out = append(out, p+1)
		}
	}
	g.pos = out
	return len(out) > s.base
}

func (g *glob) keep(s *globState, ok func(byte) bool) bool {
	out := g.pos[:s.base]
	for _, p := range g.pos[s.base:] {
		if p < len(g.key) && ok(g.key[p]) {
			out = append(out, p+1)
		}
	}
	g.pos = out
	return len(out) > s.base
}

// spread is '*': every position from the lowest one on.
func (g *glob) spread(s *globState) {
	low := g.pos[s.base]
	g.pos = g.pos[:s.base]
	for p := low; p <= len(g.key); p++ {
		g.pos = append(g.pos, p)
	}
}

func (g *glob) stepClass(s *globState, c byte) bool {
	switch {
	case s.mode == classEscaped:
		s.mode = inClass
	case c == ']' && !classJustOpened(s.class):
		class := s.class
		s.mode, s.class = plain, nil
		return g.keep(s, func(k byte) bool { return classHas(class, k) })
	case c == '\\':
		s.mode = classEscaped
	}
	s.class = append(s.class, c)
	return len(s.class) <= maxClass
}

// maxClass bounds a class: one that names each byte once with an escape is shorter.
const maxClass = 1024

// classJustOpened tells that a ']' would be the first member, and so a plain byte.
func classJustOpened(class []byte) bool {
	return len(class) == 0 || len(class) == 1 && (class[0] == '!' || class[0] == '^')
}

// classHas says whether a class, written without its brackets, has k.
func classHas(class []byte, k byte) bool {
	negated := class[0] == '!' || class[0] == '^'
	if negated {
		class = class[1:]
	}
	for len(class) > 0 {
		var low, high byte
		low, class = member(class)
		high = low
		if len(class) >= 2 && class[0] == '-' {
			high, class = member(class[1:])
		}
		if low <= k && k <= high {
			return !negated
		}
	}
	return negated
}

// member takes one byte of a class, behind a '\' if there is one.
func member(class []byte) (byte, []byte) {
	if class[0] == '\\' && len(class) > 1 {
		return class[1], class[2:]
	}
	return class[0], class[1:]
}

// matched says whether a pattern that ends here matches the whole key.
func (g *glob) matched(s globState) bool {
	n := len(g.pos)
	return s.mode == plain && n > s.base && g.pos[n-1] == len(g.key)
}

// match says whether the whole pattern matches the whole key.
func match(pattern, key string) bool {
	if !strings.ContainsAny(pattern, `*?[\`) {
		return pattern == key
	}
	g := glob{key: key}
	s := g.start()
	for i := range len(pattern) {
		if !g.step(&s, pattern[i]) {
			return false
		}
	}
	return g.matched(s)
}
