package dracutmod

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/preroot/preroot/pkg/dynlink"
)

// Kernel is the modules of the kernel that the image is for.
type Kernel interface {
	// Resolve gives the modules that a name or an alias stands for; builtin says that the kernel has one of them in it.
	Resolve(word string) (names []string, builtin bool)
	// Below lists the modules whose file lies below a folder ("kernel/fs/").
	Below(folder string) []string
	// Path is a module's file, seen from the folder of modules.dep.
	Path(name string) string
	// Load reads a module, unpacked.
	Load(name string) ([]byte, error)
}

// Host is what is known of this machine's disks, for an image for it alone.
type Host struct {
	Devices []string          // nodes that hold root and what else the image mounts or resumes from; not what these lie on
	Roots   []string          // that of root
	Swaps   []string          // that of resume
	Types   map[string]string // file system or member type of each node, in blkid's words
}

// Options says what to run.
type Options struct {
	Sysroot  string   // root of the system that the image is for; "" for this one
	Dirs     []string // folders of modules
	Add      []string // names of modules
	Force    []string // these, too, omitted or not, and asked as if the image were for any machine
	Prefer   []string // these, too, where they fit
	Omit     []string // not these
	Only     bool     // a module may not choose another one that is neither named nor depended on (dracut -m)
	Stage    string   // an empty folder that becomes $initdir
	KVER     string
	KDir     string // folder of the kernel's modules.dep; "" for lib/modules/KVER of Sysroot
	Kernel   Kernel // nil: no modules of the kernel
	HostOnly bool
	Host     Host
	Vars     map[string]string // further variables (dracut.conf(5)): lvmconf, mdadmconf, i18n_vars, ...
	Conf     map[string]string // what the configuration says to modules alone, by keys that may be anything
	Deadline time.Duration     // of one step of one module; 0 is 2 minutes
}

// Result is what modules have asked for, beside the files in Options.Stage.
type Result struct {
	Modules       []Module
	KernelModules []string // names, without what they depend on
	Warnings      []string
}

// Has says whether a module was run.
func (r *Result) Has(name string) bool { _, ok := find(r.Modules, name); return ok }

// builder owns the staging folder.
type builder struct {
	o        *Options
	all      []Module
	state    map[string]bool // by name: false while its dependencies are looked at, and after that what has become of it
	chosen   []Module
	loaded   []string // modules that are through
	root     *dynlink.Root
	stage    stage
	shell    string // folder with our functions
	vars     map[string]string
	allowed  map[string]bool // modules of the kernel that this machine has a use for; nil for all
	symbols  map[string][]string
	whole    map[string]bool // files of the image that were taken with all that they need
	kernel   []string
	inKernel map[string]bool
	fips     bool     // take the sums of files, too
	said     []string // all that modules have said
	warnings []string // what of it is worth a line
}

// Run runs the named modules and those that they depend on. After an error the staging folder is of no use.
func Run(o Options) (*Result, error) {
	b := &builder{o: &o, state: map[string]bool{}, symbols: map[string][]string{}, whole: map[string]bool{}, inKernel: map[string]bool{}}
	var err error
	if b.all, err = List(o.Dirs); err != nil {
		return nil, err
	}
	if b.root, err = dynlink.Open(o.Sysroot); err != nil {
		return nil, err
	}
	if b.stage, err = newStage(o.Stage, b.root); err != nil {
		return nil, err
	}
	if b.shell, err = os.MkdirTemp("", "preroot-functions-"); err != nil {
		return nil, err
	}
	defer os.RemoveAll(b.shell)
	if err := b.writeShell(); err != nil {
		return nil, err
	}
	if err := b.chooseAll(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(b.chosen, func(m, n Module) int { return slices.Index(b.all, m) - slices.Index(b.all, n) })
	for _, m := range b.chosen {
		if err := b.install(m); err != nil {
			return nil, err
		}
	}
	if err := b.finish(); err != nil {
		return nil, err
	}
	return &Result{b.chosen, b.kernel, b.warnings}, nil
}

// finish does what is done once all modules are through.
func (b *builder) finish() error {
	if err := b.tellFolders(); err != nil {
		return err
	}
	if b.fips = b.needsSums(); b.fips {
		if err := b.cryptoLibraries(); err != nil {
			return err
		}
	}
	return b.late()
}

// chooseAll takes in what was asked for, lower numbers first: what a module depends on may hang on those that are in already.
func (b *builder) chooseAll() error {
	named := slices.Concat(b.o.Add, b.o.Force)
	for _, name := range named {
		if _, ok := find(b.all, name); !ok {
			return b.choose(name, "")
		}
	}
	for _, m := range b.all {
		switch {
		case slices.Contains(named, m.Name):
			if err := b.choose(m.Name, ""); err != nil {
				return err
			}
		case slices.Contains(b.o.Prefer, m.Name) && !slices.Contains(b.o.Omit, m.Name):
			b.try(m.Name)
		}
	}
	return nil
}

// try takes a module in if it fits with all that it depends on, and otherwise nothing.
func (b *builder) try(name string) bool {
	chosen, state := slices.Clone(b.chosen), maps.Clone(b.state)
	if b.choose(name, "") != nil {
		b.chosen, b.state = chosen, state
		return false
	}
	return true
}

// mayChoose says whether a module may take another one in while it is asked what it depends on.
func (b *builder) mayChoose(name string) bool {
	_, known := b.state[name]
	return known || !b.o.Only || slices.Contains(slices.Concat(b.o.Add, b.o.Force, b.o.Prefer), name)
}

// squash are the modules that pack what the others have put into the image, and unpack it at boot.
var squash = []string{"squash", "squash-lib", "squash-squashfs", "squash-erofs"}

// choose takes a module in, and before it what it depends on; by is who needs it.
func (b *builder) choose(name, by string) error {
	if _, known := b.state[name]; known {
		return nil // in, or on its way: a circle
	}
	needed := ""
	if by != "" {
		needed = ", which " + by + " depends on,"
	}
	m, ok := find(b.all, name)
	switch {
	case !ok:
		return fmt.Errorf("module %s%s is in none of %s: name the folder that has it by --modulesdir, or leave it out", name, needed, strings.Join(b.o.Dirs, " "))
	case slices.Contains(squash, name):
		return fmt.Errorf("module %s%s packs the image a second time, which is compressed by --compress: leave it out, or what needs it", name, needed)
	case slices.Contains(b.o.Omit, name) && !slices.Contains(b.o.Force, name):
		return fmt.Errorf("module %s%s is to be omitted: leave that out, or what needs it", name, needed)
	}
	b.state[name] = false
	if err := m.parses(); err != nil {
		return err
	}
	status, depends, err := b.step("check", m)
	switch {
	case err != nil:
		return err
	case status != 0 && status != 255:
		return fmt.Errorf("module %s%s does not fit this system: its check says %d%s", name, needed, status, b.last(m))
	}
	for _, d := range depends {
		if err := b.choose(d, name); err != nil {
			return err
		}
	}
	b.state[name] = true
	b.chosen = append(b.chosen, m)
	return nil
}

// last is the last thing that a module said, as the reason of a failure.
func (b *builder) last(m Module) string {
	for _, w := range slices.Backward(b.said) {
		if text, ok := strings.CutPrefix(w, "module "+m.Name+": "); ok {
			return ": " + text
		}
	}
	return ""
}

// install runs what fills the image.
func (b *builder) install(m Module) error {
	status, _, err := b.step("install", m)
	switch {
	case err != nil:
		return err
	case status != 0:
		return fmt.Errorf("module %s: installkernel of %s failed with status %d%s", m.Name, filepath.Join(m.Dir, setup), status, b.last(m))
	}
	b.loaded = append(b.loaded, m.Name)
	return b.sweep(m)
}

// say notes what a module has said at a place.
func (b *builder) say(m Module, place, text string) string {
	if place != "" {
		place += ": "
	}
	line := "module " + m.Name + ": " + place + text
	b.said = append(b.said, line)
	return line
}

// warn keeps a line about a module.
func (b *builder) warn(m Module, place, format string, args ...any) {
	if line := b.say(m, place, fmt.Sprintf(format, args...)); !slices.Contains(b.warnings, line) {
		b.warnings = append(b.warnings, line)
	}
}

// errExit is a module that ended before its last line.
var errExit = errors.New("it ended before its last line")
