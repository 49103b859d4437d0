package kmod

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"syscall"
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

// gunzip reads a whole gzip file. The size of what is inside stands in its last four bytes (RFC 1952, ISIZE),
// so memory is asked for once.
func gunzip(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, ErrNoFile
		}
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("damaged gzip file: %w", err)
	}
	image := make([]byte, 0, sizeHint(f))
	for {
		if len(image) == cap(image) {
			image = append(image, 0)[:len(image)]
		}
		n, err := z.Read(image[len(image):cap(image)])
		image = image[:len(image)+n]
		switch {
		case err == io.EOF:
			return image, nil
		case err != nil:
			return nil, fmt.Errorf("damaged gzip file: %w", err)
		case len(image) > maxModule:
			return nil, fmt.Errorf("it unpacks to more than %d MiB", maxModule>>20)
		}
	}
}

// sizeHint returns the unpacked size that a gzip file claims plus one byte (so that its end is seen without
// growing), as far as the claim is possible: deflate packs at most 1032 to 1.
func sizeHint(f fs.File) int64 {
	const small = 64 << 10
	r, ok := f.(io.ReaderAt)
	if !ok {
		return small
	}
	info, err := f.Stat()
	var tail [4]byte
	if err != nil || info.Size() < 18 {
		return small
	}
	if _, err := r.ReadAt(tail[:], info.Size()-4); err != nil {
		return small
	}
	claim := int64(tail[0]) | int64(tail[1])<<8 | int64(tail[2])<<16 | int64(tail[3])<<24
	return min(claim, 1032*info.Size(), maxModule) + 1
}
