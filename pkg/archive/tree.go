package archive

import (
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// Tree is what the kernel makes of an image: its root file system before /init starts. It is a file system of package
// fs; symbolic links are followed inside it, and absolute ones start at its root.
type Tree struct {
	root *node
	// Lost are members of which the kernel makes nothing.
	Lost   []Lost
	budget int
}

// Lost is a member that leads to no file, and why.
type Lost struct{ Name, Why string }

// node is a file. A hard link is one node with several names.
type node struct {
	kind         Kind
	perm         uint32
	uid, gid     uint32
	major, minor uint32
	data         []byte

	// Of a folder: what lies in it, the folder above, its name there, and the length of its own path with a slash.
	children map[string]*node
	parent   *node
	base     string
	length   int
}

func newNode(kind Kind) *node {
	n := &node{kind: kind}
	if kind == Dir {
		n.children = map[string]*node{}
	}
	return n
}

// treeBudget is what a tree may cost: bytes of the paths of all files, and of the names that are looked up while it is made.
const treeBudget = 64 << 20

var (
	errLoop   = errors.New("too many symbolic links")
	errNotDir = errors.New("not a directory")
	errCostly = errors.New("the names of this image are too long all together, or its links lead too far: no tool makes such an image")
)

// Tree merges the members in the order in which they lie there, by the rules of the kernel (init/initramfs.c): a later
// file takes the place of an earlier one of another kind, or is written into one of the same kind, which changes all of
// that one's hard links; a folder takes the place of a link; nothing takes the place of a folder that is not empty; no
// parents are made, but for /dev and /root, which the kernel has of its own.
func (i *Image) Tree() (*Tree, error) {
	t := &Tree{root: newNode(Dir), budget: treeBudget}
	t.root.perm, t.root.parent = 0o755, t.root
	for _, s := range i.Segments {
		for _, e := range s.Entries {
			if why := t.add(e); why != "" {
				t.Lost = append(t.Lost, Lost{e.Name, why})
			}
			if t.budget < 0 {
				return t, errCostly
			}
		}
	}
	return t, nil
}

// The bounds of the kernel.
const (
	maxPart  = 255 // NAME_MAX
	maxLinks = 40  // MAXSYMLINKS
)

// add makes a file of a member, or says why there is none.
func (t *Tree) add(e Entry) (why string) {
	if e.Name == "." {
		if e.Kind == Dir {
			t.root.perm, t.root.uid, t.root.gid = e.Perm, e.Uid, e.Gid
		}
		return ""
	}
	dir, base := path.Split(e.Name)
	parent, why := t.folder(path.Clean(dir))
	switch {
	case why != "":
		return why
	case len(base) > maxPart:
		return "a part of its name has more than 255 bytes"
	case parent.length+len(base) >= maxName-1:
		return "its path, where links lead to, has more than 4095 bytes"
	case e.Kind == Symlink && (len(target(e.Data)) == 0 || len(e.Data) > maxName):
		return "a link with a target of no bytes, or of more than 4096"
	case e.Kind != Regular && e.Kind != Symlink && len(e.Data) > 0:
		return "data in what is no file"
	}
	t.budget -= parent.length + len(base)
	return t.put(parent, base, e)
}

// folder finds the folder of a member, and makes those that the kernel has before it unpacks anything.
func (t *Tree) folder(dir string) (*node, string) {
	p, err := t.walk(dir, true)
	t.budget -= p.cost
	switch {
	case errors.Is(err, fs.ErrNotExist) && (dir == "dev" || dir == "root"):
		n := t.set(t.root, dir, newNode(Dir))
		n.perm = 0o755
		return n, ""
	case err != nil:
		return nil, "no folder " + printable(dir) + ": " + err.Error()
	case p.node.kind != Dir:
		return nil, printable(dir) + " is no folder"
	}
	return p.node, ""
}

// set gives a folder's name to a node.
func (t *Tree) set(parent *node, base string, n *node) *node {
	parent.children[base] = n
	if n.kind == Dir {
		n.parent, n.base, n.length = parent, base, parent.length+len(base)+1
	}
	return n
}

// put is what the kernel does with a member whose folder is found.
func (t *Tree) put(parent *node, base string, e Entry) (why string) {
	old := parent.children[base]
	if old != nil && old.kind != e.Kind {
		if len(old.children) > 0 {
			return "in its place stands a folder that is not empty"
		}
		delete(parent.children, base)
		old = nil
	}
	if e.letter() == '?' {
		return "of no known kind"
	}
	if e.HardLink != "" {
		delete(parent.children, base)
		p, err := t.walk(e.HardLink, false)
		t.budget -= p.cost
		if err != nil || p.node.kind != e.Kind {
			return "a hard link to " + printable(e.HardLink) + ", which is not there any more"
		}
		old = t.set(parent, base, p.node)
	}
	if old == nil {
		old = t.set(parent, base, newNode(e.Kind))
		old.major, old.minor = e.Major, e.Minor // a device that is there keeps its own
	}
	old.perm, old.uid, old.gid, old.data = e.Perm, e.Uid, e.Gid, e.Data
	if e.Kind == Symlink {
		old.data = target(e.Data)
	}
	return ""
}

// target is a link's as far as the kernel reads it.
func target(data []byte) []byte {
	if i := slices.Index(data, 0); i >= 0 {
		return data[:i]
	}
	return data
}

// place is where a walk has ended: a node, and its name in a folder.
type place struct {
	node, parent *node
	base         string
	cost         int // parts of names looked up, bytes of links read
}

// walk finds a name from the root, and follows links on the way; a link at its end only if follow says so.
func (t *Tree) walk(name string, follow bool) (p place, err error) {
	p = place{t.root, t.root, ".", 0}
	for links := 0; name != ""; {
		p.cost++
		var part string
		part, name, _ = strings.Cut(name, "/")
		name = strings.TrimLeft(name, "/")
		switch {
		case part == "" || part == ".":
			continue
		case p.node.kind != Dir:
			return p, errNotDir
		case part == "..":
			p = place{p.node.parent, p.node.parent.parent, ".", p.cost}
			continue
		}
		child := p.node.children[part]
		switch {
		case child == nil:
			return p, fs.ErrNotExist
		case child.kind != Symlink || name == "" && !follow:
			p = place{child, p.node, part, p.cost}
			continue
		}
		if links++; links > maxLinks {
			return p, errLoop
		}
		if child.data[0] == '/' {
			p = place{t.root, t.root, ".", p.cost}
		}
		name = strings.Trim(string(child.data)+"/"+name, "/")
		p.cost += len(name)
	}
	return p, nil
}

// path is the name of a folder without links, "." for the root.
func (t *Tree) path(n *node) string {
	var parts []string
	for ; n != t.root; n = n.parent {
		parts = append(parts, n.base)
	}
	if len(parts) == 0 {
		return "."
	}
	slices.Reverse(parts)
	return strings.Join(parts, "/")
}

// Resolve gives the name of what a name means: links on the way and at its end are followed. A leading slash is taken.
func (t *Tree) Resolve(name string) (string, error) { return t.resolve("resolve", name, true) }

func (t *Tree) resolve(op, name string, follow bool) (string, error) {
	p, err := t.walk(strings.TrimLeft(name, "/"), follow)
	switch {
	case err != nil:
		return "", &fs.PathError{Op: op, Path: name, Err: err}
	case p.node.kind == Dir:
		return t.path(p.node), nil
	}
	return path.Join(t.path(p.parent), p.base), nil
}

// Entries lists all files but the root, each folder before what lies in it, in the order of names. Names have no link on their way.
func (t *Tree) Entries() []Entry {
	var all []Entry
	seen := map[*node]string{}
	var list func(dir *node, prefix string)
	list = func(dir *node, prefix string) {
		for _, base := range slices.Sorted(maps.Keys(dir.children)) {
			n := dir.children[base]
			e := n.entry(prefix + base)
			if n.kind != Dir && n.kind != Symlink {
				e.HardLink = seen[n]
				if e.HardLink == "" {
					seen[n] = e.Name
				}
			}
			all = append(all, e)
			list(n, e.Name+"/")
		}
	}
	list(t.root, "")
	return all
}

func (n *node) entry(name string) Entry {
	return Entry{Name: name, Kind: n.kind, Perm: n.perm, Uid: n.uid, Gid: n.gid, Major: n.major, Minor: n.minor, Data: n.data}
}
