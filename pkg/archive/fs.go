package archive

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"time"
)

var (
	_ fs.ReadLinkFS = (*Tree)(nil)
	_ fs.ReadFileFS = (*Tree)(nil)
	_ fs.StatFS     = (*Tree)(nil)
)

// find looks a name up for a method of package fs.
func (t *Tree) find(op, name string, follow bool) (*node, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	p, err := t.walk(name, follow)
	if err != nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: err}
	}
	return p.node, nil
}

// Open opens a file or a folder. A device can be opened, but not read.
func (t *Tree) Open(name string) (fs.File, error) {
	n, err := t.find("open", name, true)
	if err != nil {
		return nil, err
	}
	i := info{n, path.Base(name)}
	switch n.kind {
	case Dir:
		return &openDir{info: i, rest: n.list()}, nil
	case Regular:
		return &openFile{i, bytes.NewReader(n.data)}, nil
	}
	return &openNode{i}, nil
}

// ReadFile gives a copy of a file's content. Without copying, the Entry that is the Sys of Stat has it.
func (t *Tree) ReadFile(name string) ([]byte, error) {
	n, err := t.find("read", name, true)
	switch {
	case err != nil:
		return nil, err
	case n.kind != Regular:
		return nil, &fs.PathError{Op: "read", Path: name, Err: errNoFile}
	}
	return bytes.Clone(n.data), nil
}

var errNoFile = errors.New("it is no plain file")

// Stat describes what a name means, Lstat the link itself if it is one.
func (t *Tree) Stat(name string) (fs.FileInfo, error) {
	n, err := t.find("stat", name, true)
	if err != nil {
		return nil, err
	}
	return info{n, path.Base(name)}, nil
}

// Lstat describes a file, and of a link the link.
func (t *Tree) Lstat(name string) (fs.FileInfo, error) {
	n, err := t.find("lstat", name, false)
	if err != nil {
		return nil, err
	}
	return info{n, path.Base(name)}, nil
}

// ReadLink gives the target of a link as it is written there.
func (t *Tree) ReadLink(name string) (string, error) {
	n, err := t.find("readlink", name, false)
	switch {
	case err != nil:
		return "", err
	case n.kind != Symlink:
		return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
	}
	return string(n.data), nil
}

// list is a folder in the order of names.
func (n *node) list() []fs.DirEntry {
	var l []fs.DirEntry
	for _, name := range slices.Sorted(maps.Keys(n.children)) {
		l = append(l, fs.FileInfoToDirEntry(info{n.children[name], name}))
	}
	return l
}

// info describes a node; Sys gives its Entry, with the last part of its name.
type info struct {
	node *node
	name string
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return int64(len(i.node.data)) }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.node.kind == Dir }
func (i info) Sys() any           { return i.node.entry(i.name) }

func (i info) Mode() fs.FileMode {
	m := fs.FileMode(i.node.perm & 0o777)
	switch i.node.kind {
	case Dir:
		m |= fs.ModeDir
	case Symlink:
		m |= fs.ModeSymlink
	case Char:
		m |= fs.ModeDevice | fs.ModeCharDevice
	case Block:
		m |= fs.ModeDevice
	case FIFO:
		m |= fs.ModeNamedPipe
	case Socket:
		m |= fs.ModeSocket
	}
	for _, b := range []struct {
		perm uint32
		mode fs.FileMode
	}{{0o4000, fs.ModeSetuid}, {0o2000, fs.ModeSetgid}, {0o1000, fs.ModeSticky}} {
		if i.node.perm&b.perm != 0 {
			m |= b.mode
		}
	}
	return m
}

type openFile struct {
	info
	*bytes.Reader
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *openFile) Size() int64                { return f.info.Size() }
func (f *openFile) Close() error               { return nil }

type openNode struct{ info }

func (f *openNode) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *openNode) Close() error               { return nil }
func (f *openNode) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.name, Err: errNoFile}
}

type openDir struct {
	info
	rest []fs.DirEntry
}

func (d *openDir) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *openDir) Close() error               { return nil }
func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.name, Err: errNoFile}
}

func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 {
		n = len(d.rest)
	} else if len(d.rest) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(d.rest))
	list := d.rest[:n]
	d.rest = d.rest[n:]
	return list, nil
}
