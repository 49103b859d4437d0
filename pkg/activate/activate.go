// Package activate makes the devices of logical volumes that a boot needs: what cmd/lvm, the helper of an image, does. It knows pkg/lvm, which says what an active volume is, and the kernel's
// device-mapper; it writes nothing to a disk.
package activate

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/lvm"
)

// Disk is an open block device.
type Disk interface {
	io.ReaderAt
	io.Closer
	// Geometry is the size in bytes, and that of a logical sector.
	Geometry() (size int64, sector int)
	// Number is the device number, as text: "254:0".
	Number() string
}

// Mapper is the device-mapper; *linux.Mapper is the kernel's.
type Mapper interface {
	Create(name, uuid string) (linux.MapperDevice, error)
	Load(name string, table []linux.MapperTarget, how linux.MapperLoad) error
	Resume(name string, udev uint16) error
	Remove(name string, deferred bool) error
	Keep(name string) error
	Device(name string) (linux.MapperDevice, error)
	Status(name string) ([]linux.MapperTarget, error)
}

// Machine is what activating asks of the machine.
type Machine struct {
	Open   func(node string) (Disk, error)
	Mapper Mapper
	// Say takes a line on what was done, Lack one on what is missing, refused or damaged.
	Say, Lack func(line string)
}

// Request says what is to be active.
type Request struct {
	// For are the devices that the boot waits for.
	For []device.Ref
	// Locked are volumes of another layer that it is to open.
	Locked []device.Ref
	// VGs are groups whose volumes all come up (rd.lvm.vg=), LVs volumes as VG/LV (rd.lvm.lv=).
	VGs, LVs []string
	// Degraded lets a raid go without legs that are missing.
	Degraded bool
	// NoConf leaves the image's lvm.conf unread (rd.lvm.conf=0). SystemIDs are those that are ours (lvmsystemid(7)).
	NoConf    bool
	SystemIDs []string
	// Nodes are the physical volumes that are there.
	Nodes []string
}

// Run activates what the request names, as far as it is there. What is missing or refused is said, and is no error: more may come.
func Run(m Machine, r Request) error {
	a := &activator{Machine: m, Request: r, disks: map[string]Disk{}}
	defer a.close()
	a.read()
	list := a.choose()
	if a.twins != nil {
		return a.twins
	}
	for _, v := range list {
		if err := a.activate(v); err != nil {
			return err
		}
	}
	return nil
}

// ErrTwins says that a copy has come of what is active: nobody knows which one is in use.
var ErrTwins = errors.New("there are two of what is in use")

// volume is a logical volume that is to be active.
type volume struct {
	group *lvm.Group
	name  string
}

func (v volume) String() string { return v.group.VG.Name + "/" + v.name }

type activator struct {
	Machine
	Request
	disks  map[string]Disk // by the UUID of the physical volume
	groups []*lvm.Group
	opened []Disk
	twins  error
}

func (a *activator) say(format string, args ...any)  { a.Say(fmt.Sprintf(format, args...)) }
func (a *activator) lack(format string, args ...any) { a.Lack(fmt.Sprintf(format, args...)) }

func (a *activator) close() {
	for _, d := range a.opened {
		d.Close()
	}
}

// read reads the metadata of every physical volume. One that cannot be read is said, and is as if it were not there.
func (a *activator) read() {
	var members []lvm.Member
	for _, node := range a.Nodes {
		d, err := a.Open(node)
		if err != nil {
			a.lack("%v", err)
			continue
		}
		a.opened = append(a.opened, d)
		size, _ := d.Geometry()
		pv, err := lvm.ReadPV(d, size)
		if err != nil {
			a.lack("%s: %v", node, err)
			continue
		}
		for _, note := range pv.Notes {
			a.lack("%s: %s", node, note)
		}
		members = append(members, lvm.Member{Device: node, PV: pv})
		a.disks[pv.UUID] = d
	}
	a.groups = lvm.Groups(members)
	for _, g := range a.groups {
		for _, note := range g.Notes {
			a.lack("%s", note)
		}
	}
}

// usable are the groups that may be touched; of each other one it is said why not.
func (a *activator) usable() (list []*lvm.Group) {
	for _, g := range a.groups {
		if _, err := lvm.Find(a.groups, g.VG.Name); err != nil {
			a.refuse(g, err)
		} else if err := g.Usable(a.SystemIDs); err != nil {
			a.refuse(g, err)
		} else {
			list = append(list, g)
		}
	}
	return list
}

// refuse says why a group is not touched. If it is in use already, and there are two of it, the boot must not go on from it.
func (a *activator) refuse(g *lvm.Group, why error) {
	a.lack("%v", why)
	var r *lvm.RefusedError
	if !errors.As(why, &r) || r.Reason != lvm.Duplicate && r.Reason != lvm.Ambiguous {
		return
	}
	for _, l := range g.VG.LVs {
		if d, err := a.Mapper.Device(lvm.DMName(g.VG.Name, l.Name, "")); err == nil && d.Active && strings.HasPrefix(d.UUID, "LVM-") {
			a.twins = fmt.Errorf("%w: %w", ErrTwins, why)
		}
	}
}

// choose lists the volumes that are to be active.
func (a *activator) choose() (list []volume) {
	groups := a.usable()
	add := func(v volume) {
		if !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	for _, g := range groups {
		for _, l := range g.VG.LVs {
			v := volume{g, l.Name}
			if g.VG.MayHoldRoot(l) && (slices.Contains(a.LVs, v.String()) || slices.Contains(a.VGs, g.VG.Name) || a.named(g.VG.Name, l.Name)) {
				add(v)
			}
		}
	}
	for _, ref := range a.For {
		if ref.ByContent() || isMapping(ref) {
			for _, v := range a.holders(groups, ref, true) {
				add(v)
			}
		}
	}
	for _, ref := range a.Locked {
		for _, v := range a.holders(groups, ref, false) {
			add(v)
		}
	}
	return list
}

// isMapping says whether the boot waits for a device of the device-mapper whose name is no logical volume's: in those a dash parts group and volume (lvm(8)). Another layer makes it, out of what may
// lie in a volume.
func isMapping(r device.Ref) bool {
	name, ok := strings.CutPrefix(r.Value, "/dev/mapper/")
	return ok && !strings.Contains(name, "-")
}

// named says whether the boot waits for the volume by its name.
func (a *activator) named(vg, lv string) bool {
	return slices.ContainsFunc(a.For, func(r device.Ref) bool {
		return r.Value == "/dev/"+vg+"/"+lv || r.Value == "/dev/mapper/"+lvm.DMName(vg, lv, "")
	})
}
