package image

import (
	"bytes"
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/preroot/preroot/pkg/archive"
)

// layout collects the members of one archive by name; links are folders that are links in the image (see settle).
type layout struct {
	entries map[string]Entry
	links   map[string]string
}

func newLayout() *layout { return &layout{entries: map[string]Entry{}} }

// add takes members in, with the folders above them. A name that is there already with another meaning is an error.
func (l *layout) add(entries ...Entry) error {
	for _, e := range entries {
		if err := e.Check(); err != nil {
			return err
		}
		e = l.settle(e)
		old, there := l.entries[e.Name]
		if there && (old.Kind != Dir || e.Kind != Dir) {
			return fmt.Errorf("/%s is in the image already: include it under another name", e.Name)
		}
		if err := l.addParents(e.Name); err != nil {
			return err
		}
		if !there {
			l.entries[e.Name] = e
		}
	}
	return nil
}

func (l *layout) addParents(name string) error {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		old, there := l.entries[dir]
		if there && old.Kind != Dir {
			return fmt.Errorf("/%s: /%s is no folder in the image: include it by its path without links", name, dir)
		}
		l.entries[dir] = Entry{Name: dir, Kind: Dir, Perm: 0o755}
		if there {
			l.entries[dir] = old
		}
	}
	return nil
}

// sorted lists the members in the order of their names, which has each folder before its contents.
func (l *layout) sorted() (list []Entry) {
	for _, name := range slices.Sorted(maps.Keys(l.entries)) {
		list = append(list, l.entries[name])
	}
	return list
}

// archive writes them.
func (l *layout) archive(align int64) ([]byte, error) {
	var b bytes.Buffer
	w := archive.NewWriter(&b)
	for _, e := range l.sorted() {
		if err := w.Add(e); err != nil {
			return nil, err
		}
	}
	err := w.Close(align)
	return b.Bytes(), err
}
