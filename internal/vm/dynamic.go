package vm

import (
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Dynamic are programs of this machine as members of an image, each under its path, with the libraries that they are linked with (ldd(1)).
func Dynamic(programs ...string) (list []Entry, err error) {
	names := slices.Clone(programs)
	for _, p := range programs {
		out, err := exec.Command("ldd", p).Output()
		if err != nil {
			return nil, fmt.Errorf("ldd %s: %w", p, err)
		}
		for field := range strings.FieldsSeq(string(out)) {
			if strings.HasPrefix(field, "/") && !slices.Contains(names, field) {
				names = append(names, field)
			}
		}
	}
	for _, name := range names {
		real, err := filepath.EvalSymlinks(name)
		if err != nil {
			return nil, err
		}
		e, err := ReadEntry(strings.TrimPrefix(name, "/"), real)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return append(folders(list), list...), nil
}

// folders are those that the entries lie in, the upper ones first.
func folders(list []Entry) (dirs []Entry) {
	var names []string
	for _, e := range list {
		for dir := filepath.Dir(e.Name); dir != "."; dir = filepath.Dir(dir) {
			names = append(names, dir)
		}
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		dirs = append(dirs, Entry{Name: name, Mode: fs.ModeDir | 0o755})
	}
	return dirs
}
