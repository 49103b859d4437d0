package blkid

// polyECMA is the polynomial of CRC-64 (ECMA-182), highest bit first, as
// bcache and bcachefs use it.
const polyECMA = 0x42f0e1eba9ea3693

// crc64 computes it bit by bit, inverted at start and end: a table would cost
// more than a superblock of a few KiB.
func crc64(p []byte) uint64 {
	crc := ^uint64(0)
	for _, b := range p {
		crc ^= uint64(b) << 56
		for range 8 {
			crc = crc<<1 ^ polyECMA&-(crc>>63)
		}
	}
	return ^crc
}
