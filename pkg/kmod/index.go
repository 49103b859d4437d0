package kmod

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
)

// Index answers questions about the modules of one kernel. It opens a file when the first question needs it, and
// may be used by several goroutines. A nil Index knows no module: that of a kernel whose folder is missing.
type Index struct {
	fsys fs.FS
	dir  string

	mu       sync.Mutex // guards all below
	open     [4]indexFile
	soft     []Softdep
	softRead bool
	errs     []error
}

// indexFile is a file that is opened at its first use.
type indexFile struct {
	trie   *trie // nil when it could not be opened
	opened bool
	failed bool // an error of this file has been noted
}

// The index files.
const (
	depFile = iota
	aliasFile
	builtinFile
	builtinAliasFile
)

// indexName names an index file as depmod does. The last two are optional: a kernel without built-in modules has
// none, and depmod before kmod 27 did not write the last.
func indexName(file int) (name string, optional bool) {
	switch file {
	case depFile:
		return "modules.dep.bin", false
	case aliasFile:
		return "modules.alias.bin", false
	case builtinFile:
		return "modules.builtin.bin", true
	}
	return "modules.builtin.alias.bin", true
}

const softdepFile = "modules.softdep"

// Open returns the index of the modules in dir, for example "lib/modules/6.1.0-x". fsys is rooted at "/"; its
// files must be able to read at an offset (as those of os.DirFS are). It fails when dir is no directory: then
// the image was made for another kernel.
func Open(fsys fs.FS, dir string) (*Index, error) {
	dir = strings.Trim(dir, "/")
	info, err := fs.Stat(fsys, dir)
	if err != nil {
		return nil, fmt.Errorf("modules of this kernel: %w; build the image for the kernel that runs", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("modules of this kernel: /%s is not a directory", dir)
	}
	return &Index{fsys: fsys, dir: dir}, nil
}

// Dir returns the directory of the index, without the leading slash.
func (ix *Index) Dir() string {
	if ix == nil {
		return ""
	}
	return ix.dir
}

// Err returns what was wrong with the files that were read so far, once for each: *CorruptError for a damaged
// one. The damage costs the answers that lie behind it; the others are still given.
func (ix *Index) Err() error {
	if ix == nil {
		return nil
	}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	return errors.Join(ix.errs...)
}

// files returns the root file system; it is never nil.
func (ix *Index) files() fs.FS {
	if ix == nil {
		return noFiles{}
	}
	return ix.fsys
}

// noFiles is a file system without files.
type noFiles struct{}

func (noFiles) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// trieOf returns the trie of an index file, or nil. ix.mu is held.
func (ix *Index) trieOf(file int) *trie {
	f := &ix.open[file]
	if !f.opened {
		f.opened = true
		name, optional := indexName(file)
		p, err := openPager(ix.fsys, path.Join(ix.dir, name))
		if err == nil && optional && p.size == 0 {
			return nil // depmod leaves this when modules.builtin or modules.builtin.modinfo is missing
		}
		if err == nil {
			f.trie, err = openTrie(p)
		}
		if err != nil && !(optional && errors.Is(err, fs.ErrNotExist)) {
			ix.note(f, err)
		}
	}
	return f.trie
}

// note keeps the first error of a file.
func (ix *Index) note(f *indexFile, err error) {
	if !f.failed {
		f.failed = true
		ix.errs = append(ix.errs, err)
	}
}

// ask asks one index file and notes when it turns out to be damaged.
func (ix *Index) ask(file int, question func(*trie) []value) []value {
	if ix == nil {
		return nil
	}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	t := ix.trieOf(file)
	if t == nil {
		return nil
	}
	vs := question(t)
	if t.err != nil {
		ix.note(&ix.open[file], t.err)
		t.err = nil
	}
	return vs
}

// depLine returns the line of modules.dep of a module: its path, a colon, and the paths that it needs.
func (ix *Index) depLine(name string) (file, needs string, ok bool) {
	vs := ix.ask(depFile, func(t *trie) []value { return t.find(canonical(name)) })
	if len(vs) == 0 {
		return "", "", false
	}
	return strings.Cut(vs[0].text, ":")
}

// Path returns the file of a module, seen from Dir: "kernel/fs/ext4/ext4.ko", with .gz, .xz or .zst if it is
// compressed. That the file exists is not checked. name is a module's name, no alias.
func (ix *Index) Path(name string) (string, bool) {
	file, _, ok := ix.depLine(name)
	return file, ok
}

// Builtin says whether a module is a part of the kernel itself.
func (ix *Index) Builtin(name string) bool {
	return len(ix.ask(builtinFile, func(t *trie) []value { return t.find(canonical(name)) })) > 0
}

// Deps returns the names of all modules that a module needs, those of its needs included, in load order.
func (ix *Index) Deps(name string) []string {
	_, needs, ok := ix.depLine(name)
	if !ok {
		return nil
	}
	paths := strings.Fields(needs)
	slices.Reverse(paths) // depmod writes the nearest first
	for i, p := range paths {
		paths[i] = NameOf(p)
	}
	return paths
}

// Aliases returns every module that has a modalias, in modules.order; a device may need more than one of them.
// When no module has it, those that are built into the kernel and have it are returned.
func (ix *Index) Aliases(modalias string) []string {
	key := normalAlias(modalias)
	ask := func(t *trie) []value { return t.matches(key) }
	if names := texts(ix.ask(aliasFile, ask)); len(names) > 0 {
		return names
	}
	return texts(ix.ask(builtinAliasFile, ask))
}

// texts returns the texts of the values without doubles.
func texts(vs []value) []string {
	var out []string
	for _, v := range vs {
		if !slices.Contains(out, v.text) {
			out = append(out, v.text)
		}
	}
	return out
}

// Resolve returns the modules that a word means, as modprobe(8) finds them: the module of that name, else all
// that have it as an alias, else the one of that name in the kernel. Nothing means that nobody knows the word.
func (ix *Index) Resolve(word string) []string {
	name := canonical(word)
	if _, ok := ix.Path(name); ok {
		return []string{name}
	}
	if names := ix.Aliases(word); len(names) > 0 {
		return names
	}
	if ix.Builtin(name) {
		return []string{name}
	}
	return nil
}

// canonical writes a module name as the kernel does.
func canonical(name string) string { return strings.ReplaceAll(name, "-", "_") }

// normalAlias writes an alias as depmod did: '_' for '-', but not between brackets, where '-' is a range.
func normalAlias(alias string) string {
	if !strings.Contains(alias, "-") {
		return alias
	}
	b := []byte(alias)
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '-':
			b[i] = '_'
		case '[':
			if n := strings.IndexByte(alias[i:], ']'); n > 0 {
				i += n
			}
		}
	}
	return string(b)
}

// NameOf returns the name of the module in a file: "kernel/fs/fat/vfat.ko.gz" is "vfat".
func NameOf(file string) string {
	base := path.Base(file)
	if i := strings.Index(base, ".ko"); i > 0 {
		base = base[:i]
	}
	return canonical(base)
}
