package boot

// answer answers PID 1's questions. During a wait the loop must answer itself, so that a loop that stands still is found out though
// the process runs; outside a wait the kernel or a person may hold the boot as long as they like, and that the process runs is enough.
func (b *Boot) answer() {
	for range b.m.Asked {
		over := b.waits.Load()
		if over == nil {
			b.alive()
			continue
		}
		select {
		case b.events <- asked{}:
		case <-*over:
			b.alive()
		case <-b.over:
			return
		}
	}
}

// beginWait notes that the loop runs, until the result is called.
func (b *Boot) beginWait() (end func()) {
	over := make(chan struct{})
	b.waits.Store(&over)
	return func() {
		b.finder.dismiss()
		b.finder.forget()
		b.waits.Store(nil)
		close(over)
	}
}

func (b *Boot) alive() {
	if w, ok := b.m.Parent.(Watcher); ok {
		w.Alive()
	}
}

// findWatchdogs tells PID 1 of every hardware watchdog that runs and is held by nobody. One that does not run is left alone: to open it is to start
// it, and the real init may know nothing of it. One that the firmware has started and whose driver the kernel serves by itself
// (CONFIG_WATCHDOG_HANDLE_BOOT_ENABLED, watchdog.open_timeout=) is "inactive" here and goes on being served by the kernel.
func (b *Boot) findWatchdogs() {
	w, ok := b.m.Parent.(Watcher)
	if !ok {
		return
	}
	for _, name := range dirNames(b.sys(), "class/watchdog") {
		if readWord(b.sys(), "class/watchdog/"+name+"/state") == "active" {
			b.m.Log.Notef("%s runs: PID 1 feeds it while the boot shows signs of life", name)
			w.Watchdog("/dev/" + name)
		}
	}
}
