package boot

// doubt says that devices may have come: the buses and the number of the last event are to be looked at once more. A look that is under way does not count.
func (f *finder) doubt() {
	f.buses = unknown
	f.doubts++
}

// settled says that nothing can bring another device: all is quiet, and no layer has anything to do that was asked for.
func (f *finder) settled() bool {
	return f.quiet() && !f.layersBusy()
}

// quiet says that every block device which the kernel has announced is probed and that no scan of a storage bus
// that we started still runs.
func (f *finder) quiet() bool {
	return f.scan == known && len(f.working) == 0 && f.buses == known && f.number >= f.last && len(f.awaited()) == 0 && f.inv.Settled()
}

// eventsLate counts events as lost that the kernel has sent and that have not come: the devices are looked at again. A driver's load may
// return before its events are here.
func (f *finder) eventsLate(ev eventsLate) {
	if f.number < ev.last {
		f.number, f.scan = ev.last, unknown
	}
}
