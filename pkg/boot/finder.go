package boot

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/preroot/preroot/pkg/blkid"
	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/initqueue"
	"github.com/preroot/preroot/pkg/storage"
	"github.com/preroot/preroot/pkg/uevent"
)

// finder owns the inventory while the loop waits for devices. It is level-triggered: Handle only notes what is known
// now, and Next decides from that alone.
//
// Modules come in waves (rule 9 of docs/architecture.md), each begun when the former is idle and the goal is not reached.
type finder struct {
	b   *Boot
	inv *device.Inventory

	number  uint64          // of the last event that is known
	last    uint64          // of the last event that the kernel had sent when the buses were looked at
	rootRef device.Ref      // what root= names
	want    []device.Ref    // every one of them must be there
	found   []device.Choice // by index of want
	resume  *resumeGoal     // the device of resume=, while it is awaited
	scan    need            // block devices of /sys
	aliases need            // every modalias of /sys
	quick   bool            // only those where quick disks may be were read
	buses   need            // what still scans, and what the kernel has sent
	doubts  int             // how often that was in doubt
	wave    wave
	started bool // the modules of this wave are asked for
	pending map[string]uevent.Kind
	loaded  map[string]bool // aliases that were asked for
	working map[string]bool // the module jobs under way, by key
	batch   int
	told    int                  // probes that were told
	failed  []string             // what was said of modules that did not load
	busy    map[string]time.Time // buses that still scan, and since when we know
	layers  layers

	udevIdle func() bool // an udevd is waited for, and has nothing to do; nil where none is

	people bool // somebody may be at a console: their drivers are loaded whatever the wave
	timeUp bool
	err    error
}

// need is something to read: asked for, being read, known.
type need int

const (
	unknown need = iota
	reading
	known
)

func newFinder(b *Boot) *finder {
	return &finder{
		b: b, inv: device.NewInventory(),
		pending: map[string]uevent.Kind{}, loaded: map[string]bool{}, busy: map[string]time.Time{}, working: map[string]bool{},
		layers: layers{done: map[string]bool{}, running: map[string]storage.Work{}, since: map[string]time.Time{}, twins: map[string]error{}},
	}
}

// aim sets what is waited for; what is known already stays known.
func (f *finder) aim(refs ...device.Ref) {
	f.want, f.found = refs, make([]device.Choice, len(refs))
	f.timeUp, f.err = false, nil
}

// The events of the finder's own jobs.
type (
	scanned struct {
		devices []uevent.Event
		number  uint64 // of the kernel's last event before the scan
	}
	aliased struct {
		quick   bool
		aliases map[string]uevent.Kind
	}
	probed struct {
		name  string
		seq   uint64
		facts device.Facts
		info  *blkid.Info
		err   error
	}
	loadedAll struct {
		key string
		err error
	}
	busState struct {
		busy []string
		last uint64 // the number of the last event that the kernel has sent
		// doubts is how often the buses had been in doubt when they were looked at.
		doubts int
	}
	eventsLate struct{ last uint64 }
	lookAgain  struct{}
	overrun    struct{}
	signal     struct{ number int }
	broken     struct{ err error }
	asked      struct{}
)

// Handle notes what an event says.
func (f *finder) Handle(ev initqueue.Event) {
	switch ev := ev.(type) {
	case uevent.Event:
		f.uevent(ev)
	case overrun:
		f.b.m.Log.Warnf("uevents were lost: looking at every device again")
		f.scan, f.aliases = unknown, unknown
	case scanned:
		f.scan = known
		f.number = max(f.number, ev.number)
		for _, d := range ev.devices {
			f.b.makeNode(d)
		}
		f.inv.Replace(ev.devices)
		f.doubt()
	case aliased:
		f.aliases, f.quick = known, ev.quick
		for alias, kind := range ev.aliases {
			f.alias(alias, kind)
		}
	case probed:
		f.probed(ev)
	case loadedAll:
		f.modulesDone(ev)
	case layered:
		f.layered(ev)
	case membersLate:
		f.layers.late = true
	case workDue:
	case headerRead:
		f.headerRead(ev)
	case busState:
		f.last = max(f.last, ev.last)
		f.buses = known
		if ev.doubts != f.doubts { // it looked before something happened that may have made devices
			f.buses = unknown
		}
		f.stillBusy(ev.busy)
	case eventsLate:
		f.eventsLate(ev)
	case lookAgain:
		f.doubt()
	case initqueue.Idle:
		f.idle()
	case initqueue.TimeUp:
		f.timeUp = true
	case initqueue.Abandoned:
		f.abandoned(ev)
	case initqueue.Panicked:
		f.b.m.Log.Errf("job %s: %s", ev.Key, ev.Trace)
		f.abandoned(initqueue.Abandoned{Key: ev.Key})
	case asked:
		f.b.alive()
	case signal:
		f.err = f.b.signalled(ev.number)
	case broken:
		f.err = ev.err
	}
}

func (f *finder) uevent(ev uevent.Event) {
	f.b.m.Log.Debugf("uevent %s", &ev)
	f.number = max(f.number, ev.Seqnum)
	f.b.makeNode(ev)
	if ev.Subsystem == "block" {
		f.tellGone(&ev)
		if ev.Action == "remove" {
			f.b.forgetUdev(f.inv.ByName(path.Base(ev.DevPath)))
		}
		f.inv.Apply(ev)
	}
	if ev.Subsystem == "block" || len(f.busy) > 0 {
		f.doubt()
	}
	if ev.Subsystem == "watchdog" && ev.Action == "add" {
		f.b.findWatchdogs()
	}
	if alias := ev.Get("MODALIAS"); alias != "" && ev.Action != "remove" {
		f.alias(alias, uevent.Wave(alias))
	}
}

// tellGone says that the device which was chosen as root is taken away.
func (f *finder) tellGone(ev *uevent.Event) {
	if root := f.b.root; ev.Action == "remove" && root != nil && ev.DevPath == root.DevPath {
		f.b.m.Log.Warnf("%s, which is root, has gone", root.Node)
	}
}

func (f *finder) alias(alias string, kind uevent.Kind) {
	if !f.loaded[alias] {
		f.pending[alias] = kind
	}
}

func (f *finder) probed(p probed) {
	if !f.inv.SetFacts(p.name, p.seq, p.facts) {
		return
	}
	f.inv.SetProbe(p.name, p.seq, p.info, p.err)
	if d := f.inv.ByName(p.name); d != nil && p.info != nil {
		f.b.linkDevice(f.inv, d)
		f.tellProbed(d, p)
	} else if p.err != nil {
		f.tellProbed(d, p)
	}
}

// maxTold bounds how many probes are told: of a thousand devices nobody reads.
const maxTold = 48

// tellProbed says what a probe has found.
func (f *finder) tellProbed(d *device.Device, p probed) {
	f.told++
	switch {
	case f.told == maxTold:
		f.b.m.Log.Infof("%s and what is found from here on is told in the report only", p.name)
	case f.told > maxTold:
	case errors.Is(p.err, syscall.ENOMEDIUM):
		f.b.m.Log.Debugf("%s: no medium", p.name)
	case p.err != nil:
		f.b.m.Log.Warnf("%s: %v", p.name, p.err)
	default:
		f.b.m.Log.Infof("%s: %s", p.name, describeInfo(d))
		if p.info.PTBackup {
			f.b.m.Log.Warnf("%s: the primary GPT is damaged, the backup is good; without the word gpt the kernel makes no partitions of it", p.name)
		}
	}
}

func (f *finder) modulesDone(ev loadedAll) {
	delete(f.working, ev.key)
	f.doubt()
	if ev.err == nil {
		return
	}
	f.b.m.Log.Warnf("%v", ev.err)
	for _, line := range strings.Split(ev.err.Error(), "\n") {
		if !slices.ContainsFunc(f.failed, func(l string) bool { return withoutUser(l) == withoutUser(line) }) {
			f.failed = append(f.failed, line)
		}
	}
}

// withoutUser leaves out of "module virtio_blk (for virtio:d00000002): ..." for whom.
func withoutUser(line string) string {
	before, rest, ok := strings.Cut(line, " (for ")
	if _, after, closed := strings.Cut(rest, ")"); ok && closed {
		return before + after
	}
	return line
}

// noAnswer is the error of a probe that did not end in this time.
type noAnswer time.Duration

func (n noAnswer) Error() string { return fmt.Sprintf("no answer within %v", time.Duration(n)) }

// silent says whether a device has not answered a probe yet. It keeps no choice of root waiting; but if it is root itself, it is waited for: a disk may need seconds to start up.
func silent(d *device.Device) bool { return errors.As(d.ProbeErr, new(noAnswer)) }

// abandoned takes the place of a result that did not come in time.
func (f *finder) abandoned(ev initqueue.Abandoned) {
	f.b.m.Log.Warnf("%s takes longer than %v: going on without it", ev.Key, ev.Limit)
	if f.layerLate(ev.Key) {
		return
	}
	kind, rest, _ := strings.Cut(ev.Key, " ")
	name, _, _ := strings.Cut(rest, " ")
	switch kind {
	case "probe":
		if d := f.inv.ByName(name); d != nil {
			f.inv.SetProbe(name, d.Seq, nil, noAnswer(ev.Limit))
		}
	case "resume":
		f.headerLate(ev.Limit)
	case "modules":
		delete(f.working, ev.Key)
	case "scan":
		f.scan = known
	case "modaliases":
		f.aliases = known
	case "buses":
		f.buses = known
	}
}

// idle begins the next wave that has something to do: nothing runs, and the goal is not reached.
func (f *finder) idle() {
	for f.started && f.wave < waveOver {
		f.wave++
		f.started = f.isEmpty(f.wave)
	}
}

// Err is why the wait failed.
func (f *finder) Err() error { return f.err }

// Next decides. What was to be read is read even when the wait is over: the next one counts on it. No layer begins anything then.
func (f *finder) Next() ([]initqueue.Job, initqueue.Verdict) {
	if f.err != nil {
		return nil, initqueue.Failed
	}
	jobs := f.jobs()
	switch v := f.judge(); {
	case v != initqueue.Wait:
		return jobs, v
	case f.layers.denied != nil && f.settled():
		f.err = f.layers.denied
		return jobs, initqueue.Failed
	case f.timeUp:
		f.err = f.tooLate()
		return jobs, initqueue.Failed
	}
	return append(jobs, f.layerJobs()...), initqueue.Wait
}

// tooLate is why the wait ends now; where somebody could not prove who he is, that.
func (f *finder) tooLate() error {
	if f.layers.denied != nil {
		return f.layers.denied
	}
	return f.notFound(errDeadline)
}

// judge says whether everything wanted is there. The choice among devices is made only when all that can still bring
// a second candidate has settled: the right root or none.
func (f *finder) judge() initqueue.Verdict {
	if f.resume != nil {
		return f.judgeResume()
	}
	if len(f.want) == 0 {
		return f.judgeNothing()
	}
	for i, ref := range f.want {
		f.found[i] = f.inv.Find(ref)
	}
	for i, c := range f.found {
		if c.Device == nil && len(c.Twins) == 0 || !(exact(f.want[i]) && alone(c.Device)) && !f.settled() {
			return initqueue.Wait
		}
		if len(c.Twins) > 0 {
			f.err = f.twins(i)
			return initqueue.Failed
		}
		if !c.Device.Probed || silent(c.Device) || c.Missing > 0 && !f.b.degraded() {
			return initqueue.Wait
		}
	}
	if f.err = f.layerTwins(); f.err != nil {
		return initqueue.Failed
	}
	return initqueue.Done
}

// alone says whether a device is none that a layer has made, of which a copy of a member may still come.
func alone(d *device.Device) bool { return d != nil && d.DMName == "" }

// exact says whether a reference can mean one device only, so that there is nothing to choose.
func exact(r device.Ref) bool { return r.Kind == device.RefNode || r.Kind == device.RefNumber }

// judgeNothing waits until all that is in the machine is known, for the report: no root is asked for.
func (f *finder) judgeNothing() initqueue.Verdict {
	if f.wave < waveOver || !f.settled() {
		return initqueue.Wait
	}
	f.err = f.notFound(errNoRoot)
	return initqueue.Failed
}

// jobs names all work that is to be done now but that of layers; the loop starts what does not run yet.
func (f *finder) jobs() []initqueue.Job {
	var jobs []initqueue.Job
	if f.scan != known {
		f.scan = reading
		jobs = append(jobs, f.b.scanJob())
	}
	for _, d := range f.inv.Unprobed() {
		if f.later(d.Name) {
			continue
		}
		f.inv.StartProbe(d.Name)
		jobs = append(jobs, f.b.probeJob(d))
	}
	jobs = append(jobs, f.moduleJobs()...)
	jobs = append(jobs, f.resumeJobs()...)
	if f.buses != known && f.scan == known && len(f.working) == 0 {
		f.buses = reading
		jobs = append(jobs, f.b.busJob(f.doubts))
	}
	if f.buses == known && len(f.awaited()) > 0 {
		jobs = append(jobs, busAlarm())
	}
	if f.buses == known && f.number < f.last {
		jobs = append(jobs, eventAlarm(f.last))
	}
	return jobs
}
