package image

import (
	"maps"
	"path"
	"slices"

	"github.com/preroot/preroot/pkg/kmod"
)

// indexes are modprobe's indexes for the modules inside the image; files has the path of each as it lies there.
func (c *choice) indexes(files map[string]string) (entries []Entry, err error) {
	keep := func(name string) bool { return c.in[name] }
	rename := func(file string) string { return files[kmod.NameOf(file)] }
	index, err := kmod.Trim(c.tree.files, ".", keep, rename)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(index)) {
		entries = append(entries, Entry{Name: path.Join(c.dir(), name), Kind: Regular, Perm: 0o644, Data: index[name]})
	}
	return entries, nil
}
