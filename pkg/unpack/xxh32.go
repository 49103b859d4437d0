package unpack

import (
	"encoding/binary"
	"math/bits"
)

// The primes of XXH32 (xxhash_spec.md of the xxHash project).
const (
	xxhPrime1 = 0x9e3779b1
	xxhPrime2 = 0x85ebca77
	xxhPrime3 = 0xc2b2ae3d
	xxhPrime4 = 0x27d4eb2f
	xxhPrime5 = 0x165667b1
)

// xxh32 is the checksum of lz4 frames, with seed 0. The zero value has
// nothing in it.
type xxh32 struct {
	lanes [4]uint32 // once there was a stripe
	part  [16]byte  // of a stripe
	held  int
	total uint64
}

func (x *xxh32) write(p []byte) {
	if x.total == 0 {
		a, b := uint32(xxhPrime1), uint32(xxhPrime2)
		x.lanes = [4]uint32{a + b, b, 0, -a}
	}
	x.total += uint64(len(p))
	if x.held > 0 {
		n := copy(x.part[x.held:], p)
		x.held += n
		p = p[n:]
		if x.held < len(x.part) {
			return
		}
		x.stripe(x.part[:])
	}
	for ; len(p) >= len(x.part); p = p[len(x.part):] {
		x.stripe(p)
	}
	x.held = copy(x.part[:], p)
}

func (x *xxh32) stripe(p []byte) {
	for i := range x.lanes {
		x.lanes[i] = bits.RotateLeft32(x.lanes[i]+binary.LittleEndian.Uint32(p[4*i:])*xxhPrime2, 13) * xxhPrime1
	}
}

func (x *xxh32) sum() uint32 {
	h := uint32(xxhPrime5)
	if x.total >= uint64(len(x.part)) {
		h = 0
		for i, n := range []int{1, 7, 12, 18} {
			h += bits.RotateLeft32(x.lanes[i], n)
		}
	}
	h += uint32(x.total)
	p := x.part[:x.held]
	for ; len(p) >= 4; p = p[4:] {
		h = bits.RotateLeft32(h+binary.LittleEndian.Uint32(p)*xxhPrime3, 17) * xxhPrime4
	}
	for _, b := range p {
		h = bits.RotateLeft32(h+uint32(b)*xxhPrime5, 11) * xxhPrime1
	}
	h = (h ^ h>>15) * xxhPrime2
	h = (h ^ h>>13) * xxhPrime3
	return h ^ h>>16
}
