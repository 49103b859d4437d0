package rescue

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/safe"
	"github.com/preroot/preroot/pkg/blkid"
	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/uevent"
)

// blkid shows every block device that has a size, or the one that is named in any form that root= takes.
func (c *call) blkid(args []string) error {
	if len(args) > 1 {
		return errUsage
	}
	inv := c.inventory()
	if len(args) == 1 {
		d, err := c.find(inv, args[0])
		if err != nil {
			return err
		}
		return c.describe(d)
	}
	for _, d := range inv.Devices() {
		if d.HasFacts && d.Size == 0 {
			continue
		}
		if err := c.describe(d); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) describe(d *device.Device) error {
	line := describe(d)
	if id := d.PartUUID(); id != "" && !strings.Contains(line, "PARTUUID") {
		line += ", PARTUUID " + id
	}
	return c.print(line)
}

// looked is what was found on a device.
type looked struct {
	name  string
	seq   uint64
	facts device.Facts
	info  *blkid.Info
	err   error
}

const (
	// lookLimit is how long all devices together are waited for once the last of them was begun.
	lookLimit = 5 * time.Second
	// maxLooks bounds the devices that are read at the same time: each keeps a thread.
	maxLooks = 16
)

// errSilent is the error of a device that did not answer within lookLimit.
var errSilent = errors.New("it does not answer")

// inventory looks at every block device now. A device that does not answer is passed over, and keeps its job.
func (c *call) inventory() *device.Inventory {
	sys, err := fs.Sub(c.sys.Files, "sys")
	inv := device.NewInventory()
	if err != nil {
		return inv
	}
	for ev := range uevent.Scan(sys, "block") {
		inv.Apply(ev)
	}
	results := make(chan looked, len(inv.Devices()))
	free := make(chan struct{}, maxLooks)
	limit := time.NewTimer(lookLimit)
	defer limit.Stop()
	waiting := 0
	for _, d := range inv.Devices() {
		select {
		case free <- struct{}{}:
		case <-limit.C:
			limit.Reset(0) // the rest too
			_ = inv.SetProbe(d.Name, d.Seq, nil, errSilent)
			continue
		}
		waiting++
		l := looked{name: d.Name, seq: d.Seq}
		node := d.Node
		c.beside(func() {
			results <- c.look(sys, node, l)
			<-free
		})
	}
	for ; waiting > 0; waiting-- {
		select {
		case l := <-results:
			c.alive.Add(1)
			inv.SetFacts(l.name, l.seq, l.facts)
			inv.SetProbe(l.name, l.seq, l.info, l.err)
		case <-limit.C:
			silence(inv)
			return inv
		case <-c.stop:
			return inv
		}
	}
	return inv
}

// silence marks the devices that have not answered.
func silence(inv *device.Inventory) {
	for _, d := range inv.Unprobed() {
		inv.SetProbe(d.Name, d.Seq, nil, errSilent)
	}
}

// look reads a device; a drive for floppy disks is left alone, since it takes seconds to say that it is empty.
func (c *call) look(sys fs.FS, node string, l looked) looked {
	l.facts = device.ReadFacts(sys, l.name)
	if l.facts.Size == 0 || strings.HasPrefix(l.name, "fd") || c.sys.OpenDisk == nil {
		return l
	}
	disk, err := c.sys.OpenDisk(node)
	if err != nil {
		l.err = err
		return l
	}
	defer disk.Close()
	size, sector := disk.Geometry()
	info, err := blkid.Probe(disk, size, sector)
	l.info, l.err = &info, err
	if err != nil {
		l.info = nil
	}
	return l
}

// beside runs f beside the command.
func (c *call) beside(f func()) { safe.Go(c.args[0], nil, f) }

// find is the device that a text means, in the forms of root=.
func (c *call) find(inv *device.Inventory, text string) (*device.Device, error) {
	ref, err := device.ParseRef(c.resolved(text))
	if err != nil {
		return nil, err
	}
	choice := inv.Find(ref)
	return choice.Device, choice.Err(ref)
}

// resolved follows links under /dev, such as those that a program of the image has made.
func (c *call) resolved(text string) string {
	if !strings.HasPrefix(text, "/dev/") {
		return text
	}
	p, err := device.Resolve(text, func(p string) (string, error) { return fs.ReadLink(c.sys.Files, rel(p)) })
	if err != nil {
		return text
	}
	return p
}

// mount mounts a device, or lists what is mounted.
func (c *call) mount(args []string) error {
	fstype, options := "", ""
	for len(args) >= 2 && (args[0] == "-t" || args[0] == "-o") {
		if args[0] == "-t" {
			fstype = args[1]
		} else {
			options = args[1]
		}
		args = args[2:]
	}
	switch {
	case len(args) == 0 && fstype == "" && options == "":
		return c.mounts()
	case len(args) != 2 || c.sys.Mounter == nil:
		return errUsage
	}
	source, fstype, err := c.source(args[0], fstype)
	if err != nil {
		return err
	}
	return c.sys.Mounter.Mount(source, absolute(c.dir, args[1]), fstype, options)
}

// source is what to mount, and its type where none was given. A type such as tmpfs takes any source.
func (c *call) source(text, fstype string) (node, kind string, err error) {
	if fstype != "" && !strings.Contains(text, "=") {
		return text, fstype, nil
	}
	d, err := c.find(c.inventory(), text)
	switch {
	case err != nil:
		return "", "", err
	case fstype != "":
		return d.Node, fstype, nil
	case d.ProbeErr != nil:
		return "", "", fmt.Errorf("%s: %w", d.Node, d.ProbeErr)
	case d.FSType() == "":
		return "", "", fmt.Errorf("%s holds nothing that is recognised; name the type with -t", d.Node)
	}
	return d.Node, d.FSType(), nil
}

// mounts lists /proc/self/mounts (fstab(5)).
func (c *call) mounts() error {
	text, err := fs.ReadFile(c.sys.Files, "proc/self/mounts")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 4 {
			continue
		}
		if err := c.printf("%s on %s type %s (%s)", f[0], f[1], f[2], f[3]); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) umount(args []string) error {
	if len(args) == 0 || c.sys.Mounter == nil {
		return errUsage
	}
	for _, a := range args {
		if err := c.sys.Mounter.Unmount(absolute(c.dir, a)); err != nil {
			return fmt.Errorf("%s: %w", a, err)
		}
	}
	return nil
}
