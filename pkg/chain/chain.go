package chain

import (
	"fmt"
	"slices"

	"github.com/preroot/preroot/pkg/cmdline"
	"github.com/preroot/preroot/pkg/crypttab"
	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/lvm"
	"github.com/preroot/preroot/pkg/mount"
)

// Chain is what the file systems of a boot stand on.
type Chain struct {
	Goals   []*Goal
	Devices []*Device // each behind those that it lies on
	// Inputs is the hardware that a person needs who has to type: keyboards, USB hosts, displays without which nothing is seen.
	Inputs []Bus
	// Processor is the hardware whose drivers speed ciphers and checksums up: one processor stands for all.
	Processor []Bus
	Problems  []Problem
	// Notes are what is odd and does no harm.
	Notes []string
	// SystemID says that a volume group belongs to one machine (lvmsystemid(7)): the image has to say which one it is.
	SystemID bool
	// Left are the devices of the machine that no goal needs, with the reason.
	Left []Left

	params   cmdline.Params
	crypttab []crypttab.Entry
	lines    []string // of the crypttab, as they are
	root     string   // of the sysroot, for messages
}

// Goal is what a boot is for: a file system that is mounted before the real init starts, or the swap area that a suspended system is resumed from.
type Goal struct {
	// Name is "/", "/usr" or another directory, "resume", or what a volume is opened with: "key of NAME", "header of NAME"; a device that was asked for has its own name.
	Name string
	// Spec is how fstab or the word names it, "" when neither does.
	Spec string
	// FSType is the type that it is mounted with, or that fstab or the probe names.
	FSType string
	// Subvolume is the part of the file system that is mounted, for btrfs: "/@"; "" for all of it.
	Subvolume string
	// Entry is its line of fstab, when there is one (InFstab).
	Entry   mount.Entry
	InFstab bool
	// On are the devices that hold it: more than one for a btrfs, zfs or bcachefs of several.
	On []*Device
}

// Kind is what makes a device.
type Kind string

// The kinds of devices.
const (
	Disk      Kind = "disk"
	Partition Kind = "partition"
	Crypt     Kind = "crypt"     // dm-crypt, LUKS or plain
	LVM       Kind = "lvm"       // a logical volume, or a hidden part of one
	Multipath Kind = "multipath" // of the device-mapper; the paths lie below
	Mapper    Kind = "dm"        // another mapping
	MD        Kind = "md"
	Loop      Kind = "loop"
	Bcache    Kind = "bcache"
)

// Device is a block device of the chain.
type Device struct {
	Name string // the kernel's, "dm-0"
	Node string // "/dev/dm-0"
	device.Number
	Kind Kind
	// FSType, UUID and Label are those of what lies on it ("crypto_LUKS"), PartUUID, PartLabel and PartNumber those of the partition.
	FSType, UUID, Label, PartUUID, PartLabel string
	PartNumber                               int
	// DMName and DMUUID are the device-mapper's, VG and LV the volume that people see.
	DMName, DMUUID string
	VG, LV         string
	// Level is that of an array, "raid1"; UUID is on its members.
	Level string
	// File is what a loop device shows.
	File string
	// Transport is how a disk is attached, as device.Facts has it.
	Transport string
	// Words are what the kernel must have for this link besides its hardware, as modprobe takes them.
	Words []Word
	Below []*Device
	// Hardware leads from the bus of the processor to the disk, suppliers before those who need them.
	Hardware []Bus
	// Used are the places where it is mounted.
	Used []string
}

// Word is something that the target kernel must have.
type Word struct {
	Name string // of a module, or an alias
	// Early says that it belongs to the way to root and is loaded first; other words lie in the image until the kernel asks.
	Early bool
	// Wish says that a kernel may do without.
	Wish bool
}

// Left is a device that is left out.
type Left struct{ Device, What, Reason string }

func (l Left) String() string {
	if l.What == "" {
		return l.Device + ": " + l.Reason
	}
	return l.Device + " " + l.What + ": " + l.Reason
}

// LeftOut lists the devices of the machine that are no part of the chain.
func (c *Chain) LeftOut() []Left { return c.Left }

// Goal is the goal of a name, nil when there is none.
func (c *Chain) Goal(name string) *Goal {
	for _, g := range c.Goals {
		if g.Name == name {
			return g
		}
	}
	return nil
}

// Has says whether a device of this kind is part of the chain.
func (c *Chain) Has(k Kind) bool {
	return slices.ContainsFunc(c.Devices, func(d *Device) bool { return d.Kind == k })
}

// finder collects a chain.
type finder struct {
	h      *Host
	c      *Chain
	all    []mounted // on the machine
	mounts []mounted // those that say what a goal is
	fstab  []mount.Entry
	inv    *device.Inventory
	known  map[string]*Device
	groups map[string]*lvm.Group // by ID
}

// Read finds the chain of a machine. An error says why it cannot be known, and what to do instead.
func Read(h Host) (*Chain, error) {
	f := &finder{h: &h, c: &Chain{root: h.Root}, known: map[string]*Device{}}
	f.readTables()
	f.inv = h.inventory()
	if err := f.findRoot(); err != nil {
		return nil, fmt.Errorf("%w; an image for this host alone cannot be made: say --generic, or name the drivers by --drivers", err)
	}
	f.findOthers()
	f.findResume()
	f.findAdded()
	f.findKeys()
	f.layers()
	f.weigh()
	f.findInputs()
	f.leftOut()
	return f.c, nil
}

// readTables reads what is written about file systems and volumes.
func (f *finder) readTables() {
	f.c.params = f.h.params()
	f.all = readMounts(f.h.read(f.h.Proc, "self/mountinfo"))
	if !f.h.UseFstab {
		f.mounts = f.all
	}
	var problems []error
	f.fstab, problems = mount.ParseFstab(f.h.read(f.h.Files, "etc/fstab"))
	for _, p := range problems {
		f.c.Notes = append(f.c.Notes, p.Error())
	}
	f.readCrypttab(f.h.read(f.h.Files, "etc/crypttab"))
}

func (f *finder) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(f.c.Notes, text) {
		f.c.Notes = append(f.c.Notes, text)
	}
}
