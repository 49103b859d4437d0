package boot

import (
	"slices"
	"time"

	"github.com/preroot/preroot/pkg/crypttab"
	"github.com/preroot/preroot/pkg/initqueue"
	"github.com/preroot/preroot/pkg/kmod"
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
}

// layered is the event of the end of such work.
type layered struct {
	work storage.Work
	storage.Outcome
	err error
}

// membersLate is the event that missing members are given up.
type membersLate struct{}

// layerWork is what is to be done now.
func (f *finder) layerWork() []storage.Work {
	if f.b.udevd != nil || f.scan != known || !f.inv.Settled() {
		return nil
	}
	return f.newWork(f.layers.late)
}

func (f *finder) newWork(late bool) (list []storage.Work) {
	for _, w := range storage.Next(f.inv.Devices(), f.want, late, f.volumeWords) {
		if !f.layers.done[w.Key] && !f.layers.busy(w.Layer) {
			list = append(list, w)
		}
	}
	return list
}

// volumeWords reads the parameters about volumes, when there is a volume. A bad one is named, once.
func (f *finder) volumeWords() crypttab.Words {
	words, problems := crypttab.ReadWords(f.b.params)
	for _, p := range problems {
		f.tellLayer(p.String())
	}
	return words
}

// layerJobs begins it.
func (f *finder) layerJobs() (jobs []initqueue.Job) {
	system := layerSystem{f.b.loader, f.b.m.Programs}
	for _, w := range f.layerWork() {
		f.layers.running[w.Layer] = w
		jobs = append(jobs, initqueue.Job{Key: w.Key, Limit: w.Limit, Run: func() initqueue.Event {
			outcome, err := w.Do(system)
			return layered{w, outcome, err}
		}})
	}
	if !f.layers.patient && len(f.layers.done) > 0 && len(f.newWork(true)) > 0 {
		f.layers.patient = true
		patience := memberPatience
		if limit := f.b.loop.Limit; limit > 0 {
			patience = limit * 2 / 3
		}
		f.b.spawn("missing members", nil, func() { f.b.giveUpMembers(patience) })
	}
	return jobs
}

// memberPatience is how long missing members are waited for where nothing says how long root is: two thirds of rd.retry's default, as dracut's hooks wait for a degraded array.
const memberPatience = 120 * time.Second

// giveUpMembers tells when the time for them is over.
func (b *Boot) giveUpMembers(patience time.Duration) {
	select {
	case <-time.After(patience):
		b.deliver(membersLate{})
	case <-b.over:
	}
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

// layered notes the end of work. What it has made comes with events of its own.
func (f *finder) layered(ev layered) {
	if f.layers.running[ev.work.Layer].Key == ev.work.Key {
		delete(f.layers.running, ev.work.Layer)
	}
	f.layers.done[ev.work.Key] = true
	f.buses = unknown
	f.layers.lacks = ev.Lacks
	if ev.err != nil {
		f.layers.lacks = append(f.layers.lacks, ev.err.Error())
	}
	for _, line := range append(ev.Done, f.layers.lacks...) {
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
	loader   *kmod.Loader
	programs Programs
}

// Load loads modules; without any for this kernel they are taken for built in.
func (s layerSystem) Load(modules ...string) error {
	if s.loader == nil {
		return nil
	}
	return s.loader.Load(modules...)
}

// Run runs a helper of the image.
func (s layerSystem) Run(program string, args ...string) (string, error) {
	return runHelper(s.programs, program, args...)
}
