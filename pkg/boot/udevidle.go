package boot

import (
	"errors"
	"io/fs"
	"path"
	"time"

	"github.com/preroot/preroot/pkg/initqueue"
	"github.com/preroot/preroot/pkg/udevd"
)

// udevIdle is whether udevd has nothing to do, as far as that is known. It is asked, which takes a process, and meanwhile the answer may have become another
// one: an "idle" from before counts for nothing, a "busy" counts until the next answer.
type udevIdle struct {
	doubts uint64 // grows with all that can make udevd busy, or idle
	asking bool
	known  bool // quiet may be believed
	fresh  bool // nothing has happened since the question
	quiet  bool
}

// udevState is an answer of udevd.
type udevState struct {
	idle   bool
	doubts uint64 // when it was asked
}

// doubt notes that something has happened.
func (u *udevIdle) doubt() {
	u.doubts++
	u.fresh = false
	u.known = u.known && !u.quiet
}

// question says whether udevd is to be asked now.
func (u *udevIdle) question() bool {
	if u.asking || u.fresh {
		return false
	}
	u.asking = true
	return true
}

// answer takes an answer; one that did not come in time is a busy udevd.
func (u *udevIdle) answer(ev udevState) {
	u.asking, u.quiet, u.fresh = false, ev.idle, ev.doubts == u.doubts
	u.known = u.fresh || !ev.idle
}

// is believes something, without a question.
func (u *udevIdle) is(quiet bool) { u.known, u.fresh, u.quiet = true, true, quiet }

// udevJob asks udevd whether it has nothing to do (udevadm-settle(8)).
func (b *Boot) udevJob(doubts uint64) initqueue.Job {
	return initqueue.Job{Key: udevKey, Limit: 10 * time.Second, Run: func() initqueue.Event {
		if _, err := fs.Stat(b.m.Files, "run/udev/queue"); err == nil {
			return udevState{false, doubts}
		}
		defer b.spans.Start("udevd", "settle")(nil)
		return udevState{b.udevd.Idle() && b.udevdLives(), doubts}
	}}
}

// udevKey is the key of that job.
const udevKey = "udev idle"

// pingInterval is how often udevd is asked for a sign of life while hooks wait: one that has died says nothing, and settle calls that idle.
const pingInterval = 10 * time.Second

// udevdLives sees to it that there is an udevd. One that has died is started again, once.
func (b *Boot) udevdLives() bool {
	if time.Since(b.pinged) < pingInterval {
		return true
	}
	b.pinged = time.Now()
	switch {
	case b.udevd.Alive():
		return true
	case b.revived:
		return true // its absence was told; what is queued still runs
	}
	b.revived = true
	b.m.Log.Errf("systemd-udevd does not answer any more: it is started again")
	b.warn(errors.Join(b.udevd.Start(), b.udevd.Property("hookdir", b.hooks.finder.Dir), b.udevd.Trigger()))
	return false
}

// followUdevd makes each device that udevd is through with an event, as far as it can bring the queue on.
func (b *Boot) followUdevd() {
	if b.m.UdevMonitor == nil {
		return
	}
	messages, err := b.m.UdevMonitor()
	if err != nil {
		b.m.Log.Warnf("the messages of udevd are not heard: %v", err)
		return
	}
	b.spawn("udevd", nil, func() { <-b.over; messages.Close() })
	b.spawn("udevd", nil, func() {
		for told := 0; ; {
			m, err := messages.Receive()
			if err != nil {
				return
			}
			if device, yes := udevd.Concerns(m); yes {
				if told++; told < maxTold {
					b.spans.Start("udevd", "through with "+path.Base(device))(nil)
				}
				b.deliver(udevChanged{})
			}
		}
	})
}
