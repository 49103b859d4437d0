package image

import (
	"bytes"
	"context"
	"debug/elf"
	"fmt"
	"os"
	"path"

	"github.com/preroot/preroot/pkg/uki"
)

// Build makes the image and puts it at Output in one step: until it is whole and on the disk, an older image there
// stays as it is. When ctx ends before that, nothing is left behind.
func Build(ctx context.Context, o Options) (Summary, error) {
	if !o.Generic && !o.HostOnly && len(o.Drivers) == 0 {
		return Summary{}, fmt.Errorf("which modules? Say --host-only for this machine, --generic, or --drivers \"NAME ...\" for known hardware")
	}
	if err := checkTarget(o.Output, o.Force || o.IfChanged); err != nil {
		return Summary{}, err
	}
	in, err := o.gather()
	if err != nil {
		return Summary{}, err
	}
	defer in.modules.remove()
	if ctx.Err() != nil {
		return Summary{}, context.Cause(ctx)
	}
	c, err := choose(in.tree, &o, in.ram, in.modules)
	if err != nil {
		return Summary{}, err
	}
	if err := c.checkMachine(o.Init, in.init); err != nil {
		return Summary{}, err
	}
	if err := c.checkOrder(); err != nil {
		return Summary{}, err
	}
	s := c.summary()
	s.Warnings = append(s.Warnings, o.idle()...)
	if o.Chain != nil {
		s.Left = o.Chain.LeftOut()
	}
	s.InitBytes = int64(len(in.init))
	s.Warnings = append(s.Warnings, in.modules.warnings()...)
	data, err := assemble(&o, c, in, &s)
	if err != nil || s.Unchanged {
		return s, err
	}
	return s, o.place(ctx, in, data, &s)
}

// inputs are what was read before it is decided what goes in.
type inputs struct {
	init    []byte
	tree    *tree
	parts   uki.Parts // of a UEFI executable, if one is made
	ram     *classic
	modules *modules // of dracut
}

// gather reads them, and finds the way to root of a host-only image.
func (o *Options) gather() (in inputs, err error) {
	if in.init, err = readInit(o.Init); err != nil {
		return in, err
	}
	if in.tree, err = openTree(o.ModulesDir, o.KVER); err != nil {
		return in, err
	}
	if err := o.findChain(); err != nil {
		return in, err
	}
	if o.UEFI {
		if in.parts, err = o.uefiParts(in.tree.kver); err != nil {
			return in, err
		}
	}
	if in.ram, err = readClassic(o.Initrd); err != nil {
		return in, err
	}
	if err := o.chooseCompression(in.tree); err != nil {
		return in, err
	}
	in.modules, err = runModules(o, in.tree)
	return in, err
}

// place puts the image where it belongs, if it is good.
func (o *Options) place(ctx context.Context, in inputs, data []byte, s *Summary) (err error) {
	if o.Judge != nil {
		if err := o.Judge(data, o.Chain); err != nil {
			return err
		}
	}
	if o.UEFI {
		if data, err = o.wrap(in.parts, data, s); err != nil {
			return err
		}
	}
	s.Image, s.ImageBytes = o.Output, int64(len(data))
	if o.MakeFolder {
		if err := os.MkdirAll(path.Dir(o.Output), 0o755); err != nil {
			return err
		}
	}
	return writeImage(ctx, o.Output, data)
}

func (c *choice) summary() Summary {
	s := Summary{KVER: c.tree.kver, Modules: c.names(), Chain: c.chain, Builtin: c.builtin, Omitted: c.omitted, Absent: c.absent, Warnings: c.warnings}
	s.LeftOut = len(c.tree.order) - len(s.Modules)
	return s
}

// assemble lays the image out; see the package comment for the order.
func assemble(o *Options, c *choice, in inputs, s *Summary) ([]byte, error) {
	s.Compression = o.Compress.String()
	raw, err := c.read()
	if err != nil {
		return nil, err
	}
	early, err := microcode(o, c, in.init, s)
	if err != nil {
		return nil, err
	}
	first, rest := newLayout(), newLayout()
	if err := rest.addRest(o, c, in, s); err != nil {
		return nil, err
	}
	s.Warnings = append(s.Warnings, o.leftKeys(rest)...)
	first.links = rest.links
	if err := placeClassic(in.ram, first, rest); err != nil {
		return nil, err
	}
	made, err := c.newManifest(o, raw, early, first, rest)
	if err != nil {
		return nil, err
	}
	old := readOld(o.Output)
	if o.unchanged(made, old, s) {
		return nil, nil
	}
	s.Warnings = append(s.Warnings, old.dropped(o.Output)...)
	if err := rest.add(made.entry()); err != nil {
		return nil, err
	}
	if err := c.addModules(o, raw, first, rest, s); err != nil {
		return nil, err
	}
	indexes, err := c.indexes(filesOf(raw))
	if err != nil {
		return nil, err
	}
	if err := rest.add(indexes...); err != nil {
		return nil, err
	}
	name(first, rest)
	o.progress("packing by "+o.Compress.Kind, 0, 0)
	return joined(early, first, rest, o.Compress)
}

// addModules packs the modules: those that a boot may leave alone one by one, in front of what is compressed as a whole.
func (c *choice) addModules(o *Options, raw []rawModule, first, rest *layout, s *Summary) error {
	f, words := plain, "uncompressed in the compressed part: all of them are loaded"
	if o.Generic {
		f, words = kernelForm(c.tree), "one by one by gzip, unpacked by /init"
		if f == asFound {
			words = "one by one as on the host (" + c.tree.suffix() + "), unpacked by the kernel"
		}
	}
	s.ModuleForm = words
	quick := c.quick()
	formOf := func(name string) form {
		if quick[name] {
			return plain
		}
		return f
	}
	packed, err := c.pack(raw, formOf, o.progress)
	if err != nil {
		return err
	}
	for i, e := range packed {
		s.ModuleBytes += int64(len(e.Data))
		where := first
		if formOf(raw[i].name) == plain {
			where = rest
		}
		if err := where.add(e); err != nil {
			return err
		}
	}
	return nil
}

// addRest takes in all but modules and their indexes.
func (l *layout) addRest(o *Options, c *choice, in inputs, s *Summary) error {
	system, warnings, err := installed(o, c.checkers(o), in.init)
	if err != nil {
		return err
	}
	s.Warnings = append(s.Warnings, warnings...)
	if err := system.modules(in.modules); err != nil {
		return err
	}
	l.links = system.links
	if err := l.addBase(o, c, in.init, in.ram, in.modules); err != nil {
		return err
	}
	helper, err := modulesHelper(o, s)
	if err != nil {
		return err
	}
	if err := l.add(helper...); err != nil {
		return err
	}
	tables, warnings, err := consoleFiles(o)
	if err != nil {
		return err
	}
	s.Warnings = append(s.Warnings, warnings...)
	if err := l.add(tables...); err != nil {
		return err
	}
	if err := l.offer(system.entries...); err != nil || len(system.entries) == 0 {
		return err
	}
	return l.addCache(o.Sysroot)
}

// placeClassic puts the data of an initrd into the part that is not compressed, where they are packed already.
func placeClassic(ram *classic, first, rest *layout) error {
	switch {
	case ram == nil:
		return nil
	case ram.packed != "":
		return first.add(ram.image())
	}
	return rest.add(ram.image())
}

// joined is the image: the microcode, what is packed already, and the compressed rest.
func joined(early []byte, first, rest *layout, how Compression) ([]byte, error) {
	data := early
	if len(first.entries) > 0 {
		a, err := first.archive(512)
		if err != nil {
			return nil, err
		}
		data = append(data, a...)
	}
	a, err := rest.archive(4)
	if err != nil {
		return nil, err
	}
	b, err := how.pack(a)
	return append(data, b...), err
}

// readInit reads the binary that becomes /init.
func readInit(file string) ([]byte, error) {
	data, err := readStatic("init", file)
	if err != nil {
		return nil, fmt.Errorf("%w (build it with make, or name it by --init)", err)
	}
	return data, nil
}

// readStatic reads a program and refuses what could not run in an image, which has no libraries; what is what it is for.
func readStatic(what, file string) ([]byte, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s %s is no ELF program: %w", what, file, err)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return nil, fmt.Errorf("%s %s needs a dynamic loader, which the image does not have: build it with CGO_ENABLED=0 or -static", what, file)
		}
	}
	return data, nil
}
