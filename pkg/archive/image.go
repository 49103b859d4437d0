package archive

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/preroot/preroot/pkg/unpack"
)

// Limits is what an image may cost; a zero field is that of DefaultLimits. Memory is at most Packed, twice Unpacked and a
// few hundred bytes for each member.
type Limits struct {
	Packed   int64 // bytes of the image
	Unpacked int64 // bytes that all compressed segments together unpack to
	Members  int   // of all archives; the end of one counts, too
	Segments int
}

// DefaultLimits suits images that machines boot; the largest of distributions unpack to some 600 MB.
func DefaultLimits() Limits {
	return Limits{Packed: 2 << 30, Unpacked: 1 << 30, Members: 1 << 20, Segments: 1024}
}

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	if l.Packed > 0 {
		d.Packed = l.Packed
	}
	if l.Unpacked > 0 {
		d.Unpacked = l.Unpacked
	}
	if l.Members > 0 {
		d.Members = l.Members
	}
	if l.Segments > 0 {
		d.Segments = l.Segments
	}
	return d
}

// Image is an image as it lies there.
type Image struct{ Segments []Segment }

// Segment is one archive of an image, or what one compressed stream holds.
type Segment struct {
	Offset, Size int64  // in the image, in bytes, without the zeros that follow
	Compression  string // gzip, xz, zstd, lz4 or bzip2; "" for none
	Unpacked     int64  // bytes; Size if it is not compressed
	Entries      []Entry
	// Trailer says that the last archive ends with a trailer. The kernel does without; an image that is cut off between
	// two members looks like that, too.
	Trailer bool
}

// Entries lists the members of all segments.
func (i *Image) Entries() (all []Entry) {
	for _, s := range i.Segments {
		all = append(all, s.Entries...)
	}
	return all
}

// Open reads an image file. What was read before an error is returned with it.
func Open(file string, l Limits) (*Image, error) {
	data, err := readFile(file, l.orDefault().Packed)
	if err != nil {
		return &Image{}, err
	}
	i, err := Parse(data, l)
	if err != nil {
		err = fmt.Errorf("%s: %w", file, err)
	}
	return i, err
}

func readFile(file string, limit int64) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var b bytes.Buffer
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		b.Grow(int(min(info.Size(), limit)) + bytes.MinRead)
	}
	n, err := b.ReadFrom(io.LimitReader(f, limit+1))
	if err == nil && n > limit {
		err = fmt.Errorf("%s has more than %d bytes: that is no initramfs image", file, limit)
	}
	return b.Bytes(), err
}

// Parse reads an image; its members' data lies in data, or in one piece for each compressed segment. What was read
// before an error is returned with it. An error names the segment, its place and the member.
func Parse(data []byte, l Limits) (*Image, error) {
	p := &parser{data: data, limits: l.orDefault(), image: &Image{}}
	for at := skipZeros(data, 0); at < len(data); at = skipZeros(data, at) {
		s := Segment{Offset: int64(at), Compression: unpack.Detect(data[at:])}
		err := p.segment(&s)
		p.image.Segments = append(p.image.Segments, s)
		if err != nil {
			return p.image, fmt.Errorf("segment %d (%s, at byte %d): %w", len(p.image.Segments), s.form(), at, err)
		}
		at += int(s.Size)
	}
	if len(p.image.Segments) == 0 {
		return p.image, errors.New("there is nothing but zeros in it: no initramfs image")
	}
	return p.image, nil
}

// form is the compression in words.
func (s *Segment) form() string {
	if s.Compression == "" {
		return "not compressed"
	}
	return s.Compression
}

func skipZeros(data []byte, at int) int {
	for at < len(data) && data[at] == 0 {
		at++
	}
	return at
}

// parser reads one image. Limits count down.
type parser struct {
	data   []byte
	limits Limits
	image  *Image
}

// segment reads what begins at the offset of s and fills it in.
func (p *parser) segment(s *Segment) error {
	p.limits.Segments--
	rest := p.data[s.Offset:]
	switch {
	case p.limits.Segments < 0:
		return errors.New("too many archives stand one behind the other: no tool makes such an image")
	case s.Compression != "":
		return p.packed(s, rest)
	case !bytes.HasPrefix(rest, []byte("0707")):
		return unknown(rest)
	case s.Offset%4 != 0:
		return errors.New("an archive must begin at a multiple of four bytes: the kernel does not find this one")
	}
	a := &archive{data: rest, members: &p.limits.Members}
	end, err := a.read(0)
	s.Entries, s.Trailer = a.finish(), a.trailer
	s.Size, s.Unpacked = int64(end), int64(end)
	return err
}

// packed reads a compressed segment: archives one behind the other, and zeros.
func (p *parser) packed(s *Segment, rest []byte) error {
	plain, taken, err := unpackSegment(rest, p.limits.Unpacked)
	s.Size, s.Unpacked = taken, int64(len(plain))
	if err != nil {
		return err
	}
	p.limits.Unpacked -= int64(len(plain))
	a := &archive{data: plain, members: &p.limits.Members}
	for at := skipZeros(plain, 0); at < len(plain) && err == nil; at = skipZeros(plain, at) {
		if plain[at] != '0' || at%4 != 0 {
			err = fmt.Errorf("at byte %d unpacked: %w", at, unknown(plain[at:]))
			break
		}
		at, err = a.read(at)
	}
	s.Entries, s.Trailer = a.finish(), a.trailer
	return err
}

// ErrNotRead is of a compression that kernels know and this package does not.
var ErrNotRead = errors.New("is not read here")

// unknown names what is no archive.
func unknown(data []byte) error {
	for _, f := range []struct{ name, magic, program string }{
		{"lzma", "\x5d\x00\x00", "xz --format=lzma"},
		{"lzo", "\x89LZO", "lzop"},
	} {
		if bytes.HasPrefix(data, []byte(f.magic)) {
			return fmt.Errorf("compressed with %s, which %w: unpack it with %s -d before", f.name, ErrNotRead, f.program)
		}
	}
	return fmt.Errorf("unknown bytes % x: neither a newc archive nor compressed with %s", data[:min(4, len(data))], unpack.Known())
}

// firstRoom is how many bytes are taken at first for an unpacked segment, moreRoom is how much larger each next piece is.
// What of a large piece is never written costs no memory, so few pieces are cheaper than small ones.
const (
	firstRoom = 64 << 10
	moreRoom  = 16
)

// unpackSegment unpacks the stream that data begins with, and gives its packed length.
func unpackSegment(data []byte, limit int64) (plain []byte, taken int64, err error) {
	z, err := unpack.First(data)
	if err != nil {
		return nil, 0, err
	}
	plain = make([]byte, 0, firstRoom)
	for {
		if len(plain) == cap(plain) {
			bigger := make([]byte, len(plain), min(moreRoom*int64(cap(plain)), limit+1))
			copy(bigger, plain)
			plain = bigger
		}
		n, err := z.Read(plain[len(plain):cap(plain)])
		plain = plain[:len(plain)+n]
		switch {
		case int64(len(plain)) > limit:
			return nil, z.Taken(), fmt.Errorf("it unpacks to more than the %d bytes that are left to this image", limit)
		case err == io.EOF:
			return plain[:len(plain):len(plain)], z.Taken(), nil
		case err != nil:
			return nil, z.Taken(), err
		}
	}
}
