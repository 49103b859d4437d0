package blkid

import (
	"encoding/binary"
	"errors"
	"io"
)

const (
	// headSize covers every superblock near the start: the furthest is that
	// of btrfs, 4 KiB at 64 KiB.
	headSize = 68 << 10
	// readBudget is the most that one probe reads, in bytes.
	readBudget = 4 << 20
	// maxRead bounds a single read: 1024 GPT entries of 128 bytes.
	maxRead = 128 << 10
)

var (
	le = binary.LittleEndian
	be = binary.BigEndian
)

// source is a device under one probe: its first 68 KiB in memory, the rest by
// reads within a budget. It is one allocation, for the sake of the boot.
type source struct {
	r      io.ReaderAt
	size   int64
	sector int64
	budget int64

	headErr error // what ended the read of the head early, nil for EOF
	headLen int   // valid bytes of head

	got   Info // scratch of the probe that runs
	small [512]byte
	head  [headSize]byte
}

func newSource(r io.ReaderAt, size int64, sector int) *source {
	if sector < 512 || sector > 64<<10 || sector&(sector-1) != 0 {
		sector = 512
	}
	return &source{r: r, size: size, sector: int64(sector), budget: readBudget}
}

// readHead reads the start of the device. What can be had of it stays usable.
func (s *source) readHead() {
	n := min(s.size, headSize)
	s.budget -= n
	got, err := s.r.ReadAt(s.head[:n], 0)
	s.headLen = max(0, min(got, int(n)))
	if s.headLen < int(n) && err != nil && !errors.Is(err, io.EOF) {
		s.headErr = err
	}
}

// at returns n bytes at off, or nil if they are outside the device, cannot be
// read, or would exceed the budget. The bytes are good until the next call.
func (s *source) at(off int64, n int) []byte {
	if off < 0 || n <= 0 || off > s.size-int64(n) {
		return nil
	}
	if off+int64(n) <= int64(s.headLen) {
		return s.head[off : off+int64(n)]
	}
	return s.read(off, n)
}

// read is at for what is not in the head.
func (s *source) read(off int64, n int) []byte {
	if n > maxRead || int64(n) > s.budget {
		return nil
	}
	s.budget -= int64(n)
	buf := s.small[:]
	if n > len(buf) {
		buf = make([]byte, n)
	}
	got, _ := s.r.ReadAt(buf[:n], off)
	if got != n {
		return nil
	}
	return buf[:n]
}

// has reports whether the bytes at off in the head are magic.
func (s *source) has(off int, magic string) bool {
	return off+len(magic) <= s.headLen && string(s.head[off:off+len(magic)]) == magic
}
