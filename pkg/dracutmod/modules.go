package dracutmod

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// filter says which modules of the kernel a call is for.
type filter struct {
	symbols, noSymbols, paths, noPaths, noNames *regexp.Regexp
	needed                                      bool // by this machine
}

// newFilter compiles the expressions of a call, which are extended ones of POSIX.
func newFilter(c *call) (f filter, err error) {
	for _, e := range []struct {
		text string
		to   **regexp.Regexp
	}{{c.symbols, &f.symbols}, {c.noSymbols, &f.noSymbols}, {c.paths, &f.paths}, {c.noPaths, &f.noPaths}, {c.noNames, &f.noNames}} {
		if e.text == "" {
			continue
		}
		if *e.to, err = regexp.CompilePOSIX(e.text); err != nil {
			return f, err
		}
	}
	f.needed = c.hostonly
	return f, nil
}

// modulesRequest takes modules of the kernel in: "=FOLDER" below kernel/, a name, a file or an alias each.
func (s *session) modulesRequest(place string, c *call) (status int) {
	f, err := newFilter(c)
	if err != nil {
		s.warn(s.module, place, "%v", err)
		return 1
	}
	if s.o.Kernel == nil {
		return 0
	}
	for _, w := range c.words {
		names, builtin := s.wanted(w)
		for _, name := range names {
			if s.passes(&f, name) && !s.inKernel[name] {
				s.inKernel[name] = true
				s.kernel = append(s.kernel, name)
			}
		}
		if len(names) > 0 || builtin || c.optional {
			continue
		}
		if status = 1; !c.silent {
			s.warn(s.module, place, "the kernel has no module %s", w)
		}
	}
	return status
}

// wanted is what a word stands for.
func (b *builder) wanted(word string) (names []string, builtin bool) {
	if folder, ok := strings.CutPrefix(word, "="); ok {
		for _, top := range []string{"kernel", "extra", "updates"} {
			names = append(names, b.o.Kernel.Below(path.Join(top, folder)+"/")...)
		}
		return names, false
	}
	word = path.Base(word)
	if i := strings.Index(word, ".ko"); i > 0 {
		word = word[:i]
	}
	return b.o.Kernel.Resolve(word)
}

func (b *builder) hasModule(word string) bool {
	if b.o.Kernel == nil {
		return true // nobody knows
	}
	names, builtin := b.wanted(word)
	return len(names) > 0 || builtin
}

// passes says whether a filter lets a module through.
func (b *builder) passes(f *filter, name string) bool {
	file := "/" + b.o.Kernel.Path(name)
	switch {
	case f.noNames != nil && f.noNames.MatchString(name),
		f.paths != nil && !f.paths.MatchString(file),
		f.noPaths != nil && f.noPaths.MatchString(file),
		f.needed && !b.hostNeeds(name):
		return false
	case f.symbols == nil && f.noSymbols == nil:
		return true
	}
	used := b.undefined(name)
	if f.noSymbols != nil && slices.ContainsFunc(used, f.noSymbols.MatchString) {
		return false
	}
	return f.symbols == nil || slices.ContainsFunc(used, f.symbols.MatchString)
}

// undefined lists the symbols that a module takes from the kernel and from other modules.
func (b *builder) undefined(name string) []string {
	if list, ok := b.symbols[name]; ok {
		return list
	}
	b.symbols[name] = nil
	data, err := b.o.Kernel.Load(name)
	if err != nil {
		b.warnings = append(b.warnings, fmt.Sprintf("module %s of the kernel cannot be read, so nobody knows who needs it: %v", name, err))
		return nil
	}
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		b.warnings = append(b.warnings, fmt.Sprintf("module %s of the kernel is no ELF file: %v", name, err))
		return nil
	}
	symbols, _ := f.Symbols()
	var list []string
	for _, sym := range symbols {
		if sym.Section == elf.SHN_UNDEF && sym.Name != "" {
			list = append(list, sym.Name)
		}
	}
	b.symbols[name] = list
	return list
}

// hostNeeds says whether this machine has a use for a module: it is loaded, or a device asks for it.
func (b *builder) hostNeeds(name string) bool {
	if b.allowed == nil {
		b.allowed = map[string]bool{}
		loaded, _ := os.ReadDir("/sys/module")
		for _, e := range loaded {
			b.allowed[e.Name()] = true
		}
		_ = filepath.WalkDir("/sys/devices", func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.Name() != "modalias" {
				return nil
			}
			text, _ := os.ReadFile(file)
			names, _ := b.o.Kernel.Resolve(strings.TrimSpace(string(text)))
			for _, n := range names {
				b.allowed[n] = true
			}
			return nil
		})
	}
	return b.allowed[name]
}
