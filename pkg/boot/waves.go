package boot

import (
	"fmt"
	"slices"
	"time"

	"github.com/preroot/preroot/pkg/initqueue"
	"github.com/preroot/preroot/pkg/storage"
	"github.com/preroot/preroot/pkg/uevent"
)

// wave is how far the modules have come.
type wave int

const (
	waveChain     wave = iota // what the image or the command line names
	waveQuick                 // disks, and controllers whose disks are there at once
	waveStorage               // every other storage device, and buses
	waveProcessor             // what the processor is good at
	waveAll                   // every modalias
	waveOver                  // nothing is left to load
)

// moduleJobs asks for the modules of the present wave, and for those of devices that have appeared since.
func (f *finder) moduleJobs() []initqueue.Job {
	if f.b.loader == nil || f.b.udevd != nil {
		f.wave, f.started = waveOver, true
		return nil
	}
	var jobs []initqueue.Job
	if !f.started {
		f.started = true
		jobs = f.beginWave()
	}
	if f.wave > waveChain {
		jobs = append(jobs, f.aliasJobs()...)
	}
	if aliases := f.due(); len(aliases) > 0 {
		jobs = append(jobs, f.load("devices", aliases, true))
	}
	return jobs
}

// aliasJobs has looked at what the devices call themselves: in the quick wave those alone that it is for.
func (f *finder) aliasJobs() []initqueue.Job {
	quick := f.wave == waveQuick && !f.people
	if f.aliases == known && (quick || !f.quick) {
		return nil
	}
	f.aliases = reading
	return []initqueue.Job{f.b.modaliasJob(quick)}
}

func (f *finder) beginWave() []initqueue.Job {
	switch f.wave {
	case waveChain:
		if words := f.b.forcedModules(); len(words) > 0 {
			return []initqueue.Job{f.load("chain", words, false)}
		}
	case waveAll:
		if words := f.b.config.DriverPost; len(words) > 0 {
			return []initqueue.Job{f.load("rd.driver.post", words, false)}
		}
	}
	return nil
}

// kinds are what a wave loads: these and what comes before them.
var kinds = [...]uevent.Kind{waveChain: -1, waveQuick: uevent.KindQuick, waveStorage: uevent.KindBus, waveProcessor: uevent.KindCPU, waveAll: uevent.KindOther, waveOver: uevent.KindOther}

// isEmpty says whether nothing is done in a wave: the loop, which is idle once, would wait there for an event. In that of the processor somebody may be asked, but for what is offered
// when all is over.
func (f *finder) isEmpty(w wave) bool {
	switch w {
	case waveOver:
		return false
	case waveProcessor:
		if slices.ContainsFunc(f.layerWork(), func(w storage.Work) bool { return w.Asks && !w.Offered }) {
			return false
		}
	case waveAll:
		if len(f.b.config.DriverPost) > 0 {
			return false
		}
	}
	for _, kind := range f.pending {
		if kind <= kinds[w] {
			return false
		}
	}
	return f.aliases == known && !f.quick
}

// due takes from the pending aliases those that this wave loads.
func (f *finder) due() []string {
	var aliases []string
	for alias, kind := range f.pending {
		if kind <= kinds[f.wave] || f.people && forPeople(kind) {
			aliases = append(aliases, alias)
			f.loaded[alias] = true
			delete(f.pending, alias)
		}
	}
	slices.Sort(aliases) // the same machine boots the same way
	return aliases
}

// load makes a job of one batch of modules. It has no limit of its own: each module has one.
func (f *finder) load(what string, words []string, aliases bool) initqueue.Job {
	f.batch++
	key := fmt.Sprintf("modules %d (%s)", f.batch, what)
	f.working[key] = true
	loader := f.b.loader
	return initqueue.Job{
		Key:   key,
		Limit: moduleLimit,
		Run: func() initqueue.Event {
			if aliases {
				return loadedAll{key, loader.LoadAlias(words...)}
			}
			return loadedAll{key, loader.Load(words...)}
		},
	}
}

// moduleLimit is how long a batch of modules may take before it counts as idle.
const moduleLimit = 10 * time.Second

// remaining lists the aliases that no module was asked for yet.
func (f *finder) remaining() []string {
	if f.aliases != known || f.quick {
		uevent.Modaliases(f.b.sys(), func(_, alias, _ string) { f.alias(alias, uevent.Wave(alias)) })
	}
	list := make([]string, 0, len(f.pending))
	for alias := range f.pending {
		f.loaded[alias] = true
		list = append(list, alias)
	}
	clear(f.pending)
	slices.Sort(list)
	return list
}
