package hooks

import (
	"syscall"

	"github.com/preroot/preroot/internal/safe"
)

// process is one life of the shell.
type process struct {
	Process
	request Channel
	answers *tap
	gone    chan struct{} // closed when it has ended; status is known then
	status  int

	// What follows is guarded by answers.mu.
	decoder decoder
	newest  *report
	waiting bool // for the answer on the last request: the first report after it
	answer  *report
	done    chan struct{} // closed with the answer, or when the process ended
	over    bool          // done is closed
}

// follow watches over a process: its reports, and its end. It waits for the report that the shell is ready.
func follow(child Process, request, answers Channel) *process {
	p := &process{Process: child, request: request, gone: make(chan struct{}), waiting: true, done: make(chan struct{})}
	p.answers = newTap("reports of hooks", answers, p.hear)
	safe.Go("end of the hook shell", nil, func() {
		status, _ := child.Wait()
		p.answers.mu.Lock()
		defer p.answers.mu.Unlock()
		p.status = status
		close(p.gone)
		p.finish()
	})
	return p
}

// hear takes reports; it is called with the lock held.
func (p *process) hear(data []byte) {
	for _, r := range p.decoder.add(data) {
		p.newest = &r
		if p.waiting {
			p.answer, p.waiting = &r, false
			p.finish()
		}
	}
}

func (p *process) finish() {
	if !p.over {
		p.over = true
		close(p.done)
	}
}

// expect begins the wait for the answer to a request that is sent next: the shell gives one report for each, whatever a hook has done to the number in it.
func (p *process) expect() <-chan struct{} {
	p.answers.mu.Lock()
	defer p.answers.mu.Unlock()
	p.waiting, p.answer, p.done, p.over = true, nil, make(chan struct{}), false
	if p.ended() {
		p.finish()
	}
	return p.done
}

// answered is the answer that is expected; what a process said before it ended is read first.
func (p *process) answered() *report {
	p.answers.drain()
	p.answers.mu.Lock()
	defer p.answers.mu.Unlock()
	return p.answer
}

// last is the newest report, nil if there is none.
func (p *process) last() *report {
	p.answers.drain()
	p.answers.mu.Lock()
	defer p.answers.mu.Unlock()
	return p.newest
}

func (p *process) ended() bool {
	select {
	case <-p.gone:
		return true
	default:
		return false
	}
}

// exitStatus is that of a process that has ended; one that the kernel does not let go counts as killed.
func (p *process) exitStatus() int {
	if !p.ended() {
		return -int(syscall.SIGKILL)
	}
	return p.status
}

// untaken says whether a process that ended left the request in the FIFO: it has not begun with it.
func (p *process) untaken() bool {
	if !p.ended() {
		return false
	}
	var buf [16]byte
	n, err := p.request.TryRead(buf[:])
	return err == nil && n > 0
}
