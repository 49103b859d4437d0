package image

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/preroot/preroot/internal/safe"
	"github.com/preroot/preroot/pkg/archive"
	"github.com/preroot/preroot/pkg/chain"
	"github.com/preroot/preroot/pkg/uki"
)

// Options says what image to build; Output, Init and ModulesDir must be given, and one of Generic, HostOnly and Drivers.
type Options struct {
	Output     string // path of the image
	Init       string // the static binary that becomes /init
	ModulesDir string // the folder with modules.dep, or one above it (see openTree)
	KVER       string // kernel version; "" takes the name of ModulesDir
	Version    string // of preroot, for /etc/initrd-release

	Sysroot string // folder that the files of the machine lie below that the image is for; "" for /

	HostOnly    bool         // what this machine needs to come to its root
	Chain       *chain.Chain // the way to it, when it is known already
	Keys        bool         // of a host-only image: the key files that crypttab names for that way
	Generic     bool         // every storage controller, bus, file system and keyboard
	Drivers     []string     // just these (names, aliases, =FOLDER below kernel/) and what they need, loaded first
	AddDrivers  []string     // these too
	OmitDrivers []string     // not these, nor what cannot be loaded without them

	ForceDrivers []string // these too, loaded first
	Filesystems  []string // of a generic image: no file systems but these; none for the usual ones

	Includes      []Include
	Hooks         string // folder of hook scripts, in folders named by their stage; "" for none
	Shell         string // static program that is the shell of hooks; "" for /bin/busybox
	Initrd        string // a classic initrd (initrd(4)) that the image carries; "" for none
	Network       bool   // what a root on NFS needs
	LVM           bool   // what a root on LVM needs
	LUKS          bool   // what a root on LUKS needs
	Helpers       string // folder of the helpers that these two need
	KernelCmdline string // words for /etc/cmdline.d/10-cmdline.conf
	NoShell       bool   // no prompt at boot, ever
	MakeFolder    bool   // make the folder of Output where it is missing
	Force         bool   // replace Output
	IfChanged     bool   // only if something of it would be different

	Compress       Compression
	EarlyMicrocode Switch   // microcode first in the image; Auto: where there is some
	FirmwareDirs   []string // none for the kernel's

	Install         []string // programs and files, with what they need
	InstallOptional []string // the same, where they are there
	Fscks           []string // checkers of file systems, where they are there
	NoFsck          bool     // no checkers

	Modules          []string // of dracut: just these
	AddModules       []string // these, too
	ForceAddModules  []string // these, omitted or not
	PreferModules    []string // these, where they can be had
	OmitModules      []string // not these
	DracutModulesDir string   // where they lie; "" for dracut's folder

	HostCmdline Switch   // of a host-only image: words for this machine in /etc/cmdline.d
	UseFstab    bool     // what is mounted stands in fstab, not in mountinfo
	AddDevices  []string // devices that are brought up beside root's
	MDADMConf   Switch   // the machine's mdadm.conf; Auto: where an array is
	LVMConf     Switch   // the machine's lvm.conf; Auto: where a logical volume is

	UEFI                          bool // an UEFI executable of stub, kernel, words and image
	UEFIStub, UEFISplash          string
	KernelImage, SBAT             string
	SecureBootCert, SecureBootKey string

	// Judge is asked about the image when it is whole; with its error no image is written, and an older one stays. nil for nobody.
	Judge func(data []byte) error

	Progress func(what string, done, of int) // is told how long work goes on; of is 0 where it cannot be counted; nil for nobody

	// HostEtc is the folder with vconsole.conf, default/keyboard and default/console-setup of the machine that the
	// image is for; "" reads none.
	HostEtc string
	Keymap  string // name or path of a keymap, or an X layout; "none" for the kernel's own; "" as HostEtc says
	Font    string // name or path of a console font; "none" for the kernel's own; "" as HostEtc says
}

// Switch is on, off, or as the machine has it.
type Switch int8

// The positions of a Switch.
const (
	Auto Switch = iota
	On
	Off
)

// Include puts a file, or all that lies in a folder, at Dst in the image.
type Include struct{ Src, Dst string }

// Summary is what Build did.
type Summary struct {
	KVER        string
	Image       string // path written
	ImageBytes  int64
	InitBytes   int64
	Modules     []string     // names inside, in the order of modules.dep
	ModuleBytes int64        // as they lie in the archive
	ModuleForm  string       // how they lie there, in words
	Chain       []string     // loaded first at boot
	Builtin     []string     // asked for and built into the kernel
	Omitted     []string     // taken out by OmitDrivers
	Absent      []string     // wanted by our own tables and unknown to this kernel
	Compression string       // of the compressed part
	Microcode   []string     // files of the host that are in the image's first archive
	Warnings    []string     // what the image lacks though the host's configuration asks for it
	Left        []chain.Left // devices of the machine that a host-only image does not serve
	LeftOut     int          // modules of this kernel that are not inside
	Unchanged   bool         // the image that is there would not be another one, and was left as it is (Options.IfChanged)
	Changed     []string     // what is different from the image that was there (Options.IfChanged)
}

// Build makes the image and puts it at Output in one step: until it is whole and on the disk, an older image there
// stays as it is.
func Build(o Options) (Summary, error) {
	if !o.Generic && !o.HostOnly && len(o.Drivers) == 0 {
		return Summary{}, fmt.Errorf("which modules? Say --host-only for this machine, --generic, or --drivers \"NAME ...\" for known hardware")
	}
	if err := checkTarget(o.Output, o.Force || o.IfChanged); err != nil {
		return Summary{}, err
	}
	init, err := readInit(o.Init)
	if err != nil {
		return Summary{}, err
	}
	t, err := openTree(o.ModulesDir, o.KVER)
	if err != nil {
		return Summary{}, err
	}
	if err := o.findChain(); err != nil {
		return Summary{}, err
	}
	var parts uki.Parts
	if o.UEFI {
		if parts, err = o.uefiParts(t.kver); err != nil {
			return Summary{}, err
		}
	}
	ram, err := readClassic(o.Initrd)
	if err != nil {
		return Summary{}, err
	}
	if o.Compress, err = o.Compress.forKernel(t.kernelConfig(), t.kver); err != nil {
		return Summary{}, err
	}
	m, err := runModules(&o, t)
	if err != nil {
		return Summary{}, err
	}
	defer m.remove()
	c, err := choose(t, &o, ram, m)
	if err != nil {
		return Summary{}, err
	}
	if err := c.checkMachine(o.Init, init); err != nil {
		return Summary{}, err
	}
	s := c.summary()
	s.Warnings = append(s.Warnings, o.idle()...)
	if o.Chain != nil {
		s.Left = o.Chain.LeftOut()
	}
	s.InitBytes = int64(len(init))
	s.Warnings = append(s.Warnings, m.warnings()...)
	data, err := assemble(&o, c, init, ram, m, &s)
	if err != nil || s.Unchanged {
		return s, err
	}
	if o.Judge != nil {
		if err := o.Judge(data); err != nil {
			return Summary{}, err
		}
	}
	if o.UEFI {
		if data, err = o.wrap(parts, data, &s); err != nil {
			return Summary{}, err
		}
	}
	s.Image, s.ImageBytes = o.Output, int64(len(data))
	if o.MakeFolder {
		if err := os.MkdirAll(path.Dir(o.Output), 0o755); err != nil {
			return s, err
		}
	}
	return s, writeImage(o.Output, data)
}

func (c *choice) summary() Summary {
	s := Summary{KVER: c.tree.kver, Modules: c.names(), Chain: c.chain, Builtin: c.builtin, Omitted: c.omitted, Absent: c.absent, Warnings: c.warnings}
	s.LeftOut = len(c.tree.order) - len(s.Modules)
	return s
}

// assemble lays the image out; see the package comment for the order.
func assemble(o *Options, c *choice, init []byte, ram *classic, m *modules, s *Summary) ([]byte, error) {
	f, words := plain, "uncompressed in the compressed part: all of them are loaded"
	if o.Generic {
		f, words = kernelForm(c.tree), "one by one by gzip, unpacked by /init"
		if f == asFound {
			words = "one by one as on the host (" + c.tree.suffix() + "), unpacked by the kernel"
		}
	}
	s.ModuleForm, s.Compression = words, o.Compress.String()
	raw, err := c.read()
	if err != nil {
		return nil, err
	}
	early, err := microcode(o, c, init, s)
	if err != nil {
		return nil, err
	}
	first, rest := newLayout(), newLayout()
	if err := rest.addRest(o, c, init, ram, m, s); err != nil {
		return nil, err
	}
	helper, err := modulesHelper(o, s)
	if err != nil {
		return nil, err
	}
	if err := rest.add(helper...); err != nil {
		return nil, err
	}
	first.links = rest.links
	if err := placeClassic(ram, first, rest); err != nil {
		return nil, err
	}
	inputs, err := c.newManifest(o, raw, early, first, rest)
	if err != nil || o.unchanged(inputs, s) {
		return nil, err
	}
	if err := rest.add(inputs.entry()); err != nil {
		return nil, err
	}
	quick := c.quick()
	packed, err := c.pack(raw, func(name string) form {
		if quick[name] {
			return plain
		}
		return f
	}, o.progress)
	if err != nil {
		return nil, err
	}
	for i, e := range packed {
		s.ModuleBytes += int64(len(e.Data))
		where := first
		if f == plain || quick[raw[i].name] {
			where = rest
		}
		if err := where.add(e); err != nil {
			return nil, err
		}
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

// addRest takes in all but modules and their indexes.
func (l *layout) addRest(o *Options, c *choice, init []byte, ram *classic, m *modules, s *Summary) error {
	system, err := installed(o)
	if err != nil {
		return err
	}
	if err := system.modules(m); err != nil {
		return err
	}
	l.links = system.links
	if err := l.addBase(o, c, init, ram, m); err != nil {
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

// rawModule is a module as it lies on the host, and then as it lies in the image: file is its path below the module folder.
type rawModule struct {
	name, file string
	data       []byte
}

// read reads the chosen modules.
func (c *choice) read() (list []rawModule, err error) {
	for _, name := range c.names() {
		file, data, err := c.tree.load(name, asFound)
		if err != nil {
			return nil, err
		}
		list = append(list, rawModule{name, file, data})
	}
	return list, nil
}

// pack gives the modules the form in which they lie in the image, as many at once as there are processors.
func (c *choice) pack(list []rawModule, formOf func(name string) form, progress func(what string, done, of int)) (entries []Entry, err error) {
	var next atomic.Int64
	done := make(chan error, len(list))
	work := func() {
		for i := next.Add(1) - 1; i < int64(len(list)); i = next.Add(1) - 1 {
			r := &list[i]
			var err error
			r.file, r.data, err = c.tree.form(r.name, r.data, formOf(r.name))
			done <- err
		}
	}
	for range runtime.GOMAXPROCS(0) {
		safe.Go("packer", func(_, trace string) { done <- errors.New(trace) }, work)
	}
	for i := range list {
		progress("modules packed", i, len(list))
		if err := <-done; err != nil {
			return nil, err
		}
	}
	for _, r := range list {
		entries = append(entries, Entry{Name: path.Join(c.dir(), r.file), Kind: Regular, Perm: 0o644, Data: r.data})
	}
	return entries, nil
}

// quick are the chosen ones of quickModules, with what they need.
func (c *choice) quick() map[string]bool {
	in := map[string]bool{}
	for _, name := range quickModules {
		for _, n := range append(c.tree.index.Deps(name), name) {
			in[n] = c.in[n]
		}
	}
	return in
}

// filesOf are the paths of modules below the module folder, by their names.
func filesOf(list []rawModule) map[string]string {
	files := map[string]string{}
	for _, r := range list {
		files[r.name] = r.file
	}
	return files
}

// dir is the module folder inside the image.
func (c *choice) dir() string { return "lib/modules/" + c.tree.kver }

// layout collects the members of one archive by name; links are folders that are links in the image (see settle).
type layout struct {
	entries map[string]Entry
	links   map[string]string
}

func newLayout() *layout { return &layout{entries: map[string]Entry{}} }

// add takes members in, with the folders above them. A name that is there already with another meaning is an error.
func (l *layout) add(entries ...Entry) error {
	for _, e := range entries {
		if err := e.Check(); err != nil {
			return err
		}
		e = l.settle(e)
		old, there := l.entries[e.Name]
		if there && (old.Kind != Dir || e.Kind != Dir) {
			return fmt.Errorf("/%s is in the image already: include it under another name", e.Name)
		}
		if err := l.addParents(e.Name); err != nil {
			return err
		}
		if !there {
			l.entries[e.Name] = e
		}
	}
	return nil
}

func (l *layout) addParents(name string) error {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		old, there := l.entries[dir]
		if there && old.Kind != Dir {
			return fmt.Errorf("/%s: /%s is no folder in the image: include it by its path without links", name, dir)
		}
		l.entries[dir] = Entry{Name: dir, Kind: Dir, Perm: 0o755}
		if there {
			l.entries[dir] = old
		}
	}
	return nil
}

// archive writes the members in the order of their names, which has each folder before its contents.
func (l *layout) archive(align int64) ([]byte, error) {
	var b bytes.Buffer
	w := archive.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(l.entries)) {
		if err := w.Add(l.entries[name]); err != nil {
			return nil, err
		}
	}
	err := w.Close(align)
	return b.Bytes(), err
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
