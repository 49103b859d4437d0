package boot

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/preroot/preroot/pkg/hooks"
	"github.com/preroot/preroot/pkg/initqueue"
	"github.com/preroot/preroot/pkg/uevent"
)

// queue is dracut's main loop beside the finder: udevd and its rules make devices and queue jobs, we keep the inventory, which judges
// whether the root that the hooks mean is the only one.
type queue struct {
	f       *finder
	rounds  initqueue.Rounds
	idle    udevIdle
	place   *queueDir
	watched bool        // changes of the queue's directories are events
	changes uint64      // of devices and of the directories of the queue
	stands  bool        // the clock does
	skip    bool        // the engine before this one was through with it
	over    time.Time   // since when no hook says no any more; our own devices are looked at for the last time
	busy    func(error) // ends the span of udevd's work; nil while it has none
	died    error       // a job has called die
	held    time.Time   // since when the clock stands because udevd is busy; zero if it does not
	hold    time.Duration
	err     error
}

// The events of the queue's own jobs.
type (
	queueChanged struct{} // a directory of the queue
	udevChanged  struct{} // what udevd says of itself
)

func (b *Boot) newQueue() *queue {
	q := &queue{f: b.finder, skip: slices.Contains(b.hooks.finished, "initqueue"), place: &queueDir{finder: b.hooks.finder, m: b.m, stale: true}}
	q.rounds = initqueue.Rounds{
		Queue: initqueue.Queue{Rule: b.queueRule()},
		Hooks: hookJobs{b.hooks, b.retries()}, Places: q.place, Retry: b.retries(), Work: b.hooks.finder.Dir + "/initqueue/work",
		Wake: func() { b.deliver(queueChanged{}) }, Warn: b.m.Log.Warnf,
	}
	return q
}

// retries is RDRETRY, the half seconds of rd.retry: from two thirds of them on the hooks of timeout run. rootwait=N and rd.timeout=N that end before
// let them run at their end, never earlier.
func (b *Boot) retries() int {
	retry := b.config.Retry
	if b.config.RootWait > 0 {
		retry = min(retry, b.config.RootWait+b.config.RootWait/2)
	}
	return int(retry / (time.Second / 2))
}

// patient says that root is still waited for after rd.retry: rootwait, and rootwait=N, rd.timeout=N that are longer.
func (q *queue) patient() bool {
	limit := q.f.b.config.RootWait
	return limit == 0 || q.rounds.Clock.Counted() < limit
}

// queueRule is what becomes of a hook of finished that says yes, in the dracut that made the image: 059 keeps it.
func (b *Boot) queueRule() initqueue.Rule {
	if b.dracutVersion() < 60 {
		return initqueue.KeepTrue
	}
	return initqueue.DeleteTrue
}

// dracutVersion is that of the dracut that made the image; the newest where none says.
func (b *Boot) dracutVersion() int { return dracutVersion(b.m.Files) }

func dracutVersion(files fs.FS) int {
	text, _ := fs.ReadFile(files, "usr/lib/initrd-release")
	_, version, _ := strings.Cut(string(text), "DRACUT_VERSION=")
	digits := strings.TrimLeft(version, `"`)
	end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' })
	if n, err := strconv.Atoi(digits[:max(0, end)]); err == nil {
		return n
	}
	return newestDracut
}

// newestDracut is what an image is taken for that does not say.
const newestDracut = 112

// work runs the rounds of the queue, until no hook of finished says no.
func (b *Boot) work() error {
	if b.queue == nil {
		b.queue = b.newQueue()
		b.watchQueue()
	}
	b.queue.err, b.queue.over = nil, time.Time{}
	if b.queue.stands {
		b.queue.rounds.Clock.Start()
	}
	b.aimByName()
	b.queue.record(b.udevd != nil) // it was told of every device
	loop := b.loop
	loop.Owner, loop.Limit, loop.Tick = b.queue, 0, pingInterval
	b.queue.place.stale = true
	b.queue.idle.doubt()
	if b.udevd != nil {
		b.finder.udevIdle = func() bool { return b.queue.idle.known && b.queue.idle.quiet }
		defer func() { b.finder.udevIdle = nil }()
	}
	end := b.spans.Start("wait", "initqueue")
	defer b.progress("waiting for the hooks of initqueue/finished")()
	b.m.Parent.Wait("initqueue", 0)
	defer b.beginWait()()
	err := b.adviseLUKS(loop.Run())
	b.queue.release(time.Now())
	b.queue.rounds.Clock.Stop() // while nobody waits, a prompt may be open
	b.queue.stands = true
	b.queue.record(false)
	b.loop = loop
	b.loop.Owner, b.loop.Tick = b.finder, 0
	end(err)
	b.queue.skip, b.hooks.used = false, true
	if err == nil {
		b.hooks.set(hooks.Var{Name: "main_loop", Unset: true}, hooks.Var{Name: "RDRETRY", Unset: true})
	}
	return err
}

// queued says whether anything lies in the queue.
func (b *Boot) queued() bool {
	for _, stage := range queueStages {
		if b.hooks.has(stage) {
			return true
		}
	}
	return false
}

// queueStages are the directories of the queue.
var queueStages = []string{"initqueue", "initqueue/settled", "initqueue/finished", "initqueue/timeout"}

// watchQueue makes every change of the queue's directories, and of udevd's state, an event.
func (b *Boot) watchQueue() {
	if b.m.WatchDirectories == nil {
		return
	}
	var dirs []string
	for _, stage := range queueStages {
		dirs = append(dirs, b.hooks.finder.Dir+"/"+stage)
	}
	b.queue.watched = b.watch(queueChanged{}, dirs...)
	if b.udevd != nil {
		b.watch(udevChanged{}, "/run/udev")
		b.followUdevd()
	}
}

// watch makes changes in directories an event, until the end of the boot.
func (b *Boot) watch(ev initqueue.Event, dirs ...string) bool {
	changes, err := b.m.WatchDirectories(dirs...)
	if err != nil {
		b.m.Log.Warnf("%v are not watched: %v", dirs, err)
		return false
	}
	b.spawn("watch", nil, func() { <-b.over; changes.Close() })
	b.spawn("watch", nil, func() {
		for changes.Await() == nil {
			b.deliver(ev)
		}
	})
	return true
}

// Handle folds an event into what is known.
func (q *queue) Handle(ev initqueue.Event) {
	switch ev := ev.(type) {
	case queueChanged:
		q.place.stale = true
	case udevChanged:
		q.idle.doubt()
	case udevState:
		q.idle.answer(ev)
		q.record(!ev.idle)
	case initqueue.Tick:
		q.idle.doubt()
	default:
		q.handleOther(ev)
	}
}

// handleOther folds in an event of the rounds, or of the devices.
func (q *queue) handleOther(ev initqueue.Event) {
	switch q.rounds.Handle(ev) {
	case initqueue.StepSource: // a job may have made udevd busy; a vote changes nothing
		q.idle.doubt()
		q.died = q.f.b.hooks.died()
		fallthrough
	case initqueue.StepVote:
		q.place.stale = true
		return
	}
	if late, ok := ev.(initqueue.Abandoned); ok && late.Key == udevKey {
		q.idle.answer(udevState{false, q.idle.doubts})
	}
	if q.changesDevices(ev) {
		q.changes++
		q.idle.doubt()
	}
	q.f.Handle(ev)
}

// changesDevices says whether an event can give a job or a vote another result. In native mode the links of a device come with its probe.
func (q *queue) changesDevices(ev initqueue.Event) bool {
	switch ev.(type) {
	case uevent.Event, overrun, scanned:
		return true
	case probed:
		return q.f.b.udevd == nil
	}
	return false
}

// record keeps in the timeline when udevd had something to do.
func (q *queue) record(busy bool) {
	switch {
	case busy && q.busy == nil:
		q.busy = q.f.b.spans.Start("udevd", "busy")
	case !busy && q.busy != nil:
		q.busy(nil)
		q.busy = nil
	}
}

// Next is asked after every event.
func (q *queue) Next() ([]initqueue.Job, initqueue.Verdict) {
	jobs := append(q.f.jobs(), q.f.layerJobs()...)
	if len(q.f.want) > 0 {
		q.f.judge()
		q.judgeRoot()
	}
	if q.err = q.died; q.err == nil && errors.Is(q.f.err, errAborted) {
		q.err = q.f.err
	}
	if q.err != nil {
		q.died = nil
		return jobs, initqueue.Failed
	}
	if q.f.b.udevd == nil {
		q.idle.is(q.f.settled())
	}
	if !q.rounds.Running() && q.idle.question() { // meanwhile the answer is of no use, and takes a process each time
		jobs = append(jobs, q.f.b.udevJob(q.idle.doubts))
	}
	q.holdClock(time.Now())
	switch {
	case q.skip:
		return jobs, q.skipped()
	case !q.idle.known: // a round that took udevd for busy would begin again and again
		return jobs, initqueue.Wait
	}
	q.place.stale = q.place.stale || !q.watched
	more, outcome := q.rounds.Next(q.idle.quiet, q.changes)
	for outcome == initqueue.GivenUp && q.patient() {
		more, outcome = q.rounds.Next(q.idle.quiet, q.changes)
	}
	jobs = append(jobs, more...)
	switch {
	case outcome == initqueue.Rounding:
		return jobs, initqueue.Wait
	case q.f.twinsNow() != nil:
		q.err = q.f.twinsNow()
		return jobs, initqueue.Failed
	case outcome == initqueue.Finished, q.f.b.rootMounted(): // a job of timeout may have mounted another root
		return jobs, q.last()
	default:
		q.err = q.overdue()
		return jobs, initqueue.Failed
	}
}

// overdue is the failure of a wait that took too long.
func (q *queue) overdue() error {
	if q.place.root && !q.f.b.hooks.has("initqueue/finished") {
		return q.f.notFound(errDeadline)
	}
	return fmt.Errorf("rd.retry is over and these hooks of initqueue/finished still say no: %s: %w", q.f.b.waitingHooks(), errDeadline)
}

// judgeRoot makes a root that no hook waits for one of the things that the hooks wait for.
func (q *queue) judgeRoot() {
	q.place.root = q.f.b.mountsItself() && !q.f.complete()
}

// skipped waits for udevd and our own probes only: the hooks have had what they wait for.
func (q *queue) skipped() initqueue.Verdict {
	v := q.last()
	if v == initqueue.Done && !(q.idle.known && q.idle.quiet) && time.Since(q.over) < skippedLook {
		return initqueue.Wait
	}
	return v
}

// last waits, once the hooks have what they want, until every device that the kernel has announced is probed: whether root is the only one of
// its name is judged by that. A bus that never comes to rest is not waited for longer than lastLook.
func (q *queue) last() initqueue.Verdict {
	switch {
	case q.over.IsZero():
		q.over = time.Now()
		q.f.doubt()
		again := func() { q.f.b.deliver(queueChanged{}) }
		q.f.b.spawn("queue", nil, again)
		time.AfterFunc(lastLook, again)
	case q.f.settled():
		return initqueue.Done
	case time.Since(q.over) >= lastLook:
		q.f.b.m.Log.Warnf("the hooks have what they wait for, but after %v %s: going on", lastLook, q.f.unsettled())
		return initqueue.Done
	}
	return initqueue.Wait
}

// lastLook is how long the hooks' root waits for our own probes.
const lastLook = 5 * time.Second

// Err is why the wait failed.
func (q *queue) Err() error { return q.err }

// waitingHooks names what is still waited for; the name of a hook of wait_for_dev is that of the device.
func (b *Boot) waitingHooks() string {
	var list []string
	if b.queue != nil && b.queue.place.root {
		list = append(list, b.config.Root)
	}
	for _, s := range b.hooks.finder.Scripts("initqueue/finished") {
		name := strings.TrimSuffix(path.Base(s.Path), ".sh")
		if device, ok := strings.CutPrefix(name, "devexists-"); ok {
			name = strings.ReplaceAll(device, `\x2f`, "/")
		}
		list = append(list, name)
	}
	return strings.Join(list, ", ")
}
