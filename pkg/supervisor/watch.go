package supervisor

import (
	"time"

	"github.com/preroot/preroot/internal/linux"
)

// watch counts how long the engine is silent, in ticks of PID 1's own running time: a machine that was paused
// has not let the engine run either.
type watch struct {
	limit time.Duration // how long silence is in order
	ticks int
	asked int // times asked without an answer
}

// silentInterval is how many ticks of a second pass between two questions.
const silentInterval = 10

// maxAsked unanswered questions count as a hang.
const maxAsked = 3

func (w *watch) heard() { w.ticks, w.asked = 0, 0 }

// tick says whether to ask now, and whether the engine hangs.
func (w *watch) tick() (ask, hangs bool) {
	w.ticks++
	quiet := w.ticks - int(w.limit/time.Second)
	if quiet <= 0 || quiet%silentInterval != 0 {
		return false, false
	}
	if w.asked >= maxAsked {
		return false, true
	}
	w.asked++
	return true, false
}

// watch asks an engine that is silent for longer than it said whether it is there, and kills one that does not answer. While a
// watchdog waits for its sign of life the engine is asked at every tick.
func (s *Supervisor) watch() {
	e := s.engine
	ask, hangs := e.silence.tick()
	if ask || len(s.dogs) > 0 {
		_ = e.socket.Send([]byte{msgAsk})
	}
	if s.interrupt.tick() {
		s.end(Reboot, "Ctrl-Alt-Del, and the engine does not end the boot")
	}
	if hangs {
		s.hangs()
	}
}

// hangs kills an engine that does not answer. Where the kernel does not let it go there is no second one beside it.
func (s *Supervisor) hangs() {
	e := s.engine
	s.Log.Errf("the engine does not answer (it waited for: %s): killed", e.waiting)
	_ = linux.Kill(e.pid)
	if !s.awaitEngine() {
		s.end(s.policy, "the engine hangs in the kernel, waiting for: "+e.waiting)
	}
}

// interrupt counts ticks since Ctrl-Alt-Del was pressed; zero is never.
type interrupt int

// interruptLimit is how many ticks the engine has to end the boot after Ctrl-Alt-Del.
const interruptLimit = 10

// press says whether it was pressed a moment ago as well.
func (i *interrupt) press() (twice bool) {
	twice = *i > 0 && *i <= 2
	*i = 1
	return twice
}

// tick says whether the engine has had its time.
func (i *interrupt) tick() bool {
	if *i > 0 {
		*i++
	}
	return *i > interruptLimit
}
