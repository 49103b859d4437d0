package boot

import (
	"github.com/preroot/preroot/pkg/initqueue"
	"github.com/preroot/preroot/pkg/uevent"
)

// prepareForPeople sees to it that keyboards and displays can be found: a prompt may come before the stages that
// open the module index and listen to uevents.
func (b *Boot) prepareForPeople() {
	if b.loader == nil {
		_ = b.openModules()
	}
	if err := b.listen(); err != nil {
		b.m.Log.Warnf("%v: a keyboard that is plugged in later is not seen", err)
	}
}

// peopleJobs loads the drivers of consoles, keyboards, displays, and of the buses that these hang on, and nothing else: the
// boot stands where a person wants it to.
func (f *finder) peopleJobs() []initqueue.Job {
	if f.b.loader == nil {
		return nil
	}
	jobs := f.aliasJobs()
	if aliases := f.due(); len(aliases) > 0 {
		jobs = append(jobs, f.load("consoles", aliases, true))
	}
	return jobs
}

// forPeople says whether a kind of device is one that a prompt needs.
func forPeople(k uevent.Kind) bool { return k == uevent.KindConsole || k == uevent.KindBus }
