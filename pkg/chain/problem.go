package chain

import (
	"fmt"
	"slices"
	"strings"
)

// Problem is what an image for this chain alone cannot do, or what could not be found out.
type Problem struct {
	Text   string // a sentence
	Weight Weight
	Device *Device // that it is about; nil for none
}

// Weight is what a problem means for a boot.
type Weight int

// The weights.
const (
	// Aside keeps nothing away that a boot cannot do without.
	Aside Weight = iota
	// Doubt may keep root away: it could not be found out.
	Doubt
	// Fatal keeps root away from an image of this builder, unless a hook in it does what /init does not.
	Fatal
)

func (w Weight) String() string { return [...]string{"problem", "doubt", "fatal"}[w] }

func (f *finder) problem(w Weight, d *Device, format string, args ...any) {
	p := Problem{fmt.Sprintf(format, args...), w, d}
	if !slices.ContainsFunc(f.c.Problems, func(o Problem) bool { return o.Text == p.Text }) {
		f.c.Problems = append(f.c.Problems, p)
	}
}

// weigh makes light of problems with devices that no boot waits for.
func (f *finder) weigh() {
	needed := f.c.Needed()
	for i := range f.c.Problems {
		if p := &f.c.Problems[i]; p.Device != nil && !needed[p.Device] {
			p.Weight = Aside
		}
	}
}

// Needed are the devices that a boot does not come to the real init without: those that needed goals lie on.
func (c *Chain) Needed() map[*Device]bool {
	needed := map[*Device]bool{}
	var take func(list []*Device)
	take = func(list []*Device) {
		for _, d := range list {
			if !needed[d] {
				needed[d] = true
				take(d.Below)
			}
		}
	}
	for _, g := range c.Goals {
		if g.Needed() {
			take(g.On)
		}
	}
	return needed
}

// Needed says whether /init goes on only when the goal is mounted: root, /usr, and what fstab wants in the initramfs.
func (g *Goal) Needed() bool {
	return g.Name == "/" || g.InFstab && !g.Entry.Options.Has("nofail")
}

// weight is that of a goal which cannot be reached: no device is waited for of what lies in memory.
func (g *Goal) weight() Weight {
	switch {
	case !g.Needed() || g.Entry.Type == "tmpfs" || g.Entry.Type == "ramfs":
		return Aside
	}
	return Fatal
}

// byNode says whether a needed goal on d, or on a partition that kpartx has made on it, is named by a node of the device-mapper: one that is there when the mapping is made, and not before.
func (c *Chain) byNode(d *Device) bool {
	return slices.ContainsFunc(c.Goals, func(g *Goal) bool {
		spec := g.Entry.Spec
		if g.Name == "/" {
			spec, _ = c.params.Get("root")
		}
		if spec == "" && len(g.On) > 0 {
			spec = g.On[0].name()
		}
		on := slices.ContainsFunc(g.On, func(o *Device) bool { return o == d || o.Kind == Mapper && slices.Contains(o.Below, d) })
		return g.Needed() && on && slices.ContainsFunc([]string{"/dev/mapper/", "/dev/dm-", "/dev/disk/by-id/dm-"}, func(p string) bool { return strings.HasPrefix(spec, p) })
	})
}
