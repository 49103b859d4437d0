package boot

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"time"

	"github.com/preroot/preroot/internal/safe"
	"github.com/preroot/preroot/pkg/blkid"
	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/initqueue"
	"github.com/preroot/preroot/pkg/uevent"
)

// probeLimit is how long one device may keep the choice of root waiting.
const probeLimit = 2 * time.Second

// sys is the tree of /sys.
func (b *Boot) sys() fs.FS {
	sys, err := fs.Sub(b.m.Files, "sys")
	if err != nil {
		return b.m.Files
	}
	return sys
}

// scanJob looks at the block devices that are there.
func (b *Boot) scanJob() initqueue.Job {
	return initqueue.Job{Key: "scan", Limit: moduleLimit, Run: func() initqueue.Event {
		defer b.spans.Start("scan", "block devices")(nil)
		s := scanned{number: uevent.LastNumber(b.sys())}
		for ev := range uevent.Scan(b.sys(), "block") {
			s.devices = append(s.devices, ev)
		}
		return s
	}}
}

// modaliasJob looks at what every device of the machine calls itself, or only where quick disks may be.
func (b *Boot) modaliasJob(quick bool) initqueue.Job {
	return initqueue.Job{Key: "modaliases", Limit: moduleLimit, Run: func() initqueue.Event {
		defer b.spans.Start("scan", "modaliases")(nil)
		found := aliased{quick: quick, aliases: map[string]uevent.Kind{}}
		look := uevent.Modaliases
		if quick {
			look = uevent.QuickModaliases
		}
		look(b.sys(), func(_, modalias, _ string) {
			found.aliases[modalias] = uevent.Wave(modalias)
		})
		return found
	}}
}

// busJob looks at which buses still scan.
func (b *Boot) busJob(doubts int) initqueue.Job {
	return initqueue.Job{Key: "buses", Limit: probeLimit, Run: func() initqueue.Event {
		return busState{busyBuses(b.sys()), uevent.LastNumber(b.sys()), doubts}
	}}
}

// busAlarm rings when a bus that scans is no longer waited for.
func busAlarm() initqueue.Job {
	return initqueue.Job{Key: "bus alarm", Run: func() initqueue.Event {
		<-time.After(busPatience)
		return lookAgain{}
	}}
}

// eventAlarm rings when an event that the kernel has sent should be here.
func eventAlarm(last uint64) initqueue.Job {
	return initqueue.Job{Key: fmt.Sprintf("event %d", last), Run: func() initqueue.Event {
		<-time.After(eventPatience)
		return eventsLate{last}
	}}
}

// probeJob reads what /sys says of a device and what is on it.
func (b *Boot) probeJob(d *device.Device) initqueue.Job {
	name, node, seq := d.Name, d.Node, d.Seq
	believe := optical(name) && b.finder.udevIdle != nil
	return initqueue.Job{Key: fmt.Sprintf("probe %s %d", name, seq), Limit: probeLimit, Run: func() initqueue.Event {
		end := b.spans.Start("probe", name)
		p := probed{name: name, seq: seq, facts: device.ReadFacts(b.sys(), name)}
		switch {
		case believe && b.noDisc(name):
			p.err = syscall.ENOMEDIUM
		case p.facts.Size > 0 && !skipProbe(name) && !p.facts.PartOfLV():
			p.info, p.err = b.probePatiently(node)
		}
		end(p.err)
		return p
	}}
}

// skipProbe names devices whose drive takes seconds to say that it is empty; they can still be root by name.
func skipProbe(name string) bool { return strings.HasPrefix(name, "fd") }

// probePatiently tries a device again that could not be read: a disk that starts up, or a path that is made anew, fails now and then. The
// pauses and the limit of the job bound it.
func (b *Boot) probePatiently(node string) (info *blkid.Info, err error) {
	for _, pause := range []time.Duration{50 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond} {
		if info, err = b.probe(node); err == nil || nothingThere(err) {
			return info, err
		}
		<-time.After(pause)
	}
	if info, err = b.probe(node); err != nil {
		err = b.sampled(node, err)
	}
	return info, err
}

// sampled adds to an error of reading whether a disk is dead or damaged in places.
func (b *Boot) sampled(node string, err error) error {
	disk, open := b.m.OpenDisk(node)
	if !errors.Is(err, syscall.EIO) || open != nil {
		return err
	}
	defer disk.Close()
	const places = 8
	size, sector := disk.Geometry()
	good, buf := 0, make([]byte, sector)
	for i := range int64(places) {
		if _, err := disk.ReadAt(buf, (i+1)*(size/places)/int64(sector)*int64(sector)-int64(sector)); err == nil {
			good++
		}
	}
	if good == 0 {
		return fmt.Errorf("%w; nor can any of %d other places: the disk, its cable or its controller is broken", err, places)
	}
	return fmt.Errorf("%w; %d of %d other places can be read: the disk answers, but is damaged in places", err, good, places)
}

// nothingThere says whether a node has no device behind it, or no medium in it: trying again does not help.
func nothingThere(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENXIO) || errors.Is(err, syscall.ENOMEDIUM)
}

func (b *Boot) probe(node string) (*blkid.Info, error) {
	disk, err := b.m.OpenDisk(node)
	if err != nil {
		return nil, err
	}
	defer disk.Close()
	size, sector := disk.Geometry()
	info, err := blkid.Probe(disk, size, sector)
	if err != nil {
		return nil, err
	}
	return &info, nil
}

// linkDevice makes the links of /dev/disk for a device that was probed, and for its partitions, which get names from it.
// A link that is there stays: of two devices with one name neither is preferred later.
func (b *Boot) linkDevice(inv *device.Inventory, d *device.Device) {
	if b.udevd != nil {
		return // its rules make them
	}
	b.tellUdev(d)
	for _, e := range inv.Devices() {
		if e != d && (e.Parent != d.Name || !e.Probed) {
			continue
		}
		for _, link := range inv.Links(e) {
			up := strings.Repeat("../", strings.Count(link, "/")-2)
			_ = b.m.Scratch.Symlink(up+strings.TrimPrefix(e.Node, "/dev/"), link)
		}
	}
}

// tellUdev leaves the real system's udev the word that a device of the device-mapper is ready. Without it the rules take the device for half made: it gets no link, and nothing that waits for it
// starts (10-dm.rules of LVM2; in Debian 55-dm.rules).
func (b *Boot) tellUdev(d *device.Device) {
	if d.DMName != "" && !d.PartOfLV() {
		b.warn(b.m.Scratch.WriteFile(udevEntry(d), []byte("E:DM_UDEV_PRIMARY_SOURCE_FLAG=1\n")))
	}
}

// forgetUdev takes the word back: the next device with that number is another one.
func (b *Boot) forgetUdev(d *device.Device) {
	if b.udevd == nil && d != nil && d.DMName != "" {
		_ = b.m.Scratch.Remove(udevEntry(d))
	}
}

// udevEntry is the file of a device in udev's database (sd-device of systemd).
func udevEntry(d *device.Device) string { return "/run/udev/data/b" + d.Number.String() }

// describeInfo says what is on a device, for the log.
func describeInfo(d *device.Device) string {
	var words []string
	for _, w := range []struct{ name, value string }{
		{"", d.FSType()}, {"label ", d.FSLabel()}, {"UUID ", d.FSUUID()}, {"table ", d.Probe.PTType},
	} {
		if w.value != "" {
			words = append(words, w.name+w.value)
		}
	}
	if len(words) == 0 {
		return "no signature"
	}
	return strings.Join(words, ", ")
}

// pump turns the kernel's messages into events of the loop, until the socket is closed. What comes while nobody waits stays in the socket's buffer.
func (b *Boot) pump() {
	b.spawn("uevents", nil, func() {
		for {
			ev, err := b.uevents.Receive()
			switch {
			case err == nil:
				b.deliver(ev)
			case errors.Is(err, uevent.ErrOverrun):
				b.deliver(overrun{})
			case errors.Is(err, fs.ErrClosed):
				return
			default:
				b.deliver(broken{fmt.Errorf("uevents: %w", err)})
				return
			}
		}
	})
	if b.m.Input != nil {
		b.spawn("power button", nil, b.watchPowerButton)
	}
}

// listenToParent makes PID 1's signals events of the loop, and answers its questions, from the first stage on: a hook of cmdline may take as long as one
// of the queue.
func (b *Boot) listenToParent() {
	b.spawn("signals", nil, func() {
		for n := range b.m.Signals {
			b.deliver(signal{n})
		}
	})
	if b.m.Asked != nil {
		b.spawn("signs of life", nil, b.answer)
	}
}

// deliver waits until somebody takes the event, or until the boot is over.
func (b *Boot) deliver(ev initqueue.Event) {
	select {
	case b.events <- ev:
	case <-b.over:
	}
}

// spawn starts every goroutine of the engine. A panic becomes a report.
func (b *Boot) spawn(name string, report func(name, trace string), f func()) {
	if report == nil {
		report = func(name, trace string) { b.m.Log.Errf("%s: %s", name, trace) }
	}
	safe.Go(name, report, f)
}
