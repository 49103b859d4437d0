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

// watch asks an engine that is silent for longer than it said whether it is there, and kills one that does not answer.
func (s *Supervisor) watch() {
	e := s.engine
	ask, hangs := e.silence.tick()
	if ask {
		_ = e.socket.Send([]byte{msgAsk})
	}
	if !hangs {
		return
	}
	s.Log.Errf("the engine does not answer (it waited for: %s): killed", e.waiting)
	_ = linux.Kill(e.pid)
	if !s.awaitReaped(e.pid) {
		s.end(s.policy, "the engine hangs in the kernel, waiting for: "+e.waiting)
	}
}
