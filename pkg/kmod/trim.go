package kmod

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// Trim returns the index files for an image that holds only some modules of dir in fsys: by file name, what
// depmod(8) would write if only those were there. keep tells whether a module ("-" written "_") is in the image;
// rename returns the path of its file there ("kernel/fs/fat/vfat.ko" may become "kernel/fs/fat/vfat.ko.gz"), nil
// changes none. Aliases of absent modules are left out; what is built into the kernel stays.
//
// A module that needs an absent one is an error: the image could not load it.
func Trim(fsys fs.FS, dir string, keep func(name string) bool, rename func(file string) string) (map[string][]byte, error) {
	t := trimmer{fsys: fsys, dir: strings.Trim(dir, "/"), keep: keep, rename: rename, out: map[string][]byte{}}
	if rename == nil {
		t.rename = func(file string) string { return file }
	}
	all := func(e Entry) (Entry, bool, error) { return e, true, nil }
	return t.out, errors.Join(
		t.trim(depFile, t.dep),
		t.trim(aliasFile, func(e Entry) (Entry, bool, error) { return e, keep(e.Value), nil }),
		t.trim(builtinFile, all),
		t.trim(builtinAliasFile, all),
		t.softdeps(),
	)
}

type trimmer struct {
	fsys   fs.FS
	dir    string
	keep   func(string) bool
	rename func(string) string
	out    map[string][]byte
}

// trim filters the entries of one index file.
func (t *trimmer) trim(file int, filter func(Entry) (Entry, bool, error)) error {
	name, optional := indexName(file)
	entries, err := ReadIndex(t.fsys, path.Join(t.dir, name))
	if optional && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var kept []Entry
	for _, e := range entries {
		e, ok, err := filter(e)
		if err != nil {
			return fmt.Errorf("%s: %w", path.Join(t.dir, name), err)
		}
		if ok {
			kept = append(kept, e)
		}
	}
	var b bytes.Buffer
	err = WriteIndex(&b, kept)
	t.out[name] = b.Bytes()
	return err
}

// dep rewrites the paths of one line of modules.dep.
func (t *trimmer) dep(e Entry) (Entry, bool, error) {
	if !t.keep(e.Key) {
		return e, false, nil
	}
	file, needs, _ := strings.Cut(e.Value, ":")
	line := t.rename(file) + ":"
	for _, need := range strings.Fields(needs) {
		if !t.keep(NameOf(need)) {
			return e, false, fmt.Errorf("module %s needs %s, which is not in the image", e.Key, NameOf(need))
		}
		line += " " + t.rename(need)
	}
	e.Value = line
	return e, true, nil
}

// softdeps keeps the lines of the modules that are there. What they name may be an alias, so it stays.
func (t *trimmer) softdeps() error {
	text, err := fs.ReadFile(t.fsys, path.Join(t.dir, softdepFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var kept []Softdep
	for _, s := range parseSoftdeps(string(text)) {
		if t.keep(s.Pattern) {
			kept = append(kept, s)
		}
	}
	t.out[softdepFile] = []byte(SoftdepText(kept))
	return nil
}
