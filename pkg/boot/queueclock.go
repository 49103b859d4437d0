package boot

import "time"

// udevPatience is for how long in all the clock stands while udevd is busy: as long as dracut's init waits for it each time (udevadm-settle(8)), without counting
// that either. On a slow machine rd.retry would else be over before the first device is there.
const udevPatience = 120 * time.Second

// holdClock lets the clock stand while udevd has something to do.
func (q *queue) holdClock(now time.Time) {
	busy := q.f.b.udevd != nil && q.busyUdevd()
	switch {
	case q.held.IsZero() && busy && q.hold < udevPatience:
		q.held = now
		q.rounds.Clock.Stop()
	case !busy || q.hold+now.Sub(q.held) >= udevPatience:
		q.release(now)
	}
}

// busyUdevd says that the last word of udevd was that it has something to do.
func (q *queue) busyUdevd() bool { return q.idle.known && !q.idle.quiet }

// release lets the clock go on.
func (q *queue) release(now time.Time) {
	if q.held.IsZero() {
		return
	}
	q.hold += now.Sub(q.held)
	q.held = time.Time{}
	q.rounds.Clock.Start()
}
