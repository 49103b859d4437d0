package image

import (
	"bytes"
	"debug/elf"
	"fmt"
	"strings"

	"github.com/preroot/preroot/pkg/chain"
)

// OpenKernel opens the modules of a kernel for questions; dir and kver are as in Options.
func OpenKernel(dir, kver string) (chain.Kernel, error) {
	t, err := openTree(dir, kver)
	if err != nil {
		return nil, err // a nil *tree would be no nil Kernel
	}
	return t, nil
}

// Resolve, Path and Firmware answer the questions of pkg/chain.
func (t *tree) Resolve(word string) (names []string, builtin bool) { return t.resolve(word) }

// Path is the file of a module, seen from the folder of modules.
func (t *tree) Path(name string) string { return t.path[name] }

// Firmware lists what a module says that it may ask for: the lines "firmware=" in its section .modinfo (include/linux/module.h).
func (t *tree) Firmware(name string) (list []string, err error) {
	_, data, err := t.load(name, plain)
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
