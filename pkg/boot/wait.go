package boot

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/mount"
	"github.com/preroot/preroot/pkg/rootfs"
)

// Why a wait ends without what was waited for.
var (
	errNoRoot   = errors.New("no root= on the command line; name the root file system, for example by its UUID: root=UUID=1234-ABCD")
	errDeadline = errors.New("the deadline has passed")
)

// waitForRoot waits until the device that root= names is there and is the only one that answers.
func (b *Boot) waitForRoot() error {
	if b.config.Root == "" {
		b.finder.aim()
		return b.wait("any block device", b.config.RootWait)
	}
	source, err := rootfs.Parse(b.config.Root)
	if err != nil {
		return err
	}
	b.finder.aim(source.Device)
	if err := b.wait(source.String(), b.config.RootWait); err != nil {
		return err
	}
	b.root, b.members = b.finder.found[0].Device, b.finder.found[0].Members
	b.m.Log.Notef("root: %s is %s", source, b.root.Describe())
	return nil
}

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
	defer func(end func(error)) { end(err) }(b.spans.Start("wait", what))
	b.m.Parent.Wait(what, limit)
	b.loop.Limit = limit
	return b.loop.Run()
}

// notFound makes the failure of a wait: what was wanted, and what was almost meant.
func (f *finder) notFound(why error) error {
	if len(f.want) == 0 {
		return why
	}
	for i, c := range f.found {
		if c.Device == nil {
			return fmt.Errorf("%w: %w", c.Err(f.want[i]), why)
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
	}
	return "devices are being probed"
}

// busyBuses names what still scans and may bring another candidate, per bus; "Which bus still scans" in
// docs/architecture.md has the reasons. The drivers of SCSI, ATA and NVMe scan before the load of their module returns (async_synchronize_full
// in do_init_module, kernel/module/main.c), so what is left are controllers that reset and USB disks.
func busyBuses(sys fs.FS) []string {
	return append(busyNVMe(sys), busyUSB(sys)...)
}

func busyNVMe(sys fs.FS) []string {
	var busy []string
	for _, name := range dirNames(sys, "class/nvme") {
		switch readWord(sys, "class/nvme/"+name+"/state") {
		case "new", "resetting", "connecting":
			busy = append(busy, name)
		}
	}
	return busy
}

// busyUSB names the interfaces bound to a storage driver whose host has no device yet: usb-storage waits delay_use
// seconds before it scans. An interface that stays empty (a card reader's hub without a unit) counts for that time only.
func busyUSB(sys fs.FS) []string {
	var busy []string
	for _, driver := range []string{"usb-storage", "uas"} {
		for _, name := range dirNames(sys, "bus/usb/drivers/"+driver) {
			if strings.Contains(name, ":") && !hasSCSIDevice(sys, "bus/usb/drivers/"+driver+"/"+name) {
				busy = append(busy, "usb "+name)
			}
		}
	}
	return busy
}

// hasSCSIDevice looks for hostN/targetN:0:0 below an interface: the scan has found something.
func hasSCSIDevice(sys fs.FS, dir string) bool {
	for _, host := range dirNames(sys, dir) {
		if !strings.HasPrefix(host, "host") {
			continue
		}
		for _, target := range dirNames(sys, dir+"/"+host) {
			if strings.HasPrefix(target, "target") {
				return true
			}
		}
	}
	return false
}

func dirNames(sys fs.FS, dir string) []string {
	entries, err := fs.ReadDir(sys, dir)
	if err != nil {
		return nil
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names
}

func readWord(sys fs.FS, name string) string {
	data, err := fs.ReadFile(sys, name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}
