package unpack

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/pierrec/lz4/v4"
)

const (
	lz4LegacyMagic = "\x02\x21\x4c\x18"
	lz4LegacyBlock = 8 << 20 // bytes unpacked, at most
	// lz4LegacyPacked is what a block without any repetition grows to (LZ4_compressBound).
	lz4LegacyPacked = lz4LegacyBlock + lz4LegacyBlock/255 + 16
)

// lz4Legacy reads the frames that "lz4 -l" writes and the kernel unpacks
// (lib/decompress_unlz4.c): blocks behind their sizes, without any checksum
// and without a mark of the end. A file cut between two blocks is whole.
type lz4Legacy struct {
	in            *input
	packed, block []byte
	rest          []byte
}

func openLZ4Legacy(in *input) (io.Reader, error) { return &lz4Legacy{in: in}, nil }

func (r *lz4Legacy) Read(p []byte) (n int, err error) { return give(p, &r.rest, r.next) }

// next reads a magic or a block.
func (r *lz4Legacy) next() error {
	head, err := r.in.peek(4)
	if err != nil {
		return err
	}
	if len(head) == 0 {
		return io.EOF
	}
	if string(head) == "\x00\x00\x00\x00"[:len(head)] {
		if err := r.in.zeros(); err != nil {
			return err
		}
		return io.EOF
	}
	var b [4]byte
	if err := r.in.full(b[:]); err != nil || string(b[:]) == lz4LegacyMagic {
		return err
	}
	size := binary.LittleEndian.Uint32(b[:])
	if size > lz4LegacyPacked {
		return fmt.Errorf("a block has %d bytes: %d are the most", size, lz4LegacyPacked)
	}
	return r.readBlock(int(size))
}

func (r *lz4Legacy) readBlock(size int) error {
	r.packed, r.block = grow(r.packed, size), grow(r.block, lz4LegacyBlock)
	if err := r.in.full(r.packed); err != nil {
		return err
	}
	n, err := lz4.UncompressBlock(r.packed, r.block)
	if err != nil {
		return err
	}
	r.rest = r.block[:n]
	return nil
}
