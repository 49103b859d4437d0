package inflate

import (
	"errors"
	"hash/crc32"
)

var (
	errNoGzip  = errors.New("damaged gzip file: it does not begin like one")
	errCut     = errors.New("damaged gzip file: it is cut off")
	errSum     = errors.New("damaged gzip file: its checksum is another")
	errTooLong = errors.New("it unpacks to more than is allowed")
)

// The flags of a gzip header (RFC 1952, 2.3.1).
const (
	hasCRC = 1 << (iota + 1)
	hasExtra
	hasName
	hasComment
)

const (
	fixedHeader = 10
	trailer     = 8
	maxFactor   = 1032 // deflate packs no better
)

// Gunzip unpacks a gzip file (RFC 1952), which may have several members, to at most limit bytes.
func Gunzip(file []byte, limit int) ([]byte, error) {
	if len(file) < fixedHeader+trailer {
		return nil, errCut
	}
	// The last four bytes are the size of what is inside: memory is asked for once.
	claim := int(le32(file[len(file)-4:]))
	s := &stream{in: file, out: make([]byte, 0, min(claim, limit, maxFactor*len(file)))}
	for len(s.in) > 0 {
		if err := s.member(limit); err != nil {
			return nil, err
		}
	}
	return s.out, nil
}

// member unpacks one, and leaves what is behind it.
func (s *stream) member(limit int) error {
	head, err := header(s.in)
	if err != nil {
		return err
	}
	s.in = s.in[head:]
	s.pos, s.bits, s.n = 0, 0, 0
	s.start = len(s.out)
	if err := s.run(limit); err != nil {
		return err
	}
	if s.pos < 0 || len(s.in)-s.pos < trailer {
		return errCut
	}
	sum, size := le32(s.in[s.pos:]), le32(s.in[s.pos+4:])
	made := s.out[s.start:]
	if uint32(len(made)) != size || crc32.ChecksumIEEE(made) != sum {
		return errSum
	}
	s.in = s.in[s.pos+trailer:]
	return nil
}

// header is the length of that at the start of a file.
func header(file []byte) (int, error) {
	if len(file) < fixedHeader || file[0] != 0x1f || file[1] != 0x8b || file[2] != 8 {
		return 0, errNoGzip
	}
	flags, at := file[3], fixedHeader
	if flags&hasExtra != 0 {
		if at+2 > len(file) {
			return 0, errCut
		}
		at += 2 + int(le16(file[at:]))
	}
	for _, text := range []byte{hasName, hasComment} {
		if flags&text == 0 {
			continue
		}
		for at < len(file) && file[at] != 0 {
			at++
		}
		at++
	}
	if flags&hasCRC != 0 {
		at += 2
	}
	if at > len(file) {
		return 0, errCut
	}
	return at, nil
}

// Numbers as they lie in the file. The package is linked into a program that has no room for encoding/binary.

func le16(b []byte) uint16 { return uint16(b[0]) | uint16(b[1])<<8 }

func le32(b []byte) uint32 { return uint32(le16(b)) | uint32(le16(b[2:]))<<16 }

func le64(b []byte) uint64 {
	_ = b[7]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 | uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}
