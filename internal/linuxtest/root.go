package linuxtest

import (
	"bytes"
	"io/fs"
	"path"
	"strings"
	"syscall"
	"time"

	"github.com/preroot/preroot/pkg/boot"
	"github.com/preroot/preroot/pkg/switchroot"
)

// newRoot is a mounted root: a path is looked up in the device that is mounted furthest down.
type newRoot struct {
	m   *Machine
	dir string
}

func (m *Machine) openRoot(dir string) (boot.Root, error) {
	if dir == "/" {
		return initramfs{newRoot{m, dir}}, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.mountAt(dir) == nil {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: syscall.ENOENT}
	}
	return newRoot{m, dir}, nil
}

// lookup finds the mount under a path, and the text of the file.
func (r newRoot) lookup(p string) (mt *mounted, text string, ok bool) {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	p = path.Join(r.dir, p)
	for i := range r.m.mounts {
		target := r.m.mounts[i].target
		if (p == target || strings.HasPrefix(p, target+"/")) && (mt == nil || len(target) >= len(mt.target)) {
			mt = &r.m.mounts[i]
		}
	}
	if mt == nil {
		return nil, "", false
	}
	text, ok = r.m.trees[mt.disk.name][strings.TrimPrefix(p, mt.target)]
	return mt, text, ok
}

// Open opens a file of the tree; a directory is there when a file is below it.
func (r newRoot) Open(p string) (switchroot.File, error) {
	mt, text, ok := r.lookup(p)
	f := &rootFile{name: path.Base(p), mode: 0o644, mount: mt}
	switch first, mode, _ := strings.Cut(strings.TrimSpace(text), " "); {
	case !ok && mt != nil && r.m.isDir(mt, strings.TrimPrefix(path.Join(r.dir, p), mt.target)):
		f.mode = fs.ModeDir | 0o755
	case !ok:
		return nil, &fs.PathError{Op: "open", Path: p, Err: syscall.ENOENT}
	case first == "ELF":
		text, f.mode = string(program()), 0o755
		if mode == "0644" {
			f.mode = 0o644
		}
	}
	f.Reader = bytes.NewReader([]byte(text))
	return f, nil
}

func (m *Machine) isDir(mt *mounted, p string) bool {
	for name := range m.trees[mt.disk.name] {
		if strings.HasPrefix(name, p+"/") {
			return true
		}
	}
	return false
}

func (r newRoot) NoExec(f switchroot.File) bool {
	return f.(*rootFile).mount.flags&syscall.MS_NOEXEC != 0
}

func (r newRoot) ReadFile(p string, limit int64) ([]byte, error) {
	_, text, ok := r.lookup(p)
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: p, Err: syscall.ENOENT}
	}
	return []byte(text)[:min(int64(len(text)), limit)], nil
}

func (r newRoot) Mkdir(p string, _ uint32) error {
	if mt, _, _ := r.lookup(p); mt == nil || mt.flags&syscall.MS_RDONLY != 0 {
		return &fs.PathError{Op: "mkdir", Path: p, Err: syscall.EROFS}
	}
	return nil
}

func (r newRoot) Close() error { return nil }

// initramfs is the present root, in which a program is looked for.
type initramfs struct{ newRoot }

// Open opens a file; "ELF" stands for a program, as on disks.
func (r initramfs) Open(p string) (switchroot.File, error) {
	text, err := fs.ReadFile(r.m.files, strings.TrimPrefix(p, "/"))
	f := &rootFile{name: path.Base(p), mode: 0o644, mount: &mounted{}}
	if first, mode, _ := strings.Cut(strings.TrimSpace(string(text)), " "); first == "ELF" && mode == "" {
		text, f.mode = program(), 0o755
	}
	f.Reader = bytes.NewReader(text)
	return f, err
}

// rootFile is an open file of the new root, and its own description.
type rootFile struct {
	*bytes.Reader
	name  string
	mode  fs.FileMode
	mount *mounted
}

func (f *rootFile) Close() error               { return nil }
func (f *rootFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f *rootFile) Name() string               { return f.name }
func (f *rootFile) Size() int64                { return f.Reader.Size() }
func (f *rootFile) Mode() fs.FileMode          { return f.mode }
func (f *rootFile) ModTime() time.Time         { return time.Time{} }
func (f *rootFile) IsDir() bool                { return f.mode.IsDir() }
func (f *rootFile) Sys() any                   { return nil }
