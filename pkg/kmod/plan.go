package kmod

import "slices"

// step is one module on the way to others.
type step struct {
	name string
	word string   // what asked for it: the word given to Load, or the module that needs it
	hard []string // modules that must be in first
	soft []string // modules that should have been tried first
	// placed says that the step has its place in the order. One that is seen and not placed is being walked:
	// meeting it again closes a cycle.
	placed bool
}

// planner puts modules into an order in which each comes after those that it needs. A cycle (only soft
// dependencies can form one, or a damaged index) is cut where the walk meets a module for the second time.
type planner struct {
	ix     *Index
	policy *Policy
	// done tells modules that need no step, because they are loaded or on their way.
	done  func(name string) bool
	steps []*step
	seen  map[string]*step
}

func newPlanner(ix *Index, policy *Policy, done func(string) bool) *planner {
	return &planner{ix: ix, policy: policy, done: done, seen: map[string]*step{}}
}

// add plans a module and all that it needs. word is what asked for it.
func (p *planner) add(name, word string) {
	if p.seen[name] != nil || p.done(name) {
		return
	}
	s := &step{name: name, word: word}
	p.seen[name] = s
	deps := p.ix.Deps(name)
	for _, dep := range deps {
		p.add(dep, name)
	}
	pre, post := p.softdeps(name)
	before := p.addSoft(pre, name)
	s.hard, s.soft = p.withoutCycles(deps), p.withoutCycles(before)
	s.placed = true
	p.steps = append(p.steps, s)
	p.addSoft(post, name)
}

// withoutCycles leaves out the modules that wait for this one themselves.
func (p *planner) withoutCycles(names []string) []string {
	return slices.DeleteFunc(names, func(n string) bool { return p.seen[n] != nil && !p.seen[n].placed })
}

// addSoft plans the modules of the words of a softdep line. Words that nobody knows are passed over.
func (p *planner) addSoft(words []string, name string) []string {
	var all []string
	for _, word := range words {
		names, _ := resolve(p.ix, p.policy, word)
		for _, n := range names {
			p.add(n, name)
		}
		all = append(all, names...)
	}
	return all
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
