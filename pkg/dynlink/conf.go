package dynlink

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// Bounds of the configuration: includes in includes, and bytes of a file.
const (
	maxInclude = 10
	maxConf    = 1 << 20
)

// readConf reads a file of ldconfig(8): a folder on each line, "include PATTERN", and comments.
func (r *Root) readConf(name string, depth int) (dirs []string, err error) {
	if depth > maxInclude {
		return nil, fmt.Errorf("%s: more than %d includes in each other", name, maxInclude)
	}
	data, err := r.read(name)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(data)) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0] == "hwcap":
		case words[0] == "include":
			for _, pattern := range words[1:] {
				more, err := r.include(pattern, path.Dir(name), depth)
				if err != nil {
					return nil, err
				}
				dirs = append(dirs, more...)
			}
		default:
			dir, _, _ := strings.Cut(strings.Join(words, " "), "=") // "=libc6" is of times long ago
			dirs = append(dirs, path.Clean("/"+dir))
		}
	}
	return dirs, nil
}

// include reads the files that a pattern names, in the order of their names; a relative one starts at the file's own folder.
func (r *Root) include(pattern, from string, depth int) (dirs []string, err error) {
	if !path.IsAbs(pattern) {
		pattern = path.Join(from, pattern)
	}
	real, _, err := r.Resolve(path.Dir(pattern))
	if err != nil {
		return nil, nil // nothing matches
	}
	entries, err := os.ReadDir(r.Host(real))
	if err != nil {
		return nil, nil
	}
	for _, e := range entries {
		if ok, err := path.Match(path.Base(pattern), e.Name()); err != nil || !ok || e.Name()[0] == '.' {
			continue
		}
		more, err := r.readConf(path.Join(real, e.Name()), depth+1)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		dirs = append(dirs, more...)
	}
	return dirs, nil
}

// read is a small text file of the root.
func (r *Root) read(name string) ([]byte, error) {
	real, _, err := r.Resolve(name)
	if err != nil {
		return nil, err
	}
	info, err := os.Lstat(r.Host(real))
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || info.Size() > maxConf:
		return nil, fmt.Errorf("%s is no plain file of at most %d bytes", name, maxConf)
	}
	return os.ReadFile(r.Host(real))
}

// muslFolders are the folders of musl's loader: its own file of them, otherwise the built-in ones (ldso/dynlink.c, load_library).
func (r *Root) muslFolders(arch string) []string {
	data, err := r.read("/etc/ld-musl-" + arch + ".path")
	if err != nil {
		return []string{"/lib", "/usr/local/lib", "/usr/lib"}
	}
	return strings.FieldsFunc(string(data), func(c rune) bool { return c == ':' || c == '\n' })
}

// Folders are those of ld.so.conf, in their order.
func (r *Root) Folders() []string { return slices.Clone(r.conf) }
