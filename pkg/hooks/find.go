package hooks

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Stages are the directories of hooks, in the order of a boot (dracut.modules(7); those from emergency on have no fixed place).
var Stages = []string{
	"cmdline", "pre-udev", "pre-trigger", "netroot",
	"initqueue", "initqueue/settled", "initqueue/online", "initqueue/finished", "initqueue/timeout",
	"pre-mount", "mount", "pre-pivot", "cleanup",
	"emergency", "shutdown-emergency", "pre-shutdown", "shutdown",
}

// Directories of hooks. Since dracut 110 three are read and the first is written at run time; before, oldDir was the only one, from 102 to 109 a
// link to the first.
const (
	newDir = "/var/lib/dracut/hooks"
	oldDir = "/lib/dracut/hooks"
)

// Script is one file of a stage. Sourced is a *.sh, which the hook shell reads; the others are programs.
type Script struct {
	Path    string
	Sourced bool
}

// Finder knows where the hooks of an image are.
type Finder struct {
	// Dir is the directory that is written at run time, dracut's hookdir.
	Dir    string
	fsys   fs.FS
	places []place
}

// place is a directory of hooks: the name that hooks see, and where it lies once all links are followed.
type place struct{ name, real string }

// Find looks for the directories of hooks; fsys is the root directory.
func Find(fsys fs.FS) Finder {
	f := Finder{Dir: newDir, fsys: fsys}
	order := []string{newDir, "/etc/dracut/hooks", "/usr/lib/dracut/hooks", oldDir}
	if !isDir(fsys, resolve(fsys, newDir)) && isDir(fsys, resolve(fsys, oldDir)) {
		f.Dir = oldDir
		order = []string{oldDir, "/etc/dracut/hooks", "/usr/lib/dracut/hooks"}
	}
	for _, name := range order {
		real := resolve(fsys, name)
		counted := slices.ContainsFunc(f.places, func(p place) bool { return p.real == real })
		if !counted && isDir(fsys, real) {
			f.places = append(f.places, place{name, real})
		}
	}
	return f
}

// Scripts lists the hooks of a stage in the order in which they run: directory by directory, in each by name, byte by byte. A name in an earlier
// directory hides the same one in a later. Only plain files count, or links to such.
func (f Finder) Scripts(stage string) []Script {
	var list []Script
	seen := map[string]bool{}
	for _, p := range f.places {
		entries, _ := fs.ReadDir(f.fsys, resolve(f.fsys, path.Join("/", p.real, stage)))
		slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
		for _, e := range entries {
			s := Script{path.Join(p.name, stage, e.Name()), strings.HasSuffix(e.Name(), ".sh")}
			if !seen[e.Name()] && f.counts(s) {
				seen[e.Name()] = true
				list = append(list, s)
			}
		}
	}
	return list
}

// counts says whether a file is a hook. The execute bit of a sourced one means nothing.
func (f Finder) counts(s Script) bool {
	if strings.HasPrefix(path.Base(s.Path), ".") {
		return false
	}
	info, err := fs.Stat(f.fsys, resolve(f.fsys, s.Path))
	return err == nil && info.Mode().IsRegular() && (s.Sourced || info.Mode()&0o111 != 0)
}

// Any says whether there is any hook at all.
func (f Finder) Any() bool {
	return slices.ContainsFunc(Stages, func(stage string) bool { return len(f.Scripts(stage)) > 0 })
}

// maxLinks is how many links are followed, as in the kernel (path_resolution(7)).
const maxLinks = 40

// resolve follows every link in a path and gives the name that fsys wants, without a leading slash. What does not exist stays as it is.
func resolve(fsys fs.FS, name string) string {
	rest, done := strings.Split(name, "/"), "."
	for links := 0; len(rest) > 0; {
		next := path.Join(done, rest[0])
		if rest[0] == ".." {
			next = strings.TrimPrefix(path.Join("/", done, ".."), "/")
		}
		rest = rest[1:]
		target, err := fs.ReadLink(fsys, next)
		if err != nil || links == maxLinks {
			done = next
			continue
		}
		links++
		if path.IsAbs(target) {
			done = "."
		}
		rest = append(strings.Split(target, "/"), rest...)
	}
	if done == "" {
		return "."
	}
	return done
}

func isDir(fsys fs.FS, name string) bool {
	info, err := fs.Stat(fsys, name)
	return err == nil && info.IsDir()
}
