package image

import (
	"bytes"
	"debug/elf"
	"path"
	"slices"
	"strings"

	"github.com/preroot/preroot/pkg/dynlink"
)

// addCache writes the cache of the dynamic loader, if libraries lie in folders that ld.so.conf names: nobody runs ldconfig(8) in an image.
func (l *layout) addCache(root string) error {
	r, err := dynlink.Open(root)
	if err != nil {
		return err
	}
	var list []dynlink.Library
	for _, dir := range r.Folders() {
		list = append(list, l.libraries(strings.TrimPrefix(dir, "/"))...)
	}
	data := dynlink.Cache(list)
	if data == nil {
		return nil
	}
	return l.offer(Entry{Name: strings.TrimPrefix(dynlink.CacheName, "/"), Kind: Regular, Perm: 0o644, Data: data})
}

// libraries are those in a folder of the image, in the order of their names.
func (l *layout) libraries(dir string) (list []dynlink.Library) {
	place := l.place(dir)
	for name, e := range l.entries {
		base := path.Base(name)
		if path.Dir(name) != place || !strings.HasPrefix(base, "lib") || !strings.Contains(base, ".so") {
			continue
		}
		for range 8 { // links in the same folder
			if e.Kind != Symlink {
				break
			}
			e = l.entries[path.Join(path.Dir(e.Name), string(e.Data))]
		}
		if e.Kind != Regular {
			continue
		}
		if f, err := elf.NewFile(bytes.NewReader(e.Data)); err == nil {
			list = append(list, dynlink.Library{Name: base, Path: "/" + dir + "/" + base, Machine: f.Machine})
		}
	}
	slices.SortFunc(list, func(a, b dynlink.Library) int { return strings.Compare(a.Name, b.Name) })
	return list
}
