package boot

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/preroot/preroot/pkg/initqueue"
	"github.com/preroot/preroot/pkg/rescue"
	"github.com/preroot/preroot/pkg/uevent"
)

// attendance is the time in which a person may help: a prompt is offered on every console, and the loop goes on taking
// events meanwhile. While nobody has typed, a countdown runs to the emergency action, and a device that comes late lets the boot go on
// by itself; afterwards only the person ends it.
type attendance struct {
	*finder
	seats map[string]*seat
	why   stop
	typed bool
	began time.Time
	left  time.Duration // of the countdown; negative for none
	asks  []string      // what was to be asked for when it began
	end   outcome
	over  bool
}

// stop says why a boot has stopped.
type stop struct {
	stage, reason string
	failure       bool // false for rd.break=
	waited        bool // a wait has failed: a device may still come
	ask           bool // for kernel parameters: rd.cmdline=ask
}

// outcome is how an attendance ends.
type outcome struct {
	action string // "" goes on; otherwise an emergency action
	reason string
	words  string // kernel parameters typed at the prompt
	typed  bool   // somebody was there
}

// The events of the consoles.
type (
	keyPressed struct {
		s   *seat
		err error
	}
	sessionEnded struct {
		s       *seat
		request string
	}
)

// attend offers the prompts and waits for how it ends.
func (b *Boot) attend(why stop) outcome {
	a := &attendance{finder: b.finder, seats: map[string]*seat{}, why: why, began: time.Now(), left: b.countdown(why), asks: b.finder.pendingAsks()}
	b.prepareForPeople()
	b.leaveRecord()
	b.m.Parent.Wait("prompt", 0)
	defer b.deadline.hold()()
	b.finder.err, b.finder.timeUp, b.finder.people, b.finder.layers.prompt = nil, false, true, true
	b.m.Log.Errf("end: HELD: prompt on %s%s: %s", places(b.terminals()), a.plan(), why.reason)
	b.m.Log.Flush(logPatience)
	a.openSeats()
	b.loop.Owner, b.loop.Limit, b.loop.Tick = a, 0, time.Second
	err := b.loop.Run()
	b.loop.Owner, b.loop.Tick = b.finder, 0
	a.closeSeats()
	b.finder.people, b.finder.layers.prompt = false, false
	if err != nil {
		return outcome{action: "reboot", reason: err.Error()}
	}
	a.end.typed = a.typed
	return a.end
}

// countdown is how long nobody has to be there before the emergency action.
func (b *Boot) countdown(why stop) time.Duration {
	if !why.failure || b.config.Unattended <= 0 || holds(b.config.Emergency) {
		return -1
	}
	return max(0, b.config.Unattended-time.Duration(b.counted(countedSeconds))*time.Second)
}

// countedSeconds is how long prompts have waited for a person in vain: a disk that comes and goes, or an engine that crashes, brings no new
// countdown.
const countedSeconds = "countdown seconds"

// holds says whether an emergency action leaves the machine as it is.
func holds(action string) bool { return action == "shell" || action == "hold" }

// plan says what follows by itself.
func (a *attendance) plan() string {
	if a.left < 0 || a.typed {
		return ""
	}
	return fmt.Sprintf(" (%s in %d s unless a key is pressed)", a.b.config.Emergency, int(a.left/time.Second))
}

// finish ends the attendance.
func (a *attendance) finish(o outcome) { a.end, a.over = o, true }

// Handle takes what a person does, and what else happens meanwhile.
func (a *attendance) Handle(ev initqueue.Event) {
	switch ev := ev.(type) {
	case keyPressed:
		a.keyPressed(ev)
	case sessionEnded:
		a.sessionEnded(ev)
	case initqueue.Tick:
		a.tick()
	case initqueue.Idle:
		if a.why.failure {
			a.finder.Handle(ev)
		}
	case signal:
		if err := a.b.signalled(ev.number); err != nil {
			a.finish(outcome{action: "reboot", reason: err.Error()})
		}
	case udevChanged:
		a.deviceDone()
	default:
		a.finder.Handle(ev)
		if _, ok := ev.(probed); ok && a.b.udevd == nil {
			a.deviceDone()
		}
		if ev, ok := ev.(uevent.Event); ok && (ev.Subsystem == "tty" || ev.Subsystem == "block") {
			a.openSeats()
			a.announce(ev)
		}
	}
}

// Err is why the attendance itself failed.
func (a *attendance) Err() error { return a.finder.err }

// Next goes on looking for devices and loading drivers.
func (a *attendance) Next() ([]initqueue.Job, initqueue.Verdict) {
	if !a.over && !a.typed && a.why.waited && a.newAsk() {
		a.b.m.Log.Notef("a volume is there now that can be opened: going on")
		a.finish(outcome{})
	}
	if !a.over && !a.typed && a.why.waited && !a.forHooks() && a.ready() {
		a.b.m.Log.Notef("what was waited for is there now: going on")
		a.finish(outcome{})
	}
	if a.over {
		return nil, initqueue.Done
	}
	if !a.why.failure {
		return a.peopleJobs(), initqueue.Wait
	}
	return append(a.jobs(), a.layerJobs()...), initqueue.Wait
}

// newAsk says whether a secret could be asked for that could not when the wait failed. Here nobody is asked: the consoles are for whoever comes to this prompt.
func (a *attendance) newAsk() bool {
	return a.quiet() && slices.ContainsFunc(a.pendingAsks(), func(key string) bool { return !slices.Contains(a.asks, key) })
}

// deviceDone is a device that udevd is through with, while a wait for hooks has failed and nobody has typed: they are asked again, since what they build
// root of may be complete now.
func (a *attendance) deviceDone() {
	if a.typed || !a.why.waited || !a.forHooks() || time.Since(a.began) < retryInterval {
		return
	}
	a.b.m.Log.Notef("a device has come: the hooks of the queue are asked again")
	a.finish(outcome{})
}

// forHooks says that hooks of the queue were waited for: what they want is theirs to say, whatever devices are there.
func (a *attendance) forHooks() bool { return a.b.queue != nil && a.why.stage == "initqueue" }

// retryInterval is how long a failed wait rests before a device may begin it again.
const retryInterval = 10 * time.Second

// ready says whether the wait that failed would succeed now.
func (a *attendance) ready() bool {
	if len(a.want) == 0 {
		return false
	}
	v := a.judge()
	a.finder.err = nil
	return v == initqueue.Done
}

// announce tells a person who is busy that a device has come.
func (a *attendance) announce(ev uevent.Event) {
	if a.typed && ev.Subsystem == "block" && ev.Action == "add" {
		a.b.m.Log.Errf("%s has come; exit tries again", ev.DevPath[strings.LastIndexByte(ev.DevPath, '/')+1:])
	}
}

// tick is a second of the countdown, and the time to look for consoles that have come or come back.
func (a *attendance) tick() {
	a.openSeats()
	if a.left < 0 || a.typed {
		return
	}
	a.left -= time.Second
	a.b.count(countedSeconds)
	if a.left <= 0 {
		a.finish(outcome{action: a.b.config.Emergency, reason: a.why.reason})
		return
	}
	if n := int(a.left / time.Second); n%10 == 0 || n < 10 {
		for _, s := range a.seats {
			s.countdown(a.b.config.Emergency, n)
		}
	}
}

// keyPressed gives the console where somebody is its program, and stops the countdown everywhere.
func (a *attendance) keyPressed(ev keyPressed) {
	if ev.err != nil {
		a.lose(ev.s)
		return
	}
	if !a.typed {
		a.typed = true
		if a.left >= 0 {
			for _, s := range a.seats {
				s.stopCountdown(s == ev.s)
			}
		}
		a.b.forget(countedSeconds)
		a.b.m.Log.Errf("prompt: somebody is at %s; nothing follows by itself any more", ev.s.path)
	}
	if err := a.b.startSession(ev.s, a.why.ask); err != nil {
		a.b.m.Log.Errf("prompt on %s: %v", ev.s.path, err)
		a.lose(ev.s)
	}
}

// sessionEnded obeys the person. A program that ended without a word, as by a crash, is offered again.
func (a *attendance) sessionEnded(ev sessionEnded) {
	if ev.request != "" && ev.s.session != nil {
		ev.s.session.End() // it has said all; a command of it may be stuck
	}
	ev.s.session = nil
	o, asked := request(ev.request, ev.s.shell)
	if a.why.ask {
		o.words, asked = rescue.Answer(ev.request)
	}
	if asked {
		a.finish(o)
		return
	}
	if ev.request != "" {
		a.b.m.Log.Errf("prompt on %s asks for %q, which is not understood", ev.s.path, ev.request)
	}
	a.lose(ev.s)
	a.openSeats()
}

// request judges the line that a program leaves. A shell that is left without one means exit.
func request(line string, shell bool) (o outcome, asked bool) {
	if line == "" && shell {
		return outcome{}, true
	}
	r, err := rescue.ParseRequest(line)
	switch {
	case err != nil:
		return outcome{}, false
	case r.Action == "exit":
		return outcome{}, true
	case r.Action == "retry":
		return outcome{words: r.Text}, true
	}
	return outcome{action: r.Action, reason: "asked for at the prompt"}, true
}

// errAuthentication is what the failure of an unlocking is: there is no prompt after it, ever.
var errAuthentication = errors.New("not authenticated")
