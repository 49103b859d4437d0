package initqueue

import (
	"path"
	"strings"
	"time"
)

// tick is what main_loop counts: half a second.
const tick = 500 * time.Millisecond

// lookAgain is after what time a round is repeated for what no event tells of: jobs that stay, and finished hooks that look at anything.
const lookAgain = tick

// mainLoop is the variable main_loop: the half seconds since the clock was set to 0.
func (q *Queue) mainLoop() int { return int((q.known.Counted - q.base) / tick) }

// setClock makes main_loop n.
func (q *Queue) setClock(n int) {
	q.base = q.known.Counted - time.Duration(n)*tick
}

// thirds is Counted at which the timeout jobs begin, and at which the loop gives up.
func (q *Queue) thirds() (second, third time.Duration) {
	r := time.Duration(max(q.known.Retry, 0))
	return q.base + 2*r/3*tick, q.base + r*tick
}

func (q *Queue) lastThird() bool {
	second, _ := q.thirds()
	return q.known.Counted >= second
}

// due says whether the timeout jobs run at the end of this round.
func (q *Queue) due() bool {
	return q.lastThird() && (q.lastTimeout == 0 || q.known.Counted >= q.lastTimeout+lookAgain)
}

// soonest is the next time at which the clock alone changes what is to be done, at most limit.
func (q *Queue) soonest(limit time.Duration) time.Duration {
	second, third := q.thirds()
	for _, at := range []time.Duration{second, third} {
		if at > q.known.Counted {
			limit = min(limit, at)
		}
	}
	return limit
}

// never is later than any boot.
const never = time.Duration(1) << 62

// restUntil is how long the end of a round waits without an event.
func (q *Queue) restUntil() time.Duration {
	_, third := q.thirds()
	again := q.known.Work || q.known.Counted+lookAgain > third || q.lastThird() && len(q.known.Timeout) > 0
	for _, f := range q.queued() {
		again = again || !q.loops.stopped(f)
	}
	for _, f := range q.known.Finished {
		again = again || !strings.HasPrefix(path.Base(f.Path), "devexists-")
	}
	if again {
		return q.soonest(q.known.Counted + lookAgain)
	}
	return q.soonest(never)
}
