// Package crc is CRC-32 over a few kilobytes, without start-up work. The larger tables of hash/crc32, made once at first use, cost ten times what they save on a superblock.
package crc

// Reversed polynomials.
const (
	IEEE       = 0xedb88320 // GPT, LVM2
	Castagnoli = 0x82f63b78 // ext4, xfs, btrfs, erofs
)

// Table is a table for a polynomial. It is made where it is needed: 2048 steps.
func Table(polynomial uint32) (t [256]uint32) {
	for i := range t {
		c := uint32(i)
		for range 8 {
			c = c>>1 ^ polynomial&-(c&1)
		}
		t[i] = c
	}
	return t
}

// Update feeds p into crc, without the inversions that are usual at start and end.
func Update(t *[256]uint32, crc uint32, p []byte) uint32 {
	for _, b := range p {
		crc = t[byte(crc)^b] ^ crc>>8
	}
	return crc
}
