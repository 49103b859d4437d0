package blkid

// Reversed polynomials of CRC-32.
const (
	polyIEEE       = 0xedb88320 // GPT, LVM2
	polyCastagnoli = 0x82f63b78 // ext4, xfs, btrfs, erofs
)

// crcTable is a table for the polynomial. It is made where it is needed: a
// superblock is so short that the larger tables of hash/crc32, made once at
// first use, cost ten times what they save.
func crcTable(poly uint32) (t [256]uint32) {
	for i := range t {
		c := uint32(i)
		for range 8 {
			c = c>>1 ^ poly&-(c&1)
		}
		t[i] = c
	}
	return t
}

// crcUpdate feeds p into crc without the inversions at start and end.
func crcUpdate(t *[256]uint32, crc uint32, p []byte) uint32 {
	for _, b := range p {
		crc = t[byte(crc)^b] ^ crc>>8
	}
	return crc
}
