package dracutmod

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Module is a folder of a module.
type Module struct {
	Number string // two digits: lower ones come first
	Name   string
	Dir    string
}

// setup is the file that makes a folder a module.
const setup = "module-setup.sh"

// List finds the modules in folders, in the order in which they are run. Of two with one name that in the earlier folder counts.
func List(dirs []string) (list []Module, err error) {
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, fmt.Errorf("modules of dracut: %w (--modulesdir names their folder)", err)
		}
		for _, e := range entries {
			m, ok := parse(dir, e.Name())
			if !ok || slices.ContainsFunc(list, func(o Module) bool { return o.Name == m.Name }) {
				continue
			}
			if info, err := os.Stat(filepath.Join(m.Dir, setup)); err == nil && info.Mode().IsRegular() {
				list = append(list, m)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b Module) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.Name, b.Name))
	})
	return list, nil
}

// parse splits the name of a folder, NNNAME.
func parse(dir, folder string) (Module, bool) {
	if len(folder) < 3 || strings.Trim(folder[:2], "0123456789") != "" {
		return Module{}, false
	}
	return Module{folder[:2], folder[2:], filepath.Join(dir, folder)}, true
}

// find is a module by its name.
func find(list []Module, name string) (Module, bool) {
	i := slices.IndexFunc(list, func(m Module) bool { return m.Name == name })
	if i < 0 {
		return Module{}, false
	}
	return list[i], true
}
