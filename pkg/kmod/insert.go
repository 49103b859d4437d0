package kmod

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"syscall"

	"github.com/preroot/preroot/internal/inflate"
)

// insert puts one module into the kernel, all that it needs being there.
func (l *Loader) insert(f *flight, res *Result) error {
	file, params, err := l.find(f.step)
	if file != "" {
		res.Path = "/" + file
	}
	if err != nil || file == "" {
		return err
	}
	if l.kernel.Loaded(f.name) {
		res.Already = true
		return nil
	}
	err = l.insertFile(file, params)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EEXIST):
		res.Already = true
		return nil
	}
	err = l.explain(file, err)
	if errors.Is(err, ErrNoFile) {
		l.miss(f.name, f.word)
	}
	return err
}

// find says which file a module is, below the root directory, and with what parameters it is loaded. One that is built in has no file.
func (l *Loader) find(s *step) (file, params string, err error) {
	file, ok := l.ix.Path(s.name)
	if !ok {
		return "", "", l.withoutFile(s)
	}
	if why, barred := l.policy.Barred(s.name); barred {
		return "", "", fmt.Errorf("%w %s", ErrBlocked, why)
	}
	if !strings.HasPrefix(file, "/") {
		file = path.Join(l.ix.dir, file)
	}
	alias := ""
	if s.asked {
		alias = s.word
	}
	if params = l.params(s.name, alias); strings.IndexByte(params, 0) >= 0 {
		err = errors.New("its parameters hold a NUL byte; write them as plain text")
	}
	return strings.TrimPrefix(file, "/"), params, err
}

// withoutFile answers for a module that is not in modules.dep.
func (l *Loader) withoutFile(s *step) error {
	if l.ix.Builtin(s.name) {
		return nil
	}
	if err := l.ix.Err(); err != nil {
		return err
	}
	l.miss(s.name, s.word)
	return ErrNoFile
}

// insertFile hands a file to the kernel as it is whenever the kernel can take it: a policy of the kernel
// (LoadPin, IMA) then sees the file itself.
func (l *Loader) insertFile(inFS, params string) error {
	kind := compression(inFS)
	switch {
	case kind == "" || kind == l.opt.Decompresses:
		return l.kernel.Insert("/"+inFS, params, kind != "")
	case kind != "gzip":
		return fmt.Errorf("%w: it is packed with %s, and this kernel unpacks %s; build the image with plain or gzip modules",
			ErrCompression, kind, orNothing(l.opt.Decompresses))
	}
	image, err := gunzip(l.ix.files(), inFS)
	if err != nil {
		return err
	}
	return l.kernel.InsertImage(image, params)
}

func orNothing(kind string) string {
	if kind == "" {
		return "none"
	}
	return kind
}

// compression names the packing of a module file in the words of /sys/module/compression.
func compression(file string) string {
	switch {
	case strings.HasSuffix(file, ".gz"):
		return "gzip"
	case strings.HasSuffix(file, ".xz"):
		return "xz"
	case strings.HasSuffix(file, ".zst"):
		return "zstd"
	}
	return ""
}

// maxModule bounds an unpacked module. The largest ones have some tens of MiB.
const maxModule = 256 << 20

// gunzip reads a whole gzip file.
func gunzip(fsys fs.FS, name string) ([]byte, error) {
	file, err := fs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoFile
	}
	if err != nil {
		return nil, err
	}
	return inflate.Gunzip(file, maxModule)
}
