package boot

import (
	"errors"
	"io/fs"
	"slices"
	"time"

	"github.com/preroot/preroot/pkg/cmdline"
	"github.com/preroot/preroot/pkg/crypttab"
	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/initqueue"
	"github.com/preroot/preroot/pkg/storage"
)

// layers is what the finder knows of the work that pkg/storage wants: volumes of LVM and their like are made in the native mode; where an udevd runs, its rules and the hooks of the image do it.
type layers struct {
	done    map[string]bool         // by key
	running map[string]storage.Work // by the name of the layer: one at a time, since two would make the same devices
	told    []string                // for the log, each once
	lacks   []string                // of what was done last, for the report
	patient bool                    // members that are missing are waited for,
	late    bool                    // and no longer
	since   map[string]time.Time    // when work that waits for something was wanted first
	written written
	twins   map[string]error // there are two of what was made, by the key of the work that found out
	denied  error            // nobody could prove that he may have what is locked: nothing is asked any more
	asking  *asking
	asked   bool // in this wait
	prompt  bool // the consoles are somebody else's
}

// layered is the event of the end of such work.
type layered struct {
	work storage.Work
	storage.Outcome
	err error
}

// The events of time that has passed: missing members are given up; what was waited for may be done without it.
type (
	membersLate struct{}
	workDue     struct{}
)

// layerWork is what is to be done now, or when its time has come.
func (f *finder) layerWork() []storage.Work {
	if f.b.udevd != nil || f.scan != known || !f.inv.Settled() {
		return nil
	}
	return f.newWork(f.layers.late)
}

func (f *finder) newWork(late bool) (list []storage.Work) {
	for _, w := range f.allWork(late) {
		if !f.layers.done[w.Key] && !f.layers.busy(w.Layer) && (!w.Asks || f.layers.denied == nil) {
			list = append(list, w)
		}
	}
	return list
}

// allWork is what the layers want, done or not.
func (f *finder) allWork(late bool) []storage.Work {
	state := storage.State{Devices: f.inv.Devices(), Find: f.deviceOf, Wanted: f.want, Late: late}
	return storage.Next(state, f.writtenNow().some, f.readWritten)
}

func (f *finder) deviceOf(ref device.Ref) *device.Device { return f.inv.Find(ref).Device }

// written is what people have written about volumes, with the words that it was read from: they change.
type written struct {
	words []cmdline.Word
	known bool
	some  bool // about encrypted ones
	all   *storage.Written
}

// writtenNow forgets what was written before the words changed.
func (f *finder) writtenNow() *written {
	w := &f.layers.written
	if now := f.b.params.Words(); !w.known || len(now) != len(w.words) || len(now) > 0 && &now[0] != &w.words[0] {
		_, err := fs.Stat(f.b.m.Files, crypttabFile[1:])
		*w = written{words: now, known: true, some: err == nil || slices.ContainsFunc(now, crypttab.OfLUKS)}
	}
	return w
}

const crypttabFile = "/etc/crypttab"

// readWritten reads it, when it matters. What is bad in it is named.
func (f *finder) readWritten() *storage.Written {
	w := f.writtenNow()
	if w.all == nil {
		words, problems := crypttab.ReadWords(f.b.params)
		w.all = &storage.Written{Words: words}
		if text, err := fs.ReadFile(f.b.m.Files, crypttabFile[1:]); err == nil && words.Crypttab {
			table, bad := crypttab.Parse(crypttabFile, string(text))
			w.all.Table, problems = table, append(problems, bad...)
		}
		for _, p := range problems {
			f.tellLayer(p.String())
		}
	}
	return w.all
}

// layerJobs begins it.
func (f *finder) layerJobs() (jobs []initqueue.Job) {
	f.spare()
	for _, w := range f.layerWork() {
		if !f.layers.busy(w.Layer) && f.ripe(w) && (!w.Asks || f.mayAsk(w)) {
			f.layers.running[w.Layer] = w
			jobs = append(jobs, f.layerJob(w))
		}
	}
	if !f.layers.patient && len(f.layers.done) > 0 && slices.ContainsFunc(f.newWork(true), func(w storage.Work) bool { return !w.Asks }) {
		f.layers.patient = true
		patience := memberPatience
		if limit := f.b.loop.Limit; limit > 0 {
			patience = limit * 2 / 3
		}
		f.remind(patience, membersLate{})
	}
	return jobs
}

func (f *finder) layerJob(w storage.Work) initqueue.Job {
	system := layerSystem{f.b, nil}
	if w.Asks {
		system.asking = f.beginAsking(w)
	}
	return initqueue.Job{Key: w.Key, Limit: w.Limit, Holds: w.Asks, Run: func() initqueue.Event { return system.asking.run(w, system) }}
}

// ripe says whether work is to be done now: if it would rather have something else first, that has had its time.
func (f *finder) ripe(w storage.Work) bool {
	if w.After == 0 {
		return true
	}
	since, named := f.layers.since[w.Key]
	if !named {
		since = time.Now()
		f.layers.since[w.Key] = since
		f.remind(w.After, workDue{})
	}
	return time.Since(since) >= w.After
}

// memberPatience is how long missing members are waited for where nothing says how long root is: two thirds of rd.retry's default, as dracut's hooks wait for a degraded array.
const memberPatience = 120 * time.Second

// remind delivers an event after a while.
func (f *finder) remind(wait time.Duration, ev initqueue.Event) {
	b := f.b
	b.spawn("timer", nil, func() {
		select {
		case <-time.After(wait):
			b.deliver(ev)
		case <-b.over:
		}
	})
}

// layerTwins says that there are two of what a layer has made, as things are now.
func (f *finder) layerTwins() error {
	if len(f.layers.twins) == 0 {
		return nil
	}
	for _, w := range f.allWork(f.layers.late) {
		if err := f.layers.twins[w.Key]; err != nil {
			return err
		}
	}
	return nil
}

// layersBusy says whether a layer works, or has something to do, that was asked for. What is offered keeps nobody waiting who has found what he wants.
func (f *finder) layersBusy() bool {
	asked := func(w storage.Work) bool { return !w.Offered }
	for _, w := range f.layers.running {
		if asked(w) {
			return true
		}
	}
	return slices.ContainsFunc(f.layerWork(), asked)
}

func (l *layers) busy(layer string) bool { _, yes := l.running[layer]; return yes }

// layerLate takes the place of the end of work that did not come in time; false means that the job was no work of a layer.
func (f *finder) layerLate(key string) bool {
	for _, w := range f.layers.running {
		if w.Key == key {
			f.layered(layered{work: w})
			return true
		}
	}
	return false
}

// layered notes the end of work. What it has made comes with events of its own. The end of work that was dismissed was noted then.
func (f *finder) layered(ev layered) {
	if w, runs := f.layers.running[ev.work.Layer]; !runs || w.Key != ev.work.Key {
		return
	}
	delete(f.layers.running, ev.work.Layer)
	f.doubt()
	if ev.work.Asks {
		f.endAsking()
	}
	for _, line := range ev.Done {
		f.tellLayer(line)
	}
	if errors.Is(ev.err, errDismissed) {
		return // it may be asked again
	}
	f.layers.done[ev.work.Key] = true
	f.layers.lacks = ev.Lacks
	if ev.err != nil {
		f.layers.lacks = append(f.layers.lacks, ev.err.Error())
	}
	if errors.Is(ev.err, device.ErrTwins) {
		f.layers.twins[ev.work.Key] = ev.err
	}
	if errors.Is(ev.err, storage.ErrDenied) {
		f.layers.denied = deniedError{ev.err}
	}
	for _, line := range f.layers.lacks {
		f.tellLayer(line)
	}
}

// maxLayerLines bounds what layers can say in a boot: whoever has made a disk chooses part of the words.
const maxLayerLines = 100

// tellLayer says a line of a layer, once.
func (f *finder) tellLayer(line string) {
	if !slices.Contains(f.layers.told, line) && len(f.layers.told) < maxLayerLines {
		f.layers.told = append(f.layers.told, line)
		f.b.m.Log.Notef("%s", line)
	}
}

// layerSystem is the machine for such work.
type layerSystem struct {
	b      *Boot
	asking *asking
}

// Load loads modules; without any for this kernel they are taken for built in.
func (s layerSystem) Load(modules ...string) error {
	if s.b.loader == nil {
		return nil
	}
	return s.b.loader.Load(modules...)
}

// FileSystem loads the driver of a type.
func (s layerSystem) FileSystem(fstype string) error { return s.b.loadFileSystem(fstype) }

// Consoles are where people may be.
func (s layerSystem) Consoles() []string { return s.b.terminals() }

// Run runs a helper of the image.
func (s layerSystem) Run(program string, args ...string) (string, error) {
	return runHelper(s.b.m.Programs, program, args...)
}

// Confide runs one that learns secrets.
func (s layerSystem) Confide(program string, args ...string) (string, error) {
	return s.asking.confide(s.b.m.Programs, program, args...)
}
