// Package unpack reads compressed files of the formats that the kernel's own
// RAM disk loader knows (init/do_mounts_rd.c, lib/decompress.c): gzip, xz,
// zstd, lz4 and bzip2, told apart by their first bytes.
//
// It is for the helper "unpack" of images with a compressed initrd, and for
// the builder that makes them. No part of it gets into /init.
//
// Files are taken as hostile: a window or dictionary over [MaxWindow] is
// refused, every checksum that a format has is verified, a file that is cut
// off is never taken for a whole one, and an error says how far the decoder
// had read.
package unpack

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/preroot/preroot/internal/safe"
)

// MaxWindow is the most that a file may want a decoder to remember, in bytes:
// the window of zstd, the dictionary of xz. All levels of both programs stay
// below it, unless told --long or --lzma2=dict=.
const MaxWindow = 128 << 20

// format is one kind of compression.
type format struct {
	name  string
	magic string
	open  func(in *input) (io.Reader, error)
}

// formats are those that are known. Both forms of lz4 have one name.
var formats = [...]format{
	{"gzip", gzipMagic, openGzip},
	{"xz", "\xfd7zXZ\x00", openXZ},
	{"zstd", "\x28\xb5\x2f\xfd", openZstd},
	{"lz4", lz4Magic, openLZ4},
	{"lz4", lz4LegacyMagic, openLZ4Legacy},
	{"bzip2", "BZh", openBzip2},
}

// magicSize is the length of the longest magic.
const magicSize = 6

// Detect names the format of a file that begins with head: gzip, xz, zstd, lz4
// or bzip2. Six bytes suffice. It is "" for anything else.
func Detect(head []byte) string {
	if f := detect(head); f != nil {
		return f.name
	}
	return ""
}

func detect(head []byte) *format {
	for i := range formats {
		if f := &formats[i]; strings.HasPrefix(string(head[:min(len(head), magicSize)]), f.magic) {
			return f
		}
	}
	return nil
}

// Known lists the formats in words.
func Known() string { return "gzip, xz, zstd, lz4 and bzip2" }

// Reader gives the unpacked bytes of one file.
type Reader struct {
	format *format
	in     *input
	r      io.Reader
	err    error
}

// NewReader looks at the first bytes of r and opens it. An error names the
// format as far as it is known, but not the file.
func NewReader(r io.Reader) (*Reader, error) {
	in := newInput(r)
	head, err := in.peek(magicSize)
	switch {
	case err != nil:
		return nil, err
	case len(head) == 0:
		return nil, errors.New("it is empty")
	}
	z := &Reader{format: detect(head), in: in}
	if z.format == nil {
		return nil, fmt.Errorf("unknown format, it begins with the bytes % x: known are %s", head, Known())
	}
	z.guard(func() { z.r, err = z.format.open(in) })
	if err == nil {
		err = z.err
	}
	if err != nil {
		return nil, z.explain(err)
	}
	return z, nil
}

// Format is the name of the format.
func (z *Reader) Format() string { return z.format.name }

// Read gives unpacked bytes, and io.EOF only behind the end of a whole file.
func (z *Reader) Read(p []byte) (n int, err error) {
	if z.err != nil {
		return 0, z.err
	}
	z.guard(func() { n, err = z.r.Read(p) })
	switch {
	case z.err != nil: // a panic
		n, err = 0, z.err
		z.err = z.explain(err)
	case err == io.EOF:
		z.err = err
	case err != nil:
		z.err = z.explain(err)
	}
	return n, z.err
}

// guard calls a decoder. A panic of one is a damaged file, and no more.
func (z *Reader) guard(call func()) {
	defer safe.Catch(z.format.name, func(_, trace string) {
		line, _, _ := strings.Cut(trace, "\n")
		z.err = errors.New("the decoder gave up: " + line)
	})
	call()
}

// refusal is a sound file that asks for what is not there.
type refusal string

func (r refusal) Error() string { return string(r) }

const errWindow = refusal("it needs a window or dictionary of more than 128 MiB: pack it without --long and with a smaller dictionary")

// explain puts an error of a decoder into words.
func (z *Reader) explain(err error) error {
	name, at := z.format.name, z.in.count
	var no refusal
	switch {
	case z.in.err != nil:
		return fmt.Errorf("%s: reading at byte %d: %w", name, at, z.in.err)
	case errors.As(err, &no):
		return fmt.Errorf("%s: %w", name, err)
	case errors.Is(err, io.ErrUnexpectedEOF), err == io.EOF:
		return fmt.Errorf("%s: it is cut off: byte %d is its last, and more must follow", name, at)
	}
	return fmt.Errorf("%s: it is damaged, at byte %d or before: %w", name, at, err)
}
