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
	file, ok := l.ix.Path(f.name)
	if !ok {
		return l.withoutFile(f)
	}
	if why, barred := l.policy.Barred(f.name); barred {
		return fmt.Errorf("%w %s", ErrBlocked, why)
	}
	inFS := strings.TrimPrefix(file, "/")
	if !strings.HasPrefix(file, "/") {
		inFS = path.Join(l.ix.dir, file)
	}
	res.Path = "/" + inFS
	if l.kernel.Loaded(f.name) {
		res.Already = true
		return nil
	}
	alias := ""
	if f.asked {
		alias = f.word
	}
	params := l.params(f.name, alias)
	if strings.IndexByte(params, 0) >= 0 {
		return errors.New("its parameters hold a NUL byte; write them as plain text")
	}
	err := l.insertFile(inFS, params)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EEXIST):
		res.Already = true
		return nil
	}
	err = l.explain(inFS, err)
	if errors.Is(err, ErrNoFile) {
		l.miss(f.name, f.word)
	}
	return err
}

// withoutFile answers for a module that is not in modules.dep.
func (l *Loader) withoutFile(f *flight) error {
	if l.ix.Builtin(f.name) {
		return nil
	}
	if err := l.ix.Err(); err != nil {
		return err
	}
	l.miss(f.name, f.word)
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
