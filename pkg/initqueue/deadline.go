package initqueue

import "time"

// deadline is that of a wait. It can stand still.
type deadline struct {
	timer *time.Timer
	left  time.Duration // when it runs: at since; negative is for ever
	since time.Time
	held  bool
}

// newDeadline begins one; a limit of zero is for ever.
func newDeadline(limit time.Duration) *deadline {
	if limit <= 0 {
		return &deadline{timer: &time.Timer{}, left: -1}
	}
	return &deadline{timer: time.NewTimer(limit), left: limit, since: time.Now()}
}

// hold stops it, or lets it go on. The timer's channel has no value of before (Go 1.23).
func (d *deadline) hold(held bool) {
	switch {
	case d.left < 0 || held == d.held:
		return
	case held:
		d.timer.Stop()
		d.left = max(0, d.left-time.Since(d.since))
	default:
		d.since = time.Now()
		d.timer.Reset(d.left)
	}
	d.held = held
}
