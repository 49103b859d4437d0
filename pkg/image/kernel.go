package image

import (
	"bytes"
	"debug/elf"
	"fmt"
	"strings"
)

// Kernel is the modules of a kernel, for the questions of pkg/chain and pkg/dracutmod.
type Kernel struct{ t *tree }

// OpenKernel opens the modules of a kernel; dir and kver are as in Options.
func OpenKernel(dir, kver string) (Kernel, error) {
	t, err := openTree(dir, kver)
	return Kernel{t}, err
}

// Resolve gives the modules that a name or an alias stands for; builtin says that the kernel has one of them in it.
func (k Kernel) Resolve(word string) (names []string, builtin bool) { return k.t.resolve(word) }

// Path is the file of a module, seen from the folder of modules.
func (k Kernel) Path(name string) string { return k.t.path[name] }

// Below lists the modules whose file lies below a folder.
func (k Kernel) Below(folder string) []string { return k.t.below(folder) }

// Load reads a module, unpacked.
func (k Kernel) Load(name string) ([]byte, error) {
	_, data, err := k.t.load(name, plain)
	return data, err
}

// With lists modules with all that loading them loads, in the order of modules.dep.
func (k Kernel) With(names ...string) []string {
	c := &choice{tree: k.t, in: map[string]bool{}}
	c.add(names...)
	return c.names()
}

// Firmware lists what a module says that it may ask for: the lines "firmware=" in its section .modinfo (include/linux/module.h).
func (k Kernel) Firmware(name string) (list []string, err error) {
	data, err := k.Load(name)
	if err != nil {
		return nil, err
	}
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("module %s: %w", name, err)
	}
	section := f.Section(".modinfo")
	if section == nil {
		return nil, nil
	}
	info, err := section.Data()
	for line := range strings.SplitSeq(string(info), "\x00") {
		if file, ok := strings.CutPrefix(line, "firmware="); ok {
			list = append(list, file)
		}
	}
	return list, err
}
