package linuxtest

import (
	"io/fs"
	"path"
	"strings"
	"sync"
	"testing/fstest"
)

// files is the initramfs with /proc and /sys, in memory; it may be read while it changes.
type files struct {
	mu sync.Mutex
	m  fstest.MapFS
}

func (f *files) write(name, text string) { f.put(name, text, 0o644) }

func (f *files) put(name, text string, mode fs.FileMode) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.m[strings.TrimPrefix(path.Clean(name), "/")] = &fstest.MapFile{Data: []byte(text), Mode: mode}
}

func (f *files) link(target, name string) { f.put(name, target, fs.ModeSymlink|0o777) }

// remove takes away a name and all below it.
func (f *files) remove(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for n := range f.m {
		if n == name || strings.HasPrefix(n, name+"/") {
			delete(f.m, n)
		}
	}
}

// Open implements fs.FS.
func (f *files) Open(name string) (fs.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.m.Open(name)
}

// ReadLink and Lstat implement fs.ReadLinkFS.
func (f *files) ReadLink(name string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.m.ReadLink(name)
}

// Lstat describes a name without following a link.
func (f *files) Lstat(name string) (fs.FileInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.m.Lstat(name)
}
