package boot

import (
	"sync"
	"time"

	"github.com/preroot/preroot/pkg/initqueue"
)

// deadline is root's, for what runs beside the wait for devices: the table "How long root is waited for", counted from the beginning of the boot without the
// time in which a prompt is open. Hooks are asked about in goroutines of their own.
type deadline struct {
	mu    sync.Mutex
	clock initqueue.Clock
	limit time.Duration // 0 is never
}

// set takes over what the command line says, and starts the clock.
func (d *deadline) set(limit time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.limit = limit
	d.clock.Counted()
}

// hold stops the clock until the result is called.
func (d *deadline) hold() (release func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.clock.Stop()
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.clock.Start()
	}
}

// passed says whether root should be there by now.
func (d *deadline) passed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.limit > 0 && d.clock.Counted() >= d.limit
}
