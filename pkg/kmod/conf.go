package kmod

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// maxConf bounds a configuration file; those of whole distributions have a few KiB.
const maxConf = 1 << 20

// confFiles returns the *.conf files of several directories, sorted by their base names. Of files with the same
// base name only the one in the earliest directory counts. A directory that is not there is no error.
func confFiles(fsys fs.FS, dirs []string) ([]string, []error) {
	var files []string
	var errs []error
	for _, dir := range dirs {
		entries, err := fs.ReadDir(fsys, dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
		for _, e := range entries {
			name := e.Name()
			if !strings.HasSuffix(name, ".conf") || strings.HasPrefix(name, ".") || e.IsDir() {
				continue
			}
			if !slices.ContainsFunc(files, func(f string) bool { return path.Base(f) == name }) {
				files = append(files, path.Join(dir, name))
			}
		}
	}
	slices.SortFunc(files, func(a, b string) int { return strings.Compare(path.Base(a), path.Base(b)) })
	return files, errs
}

// readConf reads a file; a link to /dev/null is an empty one, which is how files of a vendor are masked.
func readConf(fsys fs.FS, name string) (string, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", nil
	}
	if info.Size() > maxConf {
		return "", fmt.Errorf("%s: %d bytes, at most %d are read", name, info.Size(), maxConf)
	}
	b, err := fs.ReadFile(fsys, name)
	return string(b), err
}

// ReadModulesLoad returns the modules that the image wants to be loaded always: the lines of the *.conf files of
// modules-load.d(5), in order and without doubles. Files that cannot be read are passed over.
func ReadModulesLoad(fsys fs.FS) []string {
	files, _ := confFiles(fsys, []string{"etc/modules-load.d", "run/modules-load.d",
		"usr/local/lib/modules-load.d", "usr/lib/modules-load.d", "lib/modules-load.d"})
	var names []string
	for _, file := range files {
		text, err := readConf(fsys, file)
		if err != nil {
			continue
		}
		for line := range strings.Lines(text) {
			name := strings.TrimSpace(line)
			if name == "" || name[0] == '#' || name[0] == ';' || slices.Contains(names, name) {
				continue
			}
			names = append(names, name)
		}
	}
	return names
}
