package supervisor

import (
	"slices"

	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/internal/safe"
)

// dogs are the hardware watchdogs that ran when the engine found them: somebody armed them before this boot, and they reset the machine
// unless they are written to. PID 1 does so only on a sign of life of the engine, so that a hang ends in that reset. It
// arms none itself, and leaves them as it found them: closed without the letter V they go on (Documentation/watchdog/watchdog-api.rst, Magic
// Close), and the real init has one period to take over.
type dogs []dog

type dog struct {
	path  string
	pings chan struct{}
}

// take begins to serve the watchdog at path, a device of /dev.
func (d *dogs) take(path string) {
	if slices.ContainsFunc(*d, func(have dog) bool { return have.path == path }) {
		return
	}
	new := dog{path, make(chan struct{}, 1)}
	*d = append(*d, new)
	safe.Go("watchdog", nil, new.serve)
	d.ping()
}

// ping lets every watchdog know that all is well; it waits for none of them.
func (d dogs) ping() {
	for _, dog := range d {
		select {
		case dog.pings <- struct{}{}:
		default:
		}
	}
}

// serve writes to the device, which may be slow. One that somebody else holds open is not ours to serve.
func (d dog) serve() {
	f, err := linux.OpenAppend(d.path)
	if err != nil {
		return
	}
	for range d.pings {
		_, _ = f.Write([]byte{'.'})
	}
}
