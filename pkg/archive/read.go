package archive

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Limits of Read: what a bad image may cost.
const (
	maxMembers  = 1 << 20
	maxUnpacked = 2 << 30
)

// errTruncated ends an archive before its trailer.
var errTruncated = errors.New("the archive ends too early: the image is cut off")

// Read lists the members of an image: newc archives one behind the other, each plain or in one zstd or gzip frame.
// Names that lead out of the archive, and sizes past its end, are errors; what was read before is returned.
func Read(data []byte) (entries []Entry, err error) {
	budget := int64(maxUnpacked)
	for {
		data = bytes.TrimLeft(data, "\x00")
		if len(data) == 0 {
			return entries, nil
		}
		var n int
		switch {
		case bytes.HasPrefix(data, []byte("07070")):
			n, err = readArchive(data, &entries)
		case bytes.HasPrefix(data, []byte{0x28, 0xb5, 0x2f, 0xfd}), bytes.HasPrefix(data, []byte{0x1f, 0x8b}):
			n, err = readPacked(data, &entries, &budget)
		default:
			return entries, fmt.Errorf("unknown bytes % x: neither a newc archive nor zstd nor gzip", data[:min(4, len(data))])
		}
		if err != nil {
			return entries, err
		}
		data = data[n:]
	}
}

// readPacked reads the archive in a compressed segment and gives the length of the segment.
func readPacked(data []byte, entries *[]Entry, budget *int64) (int, error) {
	in := bytes.NewReader(data)
	var plain bytes.Buffer
	var err error
	if data[0] == 0x1f {
		err = gunzipOne(in, &plain, *budget)
	} else {
		// Only our own images are read, and there the compressed segment is the last.
		err = unzstd(in, &plain, *budget)
	}
	if err != nil {
		return 0, fmt.Errorf("compressed segment: %w", err)
	}
	*budget -= int64(plain.Len())
	for rest := plain.Bytes(); ; {
		if rest = bytes.TrimLeft(rest, "\x00"); len(rest) == 0 {
			return len(data) - in.Len(), nil
		}
		n, err := readArchive(rest, entries)
		if err != nil {
			return 0, err
		}
		rest = rest[n:]
	}
}

func gunzipOne(in *bytes.Reader, out *bytes.Buffer, limit int64) error {
	r, err := gzip.NewReader(in)
	if err != nil {
		return err
	}
	r.Multistream(false)
	return copyBounded(out, r, limit)
}

func unzstd(in *bytes.Reader, out *bytes.Buffer, limit int64) error {
	r, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
	if err != nil {
		return err
	}
	defer r.Close()
	return copyBounded(out, r, limit)
}

// readArchive reads members up to the trailer and gives the length of the archive.
func readArchive(data []byte, entries *[]Entry) (int, error) {
	for at := 0; ; {
		e, next, err := readMember(data, at)
		if err != nil {
			return 0, fmt.Errorf("at byte %d: %w", at, err)
		}
		if e.Name == trailer {
			return min(next, len(data)), nil
		}
		if err := checkName(e.Name); err != nil && e.Name != "." {
			return 0, fmt.Errorf("at byte %d: %w", at, err)
		}
		if len(*entries) >= maxMembers {
			return 0, fmt.Errorf("more than %d members", maxMembers)
		}
		*entries = append(*entries, e)
		at = next
	}
}

// headerSize is the magic and thirteen numbers of eight hexadecimal digits.
const headerSize = 6 + 13*8

// readMember reads the member at an offset and gives the offset of the next.
func readMember(data []byte, at int) (e Entry, next int, err error) {
	if at > len(data)-headerSize {
		return e, 0, errTruncated
	}
	if magic := string(data[at : at+6]); magic != "070701" && magic != "070702" {
		return e, 0, fmt.Errorf("magic %q is not that of newc", magic)
	}
	var field [13]uint32
	for i := range field {
		n, err := strconv.ParseUint(string(data[at+6+8*i:at+14+8*i]), 16, 32)
		if err != nil {
			return e, 0, fmt.Errorf("header: %w", err)
		}
		field[i] = uint32(n)
	}
	nameEnd := int64(at) + headerSize + int64(field[11])
	start := nameEnd + (-nameEnd & 3)
	end := start + int64(field[6])
	switch {
	case field[11] < 2 || field[11] > 4096:
		return e, 0, fmt.Errorf("name of %d bytes", field[11])
	case nameEnd > int64(len(data)) || end > int64(len(data)):
		return e, 0, errTruncated
	}
	e.Name = string(data[at+headerSize : nameEnd-1])
	e.Kind, e.Perm = Kind(field[1]&0o170000), field[1]&0o7777
	e.Major, e.Minor = field[9], field[10]
	e.Data = data[start:end]
	return e, int(end + (-end & 3)), nil
}
