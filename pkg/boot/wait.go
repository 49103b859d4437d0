package boot

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/mount"
	"github.com/preroot/preroot/pkg/rootfs"
	"github.com/preroot/preroot/pkg/uevent"
)

// Why a wait ends without what was waited for.
var (
	errNoRoot   = errors.New("no root= on the command line: write root=UUID=... with that of the root file system")
	errDeadline = errors.New("the deadline has passed")
)

// waitForRoot waits until the device that root= names is there and is the only one that answers.
func (b *Boot) waitForRoot() error {
	if b.rootOnNFS() {
		return nil // on no device; mountNFS waits for what it needs
	}
	if b.config.Root == "" {
		b.finder.aim()
		return b.wait("any block device", b.rootLimit())
	}
	source, err := rootfs.Parse(b.config.Root)
	if err != nil {
		return err
	}
	b.finder.rootRef = source.Device
	b.finder.aim(source.Device)
	if err := b.wait(source.String(), b.rootLimit()); err != nil {
		return err
	}
	before := b.root
	b.root, b.members = b.finder.found[0].Device, b.finder.found[0].Members
	if b.root != before {
		b.m.Log.Notef("root: %s is %s", source, b.root.Describe())
	}
	return nil
}

// errOtherRoot says that what was mounted is no longer the one root.
var errOtherRoot = errors.New("root is not what it was")

// judgeAgain looks, before root is handed over, at what has happened to devices since it was chosen: a second candidate, or
// a root that is gone. Then root is taken off, and looked for again.
func (b *Boot) judgeAgain() error {
	if b.root == nil {
		return nil // mounted by a hook, from what is no device of ours
	}
	b.catchUp()
	d := b.finder.inv.ByName(b.root.Name)
	found := b.finder.inv.Find(b.finder.rootRef)
	if d == b.root && found.Device == d && b.finder.scan == known && b.finder.inv.Settled() {
		return nil
	}
	why := b.rootName() + " has gone"
	if d == b.root {
		if err := b.waitForRoot(); err == nil && b.root == d {
			return nil
		}
		why = "another device answers to root="
	}
	if err := b.unmountRoot(); err != nil {
		return fmt.Errorf("%s, and root cannot be taken off: %w", why, err)
	}
	return fmt.Errorf("%w: %s", errOtherRoot, why)
}

// blameRoot looks, when a stage has failed on root, whether its disk was taken away meanwhile: then root is awaited again, and the failure of
// the stage says nothing.
func (b *Boot) blameRoot(err error) error {
	if err == nil || errors.Is(err, errOtherRoot) || b.root == nil {
		return err
	}
	b.catchUp()
	if b.finder.inv.ByName(b.root.Name) == b.root {
		return err
	}
	if u := b.unmountRoot(); u != nil {
		return fmt.Errorf("%w; root cannot be taken off: %w", err, u)
	}
	return fmt.Errorf("%w: %s has gone", errOtherRoot, b.rootName())
}

// catchUp takes every event that the kernel has sent while nobody waited: up to the number that it gives for the last. One that does not
// come was lost, and the devices are looked at again.
func (b *Boot) catchUp() {
	last, lost := uevent.LastNumber(b.sys()), time.NewTimer(eventPatience)
	defer lost.Stop()
	for b.finder.number < last {
		select {
		case ev := <-b.events:
			b.finder.Handle(ev)
		case <-lost.C:
			b.finder.scan = unknown
			return
		}
	}
}

// eventPatience is how long an event that the kernel has sent may take to get here.
const eventPatience = 20 * time.Millisecond

// degraded says that a file system over several devices may be mounted without all of them.
func (b *Boot) degraded() bool {
	return slices.Contains(mount.ParseOptions(b.config.RootFlags).Data, "degraded")
}

// waitFor waits for one more device: /usr, or an entry of the new root's fstab.
func (b *Boot) waitFor(spec string, limit time.Duration) (*device.Device, error) {
	ref, err := device.ParseRef(spec)
	if err != nil {
		return nil, err
	}
	b.finder.aim(ref)
	if err := b.wait(spec, limit); err != nil {
		return nil, err
	}
	return b.finder.found[0].Device, nil
}

func (b *Boot) wait(what string, limit time.Duration) (err error) {
	start := time.Now()
	defer func(end func(error)) { end(err) }(b.spans.Start("wait", what))
	defer func() { b.awaited, b.waited = what, time.Since(start) }()
	defer b.progress("waiting for " + what)()
	b.m.Parent.Wait(what, limit)
	b.loop.Limit = limit
	defer b.beginWait()()
	return b.loop.Run()
}

// progressInterval is how often a phase that takes long is named.
const progressInterval = 10 * time.Second

// progress names a phase every now and then until it is stopped: a slow boot shows that it is alive.
func (b *Boot) progress(what string) (stop func()) {
	done := make(chan struct{})
	start, ticker := time.Now(), time.NewTicker(progressInterval)
	b.spawn("progress", nil, func() {
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				if !b.silent.Load() {
					b.m.Log.Notef("%s: %d s so far", what, int(time.Since(start)/time.Second))
				}
			}
		}
	})
	return func() { ticker.Stop(); close(done) }
}

// notFound makes the failure of a wait: what was wanted, and what was almost meant.
func (f *finder) notFound(why error) error {
	if len(f.want) == 0 {
		return why
	}
	for i, c := range f.found {
		if c.Device == nil {
			c.Near = c.Near[:min(1, len(c.Near))] // the others stand in the report
			return fmt.Errorf("%w: %w", c.Err(f.want[i]), why)
		}
		if silent(c.Device) {
			return fmt.Errorf("%s could not be read: %w: %w", c.Device.Node, c.Device.ProbeErr, why)
		}
		if c.Missing > 0 {
			return fmt.Errorf("%s: %d of its devices are missing; rootflags=degraded mounts it without them: %w", f.want[i], c.Missing, why)
		}
	}
	return fmt.Errorf("%s: %w while %s", f.want[0], why, f.unsettled())
}

func (f *finder) twins(i int) error { return f.found[i].Err(f.want[i]) }

// unsettled says what keeps the choice open.
func (f *finder) unsettled() string {
	switch {
	case len(f.awaited()) > 0:
		return "a bus still scans: " + strings.Join(f.awaited(), ", ")
	case len(f.working) > 0:
		return "drivers are being loaded"
	case len(f.layers.running) > 0:
		return "volumes are being opened"
	}
	return "devices are being probed"
}
