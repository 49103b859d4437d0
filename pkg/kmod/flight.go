package kmod

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// How modules are loaded in parallel. Each module that is wanted and not yet in is a flight; a call of Load makes
// the flights of its whole plan at once, under one lock, so a flight only ever waits for older ones or for those
// before it in the same plan. No circle of waits can form, whatever other calls do at the same time.
//
// The flights of one call are its batch. The caller itself works through the ready flights of its batch, and
// starts helpers while more than one is ready. It never works for other batches: a module whose start hangs holds
// up those who asked for it, and nobody else.

// flight is one module on its way into the kernel.
type flight struct {
	*step
	batch   *batch
	waits   int       // flights before it that have not ended
	needs   []*flight // those of them without which it cannot start
	next    []*flight // flights that wait for it
	running bool
	start   time.Time
	done    bool
	err     error
}

// batch is the flights of one call.
type batch struct {
	ready   []*flight
	helpers int
}

var errPanic = errors.New("the loader failed while it loaded this module")

// fly loads the modules of the requests and returns when all have ended.
func (l *Loader) fly(requests []*request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := &batch{}
	wanted := l.depart(b, requests)
	for {
		if f := b.pop(); f != nil {
			l.hire(b)
			l.run(f)
			continue
		}
		wanted = slices.DeleteFunc(wanted, func(f *flight) bool { return f.done })
		if len(wanted) == 0 {
			return
		}
		l.changed.Wait()
	}
}

// depart makes the flights of a batch. It returns all that the caller waits for, those of other batches included.
func (l *Loader) depart(b *batch, requests []*request) []*flight {
	p := newPlanner(l.ix, &l.policy, l.needless)
	for _, r := range requests {
		for _, name := range r.names {
			p.add(name, r.word)
		}
	}
	wanted := make([]*flight, 0, len(p.steps))
	for _, s := range p.steps {
		f := &flight{step: s, batch: b}
		f.needs = l.await(f, s.hard)
		l.await(f, s.soft)
		if f.waits == 0 {
			b.ready = append(b.ready, f)
		}
		l.flights[s.name] = f
		wanted = append(wanted, f)
	}
	for _, r := range requests {
		for _, name := range r.names {
			if f := l.flights[name]; f != nil {
				r.flights = append(r.flights, f)
				if f.batch != b {
					wanted = append(wanted, f)
				}
			}
		}
	}
	return wanted
}

// needless tells the planner what needs no flight.
func (l *Loader) needless(name string) bool {
	return l.loaded[name] || l.flights[name] != nil
}

// await makes f wait for the modules that are on their way.
func (l *Loader) await(f *flight, names []string) []*flight {
	var awaited []*flight
	for _, name := range names {
		before := l.flights[name]
		if before == nil || before == f {
			continue
		}
		awaited = append(awaited, before)
		before.next = append(before.next, f)
		f.waits++
	}
	return awaited
}

func (b *batch) pop() *flight {
	if len(b.ready) == 0 {
		return nil
	}
	f := b.ready[0]
	b.ready = b.ready[1:]
	return f
}

// hire starts a helper when something is left for it. l.mu is held, but not while Spawn runs: it may run the
// helper at once.
func (l *Loader) hire(b *batch) {
	if len(b.ready) == 0 || l.opt.Spawn == nil || b.helpers+1 >= l.opt.Parallel {
		return
	}
	b.helpers++
	l.mu.Unlock()
	l.opt.Spawn("module loader", func() { l.help(b) })
	l.mu.Lock()
}

// help works through what is ready in a batch.
func (l *Loader) help(b *batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer func() { b.helpers-- }()
	for f := b.pop(); f != nil; f = b.pop() {
		l.hire(b)
		l.run(f)
	}
}

// run loads one module. l.mu is held, but not while the kernel works. Should anything panic the flight ends
// all the same, so that nobody waits for it.
func (l *Loader) run(f *flight) {
	res := Result{Module: f.name, For: f.word, Start: time.Now()}
	f.running, f.start = true, res.Start
	outcome := errPanic
	cause := f.grounded()
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		l.land(f, outcome)
	}()
	if cause == nil {
		cause = l.insert(f, &res)
	}
	outcome = nil
	if cause != nil {
		outcome = &LoadError{Module: f.name, Path: res.Path, For: f.word, Err: cause}
	}
	res.Duration, res.Err = time.Since(res.Start), outcome
	l.report(res)
}

// grounded returns an error when a module that f needs is not in.
func (f *flight) grounded() error {
	for _, n := range f.needs {
		if n.err != nil {
			return fmt.Errorf("%w: %w", ErrDependency, n.err)
		}
	}
	return nil
}

// land ends a flight: who waits for it goes on. A failed one leaves no trace, so it can be tried again.
func (l *Loader) land(f *flight, err error) {
	f.running, f.done, f.err = false, true, err
	delete(l.flights, f.name)
	if err == nil {
		l.loaded[f.name] = true
	}
	for _, n := range f.next {
		if n.waits--; n.waits == 0 {
			n.batch.ready = append(n.batch.ready, n)
		}
	}
	l.changed.Broadcast()
}
