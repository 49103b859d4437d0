package inflate

// Huffman codes of deflate (RFC 1951, 3.2.2): canonical, at most 15 bits, the first bit of a code first in the stream.

const (
	maxLength  = 15
	fastBits   = 9 // of a code that one look finds
	lengthMask = 15
)

// huffman is one code.
type huffman struct {
	fast    [1 << fastBits]uint16 // by the next bits: symbol<<4 | length; 0 where the code is longer, or there is none
	count   [maxLength + 1]uint16 // codes of each length
	symbols [288]uint16           // in the order of their codes
}

// noSymbol is what bits mean that are no code.
const noSymbol = 1 << 12

// make takes the code whose symbols have these lengths; 0 is a symbol that does not occur. As in zlib a code must be complete, but for none at all and for one of a single bit.
func (h *huffman) make(lengths []uint8) error {
	clear(h.fast[:])
	clear(h.count[:])
	for _, l := range lengths {
		h.count[l]++
	}
	h.count[0] = 0
	var code, first [maxLength + 2]int // of each length: the first code, and the place of its symbol
	free := 1
	for l := 1; l <= maxLength; l++ {
		n := int(h.count[l])
		free = free<<1 - n
		code[l+1], first[l+1] = (code[l]+n)<<1, first[l]+n
		if free < 0 {
			return errDamaged
		}
	}
	if used := first[maxLength+1]; free > 0 && used > 0 && !(used == 1 && h.count[1] == 1) {
		return errDamaged
	}
	for symbol, l := range lengths {
		if l == 0 {
			continue
		}
		h.symbols[first[l]] = uint16(symbol)
		first[l]++
		if l <= fastBits {
			for i := reversed(code[l], l); i < len(h.fast); i += 1 << l {
				h.fast[i] = uint16(symbol)<<4 | uint16(l)
			}
		}
		code[l]++
	}
	return nil
}

// reversed is a code as it lies in the stream.
func reversed(code int, length uint8) (r int) {
	for range length {
		r, code = r<<1|code&1, code>>1
	}
	return r
}

// symbol reads one.
func (s *stream) symbol(h *huffman) int {
	if e := int(h.fast[s.bits&(1<<fastBits-1)]); e != 0 {
		s.bits >>= e & lengthMask
		s.n -= e & lengthMask
		return e >> 4
	}
	return s.longSymbol(h)
}

// longSymbol goes through the lengths, one bit each.
func (s *stream) longSymbol(h *huffman) int {
	code, first, index := 0, 0, 0
	for _, n := range h.count[1:] {
		code |= s.take(1)
		if count := int(n); code-first < count {
			return int(h.symbols[index+code-first])
		} else {
			index += count
			first = (first + count) << 1
		}
		code <<= 1
	}
	return noSymbol
}
