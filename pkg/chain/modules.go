package chain

import (
	"path"
	"slices"
	"strings"

	"github.com/preroot/preroot/pkg/mount"
)

// Kernel is the kernel that the image is for; names are written with '_'.
type Kernel interface {
	// Resolve gives the modules that a name or an alias stands for; builtin says that the kernel has in it one that it stands for.
	Resolve(word string) (names []string, builtin bool)
	// Path is the file of a module, "kernel/fs/ext4/ext4.ko", "" for none.
	Path(name string) string
	// Firmware lists the files that a module may ask for, as its "firmware=" lines have them.
	Firmware(name string) ([]string, error)
}

// Module is something of the target kernel that the chain needs.
type Module struct {
	// Name is the module; when the kernel has it built in, or does not have it, the word that was looked up.
	Name string
	// For says which link needs it.
	For string
	// Driver says that it is for hardware, and Bound that the hardware is driven by it now.
	Driver, Bound bool
	// Early says that it stands between power-on and root.
	Early bool
	// Builtin says that it is part of the kernel, Missing that this kernel does not have it.
	Builtin, Missing bool
}

// Modules lists what a kernel must have for the chain, in the order in which it is needed; typing says that a person may have to type.
func (c *Chain) Modules(k Kernel, typing bool) []Module {
	l := &lookup{k: k}
	for _, d := range c.Devices {
		l.device(d)
	}
	for _, g := range c.Goals {
		l.fileSystem(g)
	}
	if c.needsProcessor() {
		l.processor(c.Processor)
	}
	if !typing && !c.Has(Crypt) {
		return l.list
	}
	for _, b := range c.Inputs {
		l.bus(b, "input", false)
	}
	for _, word := range inputWords {
		l.word(Word{Name: word, Wish: true}, "input")
	}
	return l.list
}

// Links gives for each device of the chain, by name, the modules of that link alone.
func (c *Chain) Links(k Kernel) map[string][]Module {
	links := map[string][]Module{}
	for _, d := range c.Devices {
		l := &lookup{k: k}
		l.device(d)
		links[d.Name] = l.list
	}
	return links
}

// FileSystem gives the modules of the file system of a goal.
func (c *Chain) FileSystem(k Kernel, g *Goal) []Module {
	l := &lookup{k: k}
	l.fileSystem(g)
	return l.list
}

// lookup collects modules.
type lookup struct {
	k    Kernel
	list []Module
}

// add takes a module in; what is there already may become early.
func (l *lookup) add(m Module) {
	for i := range l.list {
		if l.list[i].Name == m.Name {
			l.list[i].Early = l.list[i].Early || m.Early
			l.list[i].Bound = l.list[i].Bound || m.Bound
			l.list[i].Missing = l.list[i].Missing && m.Missing
			return
		}
	}
	l.list = append(l.list, m)
}

func (l *lookup) device(d *Device) {
	for _, b := range d.Hardware {
		l.bus(b, d.Name, true)
	}
	for _, w := range d.Words {
		l.word(w, d.Name)
	}
}

// word looks up something that is no driver.
func (l *lookup) word(w Word, what string) {
	names, builtin := l.k.Resolve(w.Name)
	for _, name := range names {
		l.add(Module{Name: name, For: what, Early: w.Early})
	}
	if len(names) == 0 && (builtin || !w.Wish) {
		l.add(Module{Name: w.Name, For: what, Early: w.Early, Builtin: builtin, Missing: !builtin})
	}
}

// bus looks up the drivers of a piece of hardware: every module that its modalias matches, as modprobe loads them, and the one whose driver it has now. A modalias that nobody knows is nothing to
// tell of: most bridges have one.
func (l *lookup) bus(b Bus, what string, early bool) {
	names, builtin := []string(nil), false
	if b.Modalias != "" {
		names, builtin = l.k.Resolve(b.Modalias)
	}
	bound := strings.ReplaceAll(b.Module, "-", "_")
	if bound != "" && !slices.Contains(names, bound) {
		found, inside := l.k.Resolve(bound)
		names, builtin = append(names, found...), builtin || inside
		if len(names) == 0 && !builtin {
			l.add(Module{Name: bound, For: what, Driver: true, Bound: true, Early: early, Missing: true})
			return
		}
	}
	for _, name := range names {
		l.add(Module{Name: name, For: what, Driver: true, Bound: name == bound || b.Driver != "" && len(names) == 1, Early: early})
	}
}

// fileSystem looks up a type, and the one that a probe finds if that is another name.
func (l *lookup) fileSystem(g *Goal) {
	if g.Name == "resume" || g.FSType == "" || g.FSType == "swap" {
		return
	}
	for _, word := range mount.ModuleNames(g.FSType) {
		// A kernel that has the type built in knows no alias for it, but for those since depmod of kmod 27.
		if names, builtin := l.k.Resolve(word); len(names) == 0 && !builtin {
			word = g.FSType
		}
		l.word(Word{Name: word, Early: true}, g.Name)
	}
	if g.FSType == "vfat" || g.FSType == "exfat" {
		l.word(Word{Name: "nls_utf8", Wish: true}, g.Name)
	}
}

// needsProcessor says whether ciphers or checksums are on the way.
func (c *Chain) needsProcessor() bool {
	return c.Has(Crypt) || slices.ContainsFunc(c.Goals, func(g *Goal) bool { return g.FSType == "btrfs" })
}

// processor takes in what the processor has for ciphers and hashes; it has drivers for much else.
func (l *lookup) processor(list []Bus) {
	for _, b := range list {
		names, _ := l.k.Resolve(b.Modalias)
		for _, name := range names {
			if strings.Contains(path.Dir(l.k.Path(name)), "crypto") {
				l.add(Module{Name: name, For: "cpu", Driver: true})
			}
		}
	}
}
