package unpack

import (
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/zstd"
)

// First opens the first stream of data: one member of gzip, one stream of xz
// or bzip2, one frame of zstd or lz4. Anything may follow it, as in an image
// of several archives, where the kernel looks at what follows anew. After
// io.EOF, Taken is the length of the stream.
func First(data []byte) (*Reader, error) {
	if size := firstSize(data); size > 0 {
		return NewReader(bytes.NewReader(data[:size]))
	}
	if Detect(data) == "bzip2" {
		return firstBzip2(data), nil
	}
	z, err := NewReader(bytes.NewReader(data))
	if err == nil {
		z.in.single = true
	}
	return z, err
}

// Taken counts the packed bytes that the decoder has taken so far.
func (z *Reader) Taken() int64 { return z.in.count }

// firstSize is the length of the first stream where its format tells that
// without decoding. Zero is: it does not, or the data is damaged or cut off,
// which the decoder puts into words.
func firstSize(data []byte) int {
	f := detect(data)
	switch {
	case f == nil:
		return 0
	case f.name == "zstd":
		return zstdSize(data)
	case f.name == "xz":
		return xzSize(data)
	case f.magic == lz4Magic:
		return lz4Size(data)
	case f.magic == lz4LegacyMagic:
		return lz4LegacySize(data)
	}
	return 0
}

// zstdSize walks the blocks of a frame (RFC 8878, section 3.1.1).
func zstdSize(data []byte) int {
	var h zstd.Header
	if h.Decode(data) != nil || h.Skippable {
		return 0
	}
	at := h.HeaderSize
	for last := false; !last; {
		if at+3 > len(data) {
			return 0
		}
		head := uint32(data[at]) | uint32(data[at+1])<<8 | uint32(data[at+2])<<16
		size := int(head >> 3)
		if head>>1&3 == 1 { // a byte that is repeated
			size = 1
		}
		at, last = at+3+size, head&1 == 1
	}
	if h.HasCheckSum {
		at += 4
	}
	return within(at, data)
}

func within(at int, data []byte) int {
	if at > len(data) {
		return 0
	}
	return at
}

const (
	xzHead = 12 // bytes; the footer has as many
	xzUnit = 4  // every part of a stream is a multiple of this
)

// xzSize looks for the footer of a stream (the .xz file format, section
// 2.1.2), which is known by its magic, its checksum and the header's flags.
func xzSize(data []byte) int {
	if len(data) < 2*xzHead {
		return 0
	}
	for end := 2 * xzHead; end <= len(data); end += xzUnit {
		f := data[end-xzHead : end]
		if f[10] == 'Y' && f[11] == 'Z' && f[8] == data[6] && f[9] == data[7] && crc32.ChecksumIEEE(f[4:10]) == binary.LittleEndian.Uint32(f) {
			return end
		}
	}
	return 0
}

// lz4Size walks the blocks of a frame (lz4_Frame_format.md, version 1.6).
func lz4Size(data []byte) int {
	if len(data) < 7 {
		return 0
	}
	flags, at, sum := data[4], 7, 0
	if flags&lz4HasSize != 0 {
		at += 8
	}
	if flags&lz4BlockSum != 0 {
		sum = 4
	}
	for at+4 <= len(data) {
		size := int(binary.LittleEndian.Uint32(data[at:]) &^ lz4Stored)
		at += 4
		if size == 0 {
			if flags&lz4ContentSum != 0 {
				at += 4
			}
			return within(at, data)
		}
		at += size + sum
	}
	return 0
}

// lz4LegacySize walks the blocks up to zeros or the end; where another frame
// begins, it goes on (lib/decompress_unlz4.c).
func lz4LegacySize(data []byte) int {
	at := len(lz4LegacyMagic)
	for at < len(data) {
		if zeros := bytes.HasPrefix([]byte{0, 0, 0, 0}, data[at:min(at+4, len(data))]); zeros {
			return at
		}
		if at+4 > len(data) {
			return 0
		}
		size := binary.LittleEndian.Uint32(data[at:])
		at += 4
		if string(data[at-4:at]) != lz4LegacyMagic {
			at += int(size)
		}
	}
	return within(at, data)
}

// firstBzip2 opens a stream whose end only its decoder finds.
func firstBzip2(data []byte) *Reader {
	in := newInput(io.MultiReader(bytes.NewReader(data), bytes.NewReader(make([]byte, bzip2Ahead))))
	return &Reader{format: detect(data), in: in, r: &bzip2First{in, bzip2.NewReader(in)}}
}

// bzip2Ahead are the bytes that the decoder takes behind the end of a stream.
const bzip2Ahead = 2

type bzip2First struct {
	in *input
	z  io.Reader
}

// Read ends where the decoder finds something else than one more stream.
func (b *bzip2First) Read(p []byte) (int, error) {
	n, err := b.z.Read(p)
	var damage bzip2.StructuralError
	if errors.As(err, &damage) && damage == "bad magic value in continuation file" {
		b.in.count -= bzip2Ahead
		err = io.EOF
	}
	return n, err
}
