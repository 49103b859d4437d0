package lvm

// crcSeed is where every checksum of LVM2 begins (lib/misc/crc.h).
const crcSeed = 0xf597a6cf

// crcTable is that of the usual CRC-32. It is made for each physical volume: 2048 steps.
type crcTable [256]uint32

func newCRC() *crcTable {
	var t crcTable
	for i := range t {
		c := uint32(i)
		for range 8 {
			c = c>>1 ^ 0xedb88320&-(c&1)
		}
		t[i] = c
	}
	return &t
}

// sum is the checksum over p, without the inversions that are usual.
func (t *crcTable) sum(p []byte) uint32 {
	crc := uint32(crcSeed)
	for _, b := range p {
		crc = t[byte(crc)^b] ^ crc>>8
	}
	return crc
}
