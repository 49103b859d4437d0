package check

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/preroot/preroot/pkg/kmod"
)

// Kernel is what a kernel has, by the folder of its modules on this machine.
type Kernel struct {
	Version string
	index   *kmod.Index
}

// OpenKernel reads the indexes of a folder such as /lib/modules/6.1.0-37-amd64; version is that of the kernel, "" for the name of
// the folder.
func OpenKernel(dir, version string) (*Kernel, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, err
	}
	index, err := kmod.Open(os.DirFS("/"), dir)
	if err != nil {
		return nil, err
	}
	if version == "" {
		version = filepath.Base(dir)
	}
	return &Kernel{version, index}, nil
}

// ImageKernels lists the kernels whose modules are in an image.
func ImageKernels(tree fs.FS) (versions []string) {
	top := "lib/modules"
	list, err := fs.ReadDir(tree, top)
	if err != nil {
		top = "usr/lib/modules"
		list, _ = fs.ReadDir(tree, top)
	}
	for _, e := range list {
		if found, err := fs.Glob(tree, path.Join(top, e.Name(), "modules.*")); err == nil && len(found) > 0 { // there is a folder of keys, too
			versions = append(versions, e.Name())
		}
	}
	return versions
}

// modules is what an image has of its kernel.
type modules struct {
	dir   string // "lib/modules/6.1.0-37-amd64"; "" without one
	index *kmod.Index
	full  *kmod.Index // of the whole kernel, where it is known; otherwise the image's own
	bad   map[string]error
}

func (j *judge) openModules() {
	m := &j.modules
	m.bad = map[string]error{}
	if j.kernel != nil {
		m.full = j.kernel.index
		j.report.Kernel = j.kernel.Version
	} else if versions := ImageKernels(j.tree); len(versions) > 0 {
		j.report.Kernel = versions[len(versions)-1]
	}
	tops := []string{"lib/modules"} // of libkmod
	if j.report.Kind == Preroot {
		tops = append(tops, "usr/lib/modules")
	}
	for _, top := range tops {
		dir := path.Join(top, j.report.Kernel)
		if index, err := kmod.Open(j.tree, dir); err == nil && j.report.Kernel != "" {
			m.dir, m.index = dir, index
			break
		}
	}
	if m.full == nil {
		m.full = m.index
	}
}

// builtin says whether the kernel has a module built in.
func (m *modules) builtin(name string) bool {
	return m.full.Builtin(name) || m.index.Builtin(name)
}

// loadable says why a module cannot be loaded; nil if it can, with all that it needs.
func (j *judge) loadable(name string) error {
	m := &j.modules
	if m.builtin(name) {
		return nil
	}
	if err, known := m.bad[name]; known {
		return err
	}
	m.bad[name] = nil
	m.bad[name] = j.loadsModule(name)
	return m.bad[name]
}

func (j *judge) loadsModule(name string) error {
	m := &j.modules
	if m.index == nil {
		return fmt.Errorf("the image has no modules of kernel %s", j.report.Kernel)
	}
	file, ok := m.index.Path(name)
	if !ok {
		if err := m.index.Err(); err != nil {
			return fmt.Errorf("module %s is not found by modules.dep.bin: %w", name, err)
		}
		return fmt.Errorf("module %s is not in the image", name)
	}
	if why, barred := j.policy.Barred(name); barred {
		return fmt.Errorf("module %s is not loaded, %s", name, why)
	}
	if err := j.intactModule(path.Join(m.dir, file)); err != nil {
		return err
	}
	for _, dep := range m.index.Deps(name) {
		if err := j.loadable(dep); err != nil {
			return fmt.Errorf("module %s needs %s: %w", name, dep, err)
		}
	}
	return nil
}

// found lists the modules that an alias leads to by the image's own index, and those of the whole kernel.
func (m *modules) found(alias string) (here, all []string) {
	return m.index.Resolve(alias), m.full.Resolve(strings.TrimSpace(alias))
}
