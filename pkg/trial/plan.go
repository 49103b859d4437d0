package trial

import (
	"errors"
	"fmt"
	"strings"

	"github.com/preroot/preroot/pkg/chain"
)

// Plan is a machine that stands in for another one.
type Plan struct {
	Disks []*Disk
	// Words is the kernel's command line.
	Words string
	// Goals are what the boot is for: "/", "/usr", "resume".
	Goals []Goal
	// Untried is what the machine has, and its stand-in has not, a sentence each. Substitute says that a disk is on another bus than that of the machine.
	Untried    []string
	Substitute bool
	// Init is the path of the program that the stand-in of root starts.
	Init string
}

// Goal is what a boot mounts or resumes from.
type Goal struct {
	Name                             string // "/", "/usr", "resume"
	Spec, FSType, Options, Subvolume string // as fstab has them
	on                               *Volume
}

// Disk is one disk of the machine.
type Disk struct {
	Name string // of the machine's disk: "sda"
	Bus  Bus
	// Table is the kind of the partition table, "gpt" or "dos"; "" for a disk without, whose content is Whole.
	Table string
	Parts []*Part
	Whole *Volume
}

// Part is a partition.
type Part struct {
	Number      int
	UUID, Label string // "" for any
	Content     *Volume
}

// Volume is what lies on a disk, on a partition, in a volume.
type Volume struct {
	Name              string // what messages call it: "sda1"
	Type, UUID, Label string // as blkid(8) writes them: "ext4", "crypto_LUKS"; a Type of "" is nothing
	Version           int    // of LUKS
	Inner             *Volume
	Group             *Group // of a physical volume
	// Marks are the names of the goals that it holds.
	Marks []string
}

// Group is a volume group. All its volumes lie on its first physical volume, linear.
type Group struct {
	Name, ID string // the ID with hyphens
	PVs      []*Volume
	LVs      []*Logical
}

// Logical is a logical volume.
type Logical struct {
	Name, ID string
	Content  *Volume
}

// planner makes a plan of a chain.
type planner struct {
	plan    *Plan
	c       *chain.Chain
	volumes map[*chain.Device]*Volume
	disks   map[*chain.Device]*Disk
	groups  map[string]*Group
	errs    []error
}

// Of makes the plan of a machine for what its chain needs. words is its command line, "" for that which the chain was read for. An error says what of the chain has no stand-in, so that no boot can be tried.
func Of(c *chain.Chain, words string) (*Plan, error) {
	p := &planner{plan: &Plan{}, c: c, volumes: map[*chain.Device]*Volume{}, disks: map[*chain.Device]*Disk{}, groups: map[string]*Group{}}
	for _, d := range c.Devices {
		p.device(d)
	}
	for _, g := range c.Goals {
		p.goal(g)
	}
	if c.Goal("/") == nil {
		p.fail("the chain has no root")
	}
	if words == "" {
		words = c.Cmdline()
	}
	if words == "" { // nobody knows what the boot loader says: what an image would need
		words = strings.Join(c.Words(), " ")
	}
	p.plan.words(words)
	return p.plan, errors.Join(p.errs...)
}

func (p *planner) fail(format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf(format, args...))
}

func (p *Plan) untried(format string, args ...any) {
	p.Untried = append(p.Untried, fmt.Sprintf(format, args...))
}

// device takes a device in; those that it lies on are there already.
func (p *planner) device(d *chain.Device) {
	v := &Volume{Name: d.Name, Type: d.FSType, UUID: d.UUID, Label: d.Label}
	p.volumes[d] = v
	switch d.Kind {
	case chain.Disk:
		disk := &Disk{Name: d.Name, Whole: v}
		p.disks[d] = disk
		p.plan.Disks = append(p.plan.Disks, disk)
		p.plan.bus(disk, d.Hardware)
	case chain.Partition:
		p.partition(d, v)
	case chain.Crypt:
		p.crypt(d, v)
	case chain.LVM:
		p.logical(d, v)
	default:
		p.fail("%s: a stand-in of %s cannot be made", d, kindName(d.Kind))
	}
}

func kindName(k chain.Kind) string {
	switch k {
	case chain.MD:
		return "an array of MD"
	case chain.Multipath:
		return "a device with several paths"
	case chain.Loop:
		return "a loop device"
	}
	return "a device of the kind " + string(k)
}

func (p *planner) partition(d *chain.Device, v *Volume) {
	if len(d.Below) == 0 || p.disks[d.Below[0]] == nil {
		p.fail("%s: it is a partition of what is no disk; a stand-in cannot be made", d)
		return
	}
	disk := p.disks[d.Below[0]]
	part := &Part{Number: d.PartNumber, UUID: d.PartUUID, Label: d.PartLabel, Content: v}
	table := "gpt"
	if _, _, mbr := mbrUUID(part.UUID); mbr {
		table = "dos"
	} else if !isGUID(part.UUID) {
		if part.UUID != "" {
			p.plan.untried("%s: PARTUUID=%s is neither that of a GPT nor of an MBR", d.Name, part.UUID)
		}
		part.UUID = ""
	}
	if disk.Table != "" && disk.Table != table {
		p.fail("%s: its partition table has both kinds of PARTUUID", d.Below[0])
		return
	}
	if part.Number < 1 || part.Number > 128 {
		p.fail("%s: its partition number is not known, or above 128", d)
		return
	}
	disk.Table, disk.Whole = table, nil
	disk.Parts = append(disk.Parts, part)
}

// crypt puts what a LUKS volume holds into it.
func (p *planner) crypt(d *chain.Device, v *Volume) {
	if len(d.Below) != 1 || d.Below[0].FSType != "crypto_LUKS" {
		p.fail("%s: it is no LUKS volume with its header on its device; a stand-in cannot be made", d)
		return
	}
	below := p.volumes[d.Below[0]]
	below.Inner, below.Version = v, 2
	if strings.HasPrefix(d.DMUUID, "CRYPT-LUKS1-") {
		below.Version = 1
	}
	p.plan.untried("%s: another key, and the cipher aes-xts-plain64: key files, tokens and other ciphers", d.DMName)
}

// logical puts a volume into its group. Parts of others have no stand-in of their own.
func (p *planner) logical(d *chain.Device, v *Volume) {
	for _, up := range p.c.Devices {
		for _, b := range up.Below {
			if b == d && up.Kind == chain.LVM {
				return
			}
		}
	}
	id := strings.TrimPrefix(d.DMUUID, "LVM-")
	if len(id) < 64 || d.VG == "" || d.LV == "" {
		p.fail("%s: its IDs are not known; a stand-in cannot be made", d)
		return
	}
	g := p.groups[id[:32]]
	if g == nil {
		g = &Group{Name: d.VG, ID: spellID(id[:32])}
		p.groups[id[:32]] = g
	}
	g.LVs = append(g.LVs, &Logical{Name: d.LV, ID: spellID(id[32:64]), Content: v})
	if p.members(g, d) {
		p.plan.untried("%s/%s: it is not linear, and its stand-in is: thin pools, raids, snapshots and caches", d.VG, d.LV)
	}
}

// members takes the physical volumes below a volume into its group, and says whether there are other volumes between.
func (p *planner) members(g *Group, d *chain.Device) (parts bool) {
	for _, b := range d.Below {
		if b.Kind == chain.LVM && b.VG == d.VG {
			p.members(g, b)
			parts = true
			continue
		}
		v := p.volumes[b]
		switch {
		case v.Group == nil && v.Type == "LVM2_member":
			v.Group = g
			g.PVs = append(g.PVs, v)
		case v.Group != g:
			p.fail("%s: it holds volume group %s, and is no physical volume; a stand-in cannot be made", b, g.Name)
		}
	}
	return parts
}

// goal marks what a goal lies on.
func (p *planner) goal(g *chain.Goal) {
	if !strings.HasPrefix(g.Name, "/") && g.Name != "resume" {
		p.plan.untried("%s: it is on no disk of the trial", g.Name)
		return
	}
	if len(g.On) == 0 {
		p.fail("%s: what it lies on is not known", g.Name)
		return
	}
	v := p.volumes[g.On[0]]
	if v.Type == "" {
		v.Type = g.FSType
	}
	v.Marks = append(v.Marks, g.Name)
	for _, other := range g.On[1:] {
		p.volumes[other].Type = ""
	}
	if len(g.On) > 1 {
		p.plan.untried("%s: a file system on one of its %d devices", g.Name, len(g.On))
	}
	goal := Goal{Name: g.Name, Spec: g.Spec, FSType: v.Type, Subvolume: strings.Trim(g.Subvolume, "/"), on: v}
	if g.InFstab {
		goal.Options = g.Entry.Options.String()
	}
	if goal.Spec == "" {
		goal.Spec = "UUID=" + v.UUID
	}
	p.plan.Goals = append(p.plan.Goals, goal)
}

// Goal finds a goal by its name, nil if there is none.
func (p *Plan) Goal(name string) *Goal {
	for i := range p.Goals {
		if p.Goals[i].Name == name {
			return &p.Goals[i]
		}
	}
	return nil
}
