package image

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/preroot/preroot/pkg/dracutmod"
	"github.com/preroot/preroot/pkg/dynlink"
	"github.com/preroot/preroot/pkg/kmod"
)

// modulesDir is where dracut has its modules.
const modulesDir = "usr/lib/dracut/modules.d"

// modules are dracut's that were run, and the folder that they have filled. A nil one is none of them.
type modules struct {
	*dracutmod.Result
	root *dynlink.Root
	dir  string
}

// RunsModules says whether modules of dracut are to be run.
func (o *Options) RunsModules() bool {
	return len(o.Modules)+len(o.AddModules)+len(o.ForceAddModules) > 0
}

// runModules runs those that o names.
func runModules(o *Options, t *tree) (*modules, error) {
	if !o.RunsModules() {
		return nil, nil
	}
	dir, err := os.MkdirTemp("", "preroot-modules-")
	if err != nil {
		return nil, err
	}
	m := &modules{dir: dir}
	if err := m.run(o, t); err != nil {
		m.remove()
		return nil, err
	}
	return m, nil
}

func (m *modules) run(o *Options, t *tree) (err error) {
	if m.root, err = dynlink.Open(m.dir); err != nil {
		return err
	}
	kdir, err := filepath.Abs(t.dir)
	if err != nil {
		return err
	}
	m.Result, err = dracutmod.Run(dracutmod.Options{
		Sysroot: o.Sysroot, Dirs: o.moduleDirs(), Add: o.AddModules, Force: slices.Concat(o.Modules, o.ForceAddModules), Prefer: o.PreferModules, Omit: o.OmitModules, Only: len(o.Modules) > 0,
		Stage: m.dir, KVER: t.kver, KDir: kdir, Kernel: Kernel{t}, HostOnly: o.HostOnly, Host: o.moduleHost(), Vars: o.moduleVars(), Conf: o.ModuleVars,
	})
	return err
}

// moduleHost is the chain of this machine's root as modules see it: the devices that are to be waited for are those that hold a goal, not what they lie on
// (a RAID may start without a member); file systems and members are told of all.
func (o *Options) moduleHost() (h dracutmod.Host) {
	if o.Chain == nil {
		return h
	}
	h.Types = map[string]string{}
	for _, d := range o.Chain.Devices {
		if d.FSType != "" {
			h.Types[d.Node] = d.FSType
		}
	}
	for _, g := range o.Chain.Goals {
		for _, d := range g.On {
			if !slices.Contains(h.Devices, d.Node) {
				h.Devices = append(h.Devices, d.Node)
			}
			switch g.Name {
			case "/":
				h.Roots = append(h.Roots, d.Node)
			case "resume":
				h.Swaps = append(h.Swaps, d.Node)
			}
		}
	}
	return h
}

// moduleVars are what dracut.conf(5) calls so and modules ask for.
func (o *Options) moduleVars() map[string]string {
	v := map[string]string{"filesystems": strings.Join(o.Filesystems, " "), "fscks": strings.Join(o.Fscks, " "), "omit_drivers": omitted(o.OmitDrivers)}
	for name, s := range map[string]Switch{"mdadmconf": o.MDADMConf, "lvmconf": o.LVMConf, "hostonly_cmdline": o.HostCmdline} {
		switch s {
		case On:
			v[name] = "yes"
		case Off:
			v[name] = "no"
		}
	}
	for name, on := range map[string]bool{"use_fstab": o.UseFstab, "nofscks": o.NoFsck} {
		if on {
			v[name] = "yes"
		}
	}
	return v
}

// omitted is the names as one regular expression for dracut-install(1), "" for none.
func omitted(names []string) string {
	var list []string
	for _, n := range names {
		list = append(list, regexp.QuoteMeta(kmod.NameOf(n)))
	}
	if len(list) == 0 {
		return ""
	}
	return "^(" + strings.Join(list, "|") + ")$"
}

// moduleDirs are where dracut's modules are sought.
func (o *Options) moduleDirs() []string {
	if o.DracutModulesDir != "" {
		return []string{o.DracutModulesDir}
	}
	return []string{filepath.Join("/", o.Sysroot, modulesDir)}
}

func (m *modules) remove() {
	if m != nil {
		_ = os.RemoveAll(m.dir)
	}
}

func (m *modules) has(name string) bool { return m != nil && m.Has(name) }

// file says whether the modules have put a file at a path.
func (m *modules) file(name string) bool {
	if m == nil {
		return false
	}
	_, _, err := m.root.Resolve(name)
	return err == nil
}

func (m *modules) kernel() []string {
	if m == nil {
		return nil
	}
	return m.KernelModules
}

func (m *modules) warnings() []string {
	if m == nil {
		return nil
	}
	return m.Warnings
}

// modules takes in what modules of dracut have put into their folder.
func (t *taken) modules(m *modules) error {
	if m == nil {
		return nil
	}
	from := &taken{root: m.root}
	s, err := openStage(m.dir)
	if err != nil {
		return err
	}
	return filepath.WalkDir(m.dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || file == m.dir {
			return err
		}
		below, err := filepath.Rel(m.dir, file)
		if err != nil {
			return err
		}
		e, err := s.entry(file, filepath.ToSlash(below), d)
		if err != nil {
			return fmt.Errorf("modules of dracut: %w", err)
		}
		if e.Kind == Symlink {
			if real, folder := from.folder("/" + e.Name); folder {
				t.links[e.Name] = strings.TrimPrefix(real, "/")
			}
		}
		t.entries = append(t.entries, e)
		return nil
	})
}

// Modules lists dracut's modules that can be added to an image, in the order in which they are run.
func Modules(o Options) ([]dracutmod.Module, error) { return dracutmod.List(o.moduleDirs()) }
