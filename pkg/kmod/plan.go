package kmod

import "slices"

// step is one module on the way to others.
type step struct {
	name string
	word string   // what asked for it: the word given to Load, or the module that needs it
	hard []string // modules that must be in first
	soft []string // modules that should have been tried first
	// asked says that word is what Load was given, and not a module on the way.
	asked bool
	// placed says that the step has its place in the order. One that is seen and not placed is being walked:
	// meeting it again closes a cycle.
	placed bool
}

// planner puts modules into an order in which each comes after those that it needs. Soft dependencies can form
// cycles, with each other and with hard ones; there the hard ones win, and a soft one that cannot be had first
// comes later. A cycle of hard ones (a damaged index) is cut where the walk meets a module for the second time: a step
// waits for steps before it alone.
type planner struct {
	ix     *Index
	policy *Policy
	// done tells modules that need no step, because they are loaded or on their way.
	done  func(name string) bool
	steps []*step
	seen  map[string]*step
	later []later
}

// later is a soft dependency that needs a module whose step has no place yet.
type later struct{ name, word string }

func newPlanner(ix *Index, policy *Policy, done func(string) bool) *planner {
	return &planner{ix: ix, policy: policy, done: done, seen: map[string]*step{}}
}

// add plans a module and all that it needs. word is what asked for it.
func (p *planner) add(name, word string) {
	if p.walk(name, word) {
		p.seen[name].asked = true
	}
	for len(p.later) > 0 {
		l := p.later[0]
		p.later = p.later[1:]
		p.walk(l.name, l.word)
	}
}

// walk plans a module; false means that it needs no step, or has one.
func (p *planner) walk(name, word string) bool {
	if p.seen[name] != nil || p.done(name) {
		return false
	}
	s := &step{name: name, word: word}
	p.seen[name] = s
	deps := p.ix.Deps(name)
	for _, dep := range deps {
		p.walk(dep, name)
	}
	pre, post := p.softdeps(name)
	before, _ := p.walkSoft(pre, name)
	s.hard, s.soft = deps, before
	s.placed = true
	p.steps = append(p.steps, s)
	_, after := p.walkSoft(post, name)
	for _, n := range after {
		p.seen[n].soft = append(p.seen[n].soft, name)
	}
	return true
}

// walked tells a module that is being walked: its step has no place yet.
func (p *planner) walked(name string) bool { return p.seen[name] != nil && !p.seen[name].placed }

// walkSoft plans the modules of the words of a softdep line. It returns all of them, and those whose steps are
// new. Words that nobody knows are passed over.
func (p *planner) walkSoft(words []string, name string) (all, fresh []string) {
	for _, word := range words {
		names, _ := resolve(p.ix, p.policy, word)
		for _, n := range names {
			if p.seen[n] == nil && slices.ContainsFunc(p.ix.Deps(n), p.walked) {
				p.later = append(p.later, later{n, name})
				continue
			}
			all = append(all, n)
			if p.walk(n, name) {
				fresh = append(fresh, n)
			}
		}
	}
	return all, fresh
}

// softdeps asks the files of modprobe.d first.
func (p *planner) softdeps(name string) (pre, post []string) {
	pre, post = firstSoftdep(p.policy.Softdeps, name)
	if pre == nil && post == nil {
		pre, post = p.ix.Softdeps(name)
	}
	return pre, post
}

// resolve returns the modules that a word means, alias lines of the policy first. byAlias is true when the word
// is not the name of the module itself.
func resolve(ix *Index, policy *Policy, word string) (names []string, byAlias bool) {
	if names, found := policy.alias(word); found {
		return names, true
	}
	names = ix.Resolve(word)
	return names, len(names) != 1 || names[0] != canonical(word)
}

// LoadOrder returns the names of all modules that loading the words would load, in order, with what they need and
// their soft dependencies; modules that are built in are left out. It is what "modprobe --show-depends" prints.
// unknown holds the words that mean no module.
func LoadOrder(ix *Index, policy *Policy, words ...string) (order, unknown []string) {
	if policy == nil {
		policy = &Policy{}
	}
	p := newPlanner(ix, policy, ix.Builtin)
	for _, word := range words {
		names, _ := resolve(ix, policy, word)
		if len(names) == 0 {
			unknown = append(unknown, word)
		}
		for _, name := range names {
			p.add(name, word)
		}
	}
	for _, s := range p.steps {
		order = append(order, s.name)
	}
	return order, unknown
}
