package unpack

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/pierrec/lz4/v4"
)

const (
	lz4Magic = "\x04\x22\x4d\x18"

	lz4Version     = 1 << 6 // bits of the first byte of a frame's descriptor
	lz4Independent = 1 << 5
	lz4BlockSum    = 1 << 4
	lz4HasSize     = 1 << 3
	lz4ContentSum  = 1 << 2
	lz4Dictionary  = 1 << 0

	lz4Stored  = 1 << 31 // of a block's size: the data is not compressed
	lz4History = 64 << 10
)

// lz4Reader reads frame after frame (lz4_Frame_format.md, version 1.6): a
// descriptor, blocks, a mark of the end and a checksum. The frames are read
// here because the library takes one that ends without its mark for whole.
type lz4Reader struct {
	in      *input
	flags   byte
	size    uint64 // of the content, if lz4HasSize
	done    uint64 // bytes of it given so far
	sum     xxh32
	inFrame bool

	packed, block, history []byte
	rest                   []byte // of the block, not given yet
}

func openLZ4(in *input) (io.Reader, error) { return &lz4Reader{in: in}, nil }

func (r *lz4Reader) Read(p []byte) (n int, err error) { return give(p, &r.rest, r.next) }

// give copies what is left of a block, which next fetches.
func give(p []byte, rest *[]byte, next func() error) (n int, err error) {
	for len(*rest) == 0 {
		if err := next(); err != nil {
			return 0, err
		}
	}
	n = copy(p, *rest)
	*rest = (*rest)[n:]
	return n, nil
}

// next reads one thing: what begins a frame, a block, or what ends a frame.
func (r *lz4Reader) next() error {
	if !r.inFrame {
		return r.begin()
	}
	n, err := r.number()
	switch {
	case err != nil:
		return err
	case n == 0:
		return r.end()
	}
	return r.readBlock(n)
}

// begin reads the descriptor of a frame, a frame to be skipped, or the end.
func (r *lz4Reader) begin() error {
	if head, err := r.in.peek(4); err != nil {
		return err
	} else if len(head) == 4 && binary.LittleEndian.Uint32(head)&^15 == 0x184d2a50 {
		return r.skip()
	}
	more, err := r.in.another(lz4Magic)
	switch {
	case err != nil:
		return err
	case !more:
		return io.EOF
	}
	return r.descriptor()
}

// descriptor reads the head of a frame.
func (r *lz4Reader) descriptor() error {
	var d [15]byte
	if err := r.in.full(d[:6]); err != nil {
		return err
	}
	r.flags = d[4]
	n := 6
	if r.flags&lz4HasSize != 0 {
		n += 8
	}
	if err := r.in.full(d[6 : n+1]); err != nil {
		return err
	}
	var sum xxh32
	sum.write(d[4:n])
	limit, err := lz4Limit(d[4], d[5])
	switch {
	case byte(sum.sum()>>8) != d[n]:
		return errors.New("the checksum of a frame's descriptor is wrong")
	case err != nil:
		return err
	}
	r.size = binary.LittleEndian.Uint64(d[6:])
	r.done, r.sum, r.history, r.inFrame = 0, xxh32{}, r.history[:0], true
	r.packed, r.block = grow(r.packed, limit), grow(r.block, limit)
	return nil
}

// lz4Limit is the largest block of a frame in bytes.
func lz4Limit(flags, block byte) (int, error) {
	code := block >> 4 & 7
	switch {
	case flags>>6 != lz4Version>>6:
		return 0, refusal("its frame is of an unknown version")
	case flags&lz4Dictionary != 0:
		return 0, refusal("it needs a dictionary of its own: pack it without one")
	case code < 4:
		return 0, fmt.Errorf("a frame has an unknown block size (%d)", code)
	}
	return 1 << (8 + 2*code), nil
}

func grow(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}

func (r *lz4Reader) number() (uint32, error) {
	var b [4]byte
	err := r.in.full(b[:])
	return binary.LittleEndian.Uint32(b[:]), err
}

// readBlock reads a block of a size with its flag.
func (r *lz4Reader) readBlock(n uint32) error {
	size := int(n &^ lz4Stored)
	if size > len(r.packed) {
		return fmt.Errorf("a block has %d bytes: its frame allows %d", size, len(r.packed))
	}
	data := r.packed[:size]
	if err := r.in.full(data); err != nil {
		return err
	}
	if err := r.checkBlock(data); err != nil {
		return err
	}
	if n&lz4Stored == 0 {
		got, err := lz4.UncompressBlockWithDict(data, r.block, r.history)
		if err != nil {
			return err
		}
		data = r.block[:got]
	}
	r.remember(data)
	if r.flags&lz4HasSize != 0 && r.done > r.size {
		return fmt.Errorf("a frame has more than the %d bytes that it says", r.size)
	}
	r.rest = data
	return nil
}

func (r *lz4Reader) checkBlock(data []byte) error {
	if r.flags&lz4BlockSum == 0 {
		return nil
	}
	want, err := r.number()
	if err != nil {
		return err
	}
	var sum xxh32
	sum.write(data)
	if sum.sum() != want {
		return errors.New("the checksum of a block is wrong")
	}
	return nil
}

// remember keeps what the next block may refer to.
func (r *lz4Reader) remember(data []byte) {
	r.done += uint64(len(data))
	if r.flags&lz4ContentSum != 0 {
		r.sum.write(data)
	}
	if r.flags&lz4Independent != 0 {
		return
	}
	r.history = append(r.history, data[max(0, len(data)-lz4History):]...)
	if over := len(r.history) - lz4History; over > 0 {
		r.history = r.history[:copy(r.history, r.history[over:])]
	}
}

// end is what stands behind the last block.
func (r *lz4Reader) end() error {
	r.inFrame = false
	if r.flags&lz4HasSize != 0 && r.done != r.size {
		return fmt.Errorf("a frame has %d bytes: it says %d", r.done, r.size)
	}
	if r.flags&lz4ContentSum == 0 {
		return nil
	}
	want, err := r.number()
	if err == nil && want != r.sum.sum() {
		err = errors.New("the checksum of a frame is wrong")
	}
	return err
}

// skip passes over a frame that holds something else.
func (r *lz4Reader) skip() error {
	var b [8]byte
	if err := r.in.full(b[:]); err != nil {
		return err
	}
	_, err := io.CopyN(io.Discard, r.in, int64(binary.LittleEndian.Uint32(b[4:])))
	return cut(err)
}
