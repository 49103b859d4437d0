package lvm

import "github.com/preroot/preroot/internal/crc"

// crcSeed is where every checksum of LVM2 begins (lib/misc/crc.h).
const crcSeed = 0xf597a6cf

// crcTable is that of the usual CRC-32. It is made for each physical volume.
type crcTable [256]uint32

func newCRC() *crcTable {
	t := crcTable(crc.Table(crc.IEEE))
	return &t
}

// sum is the checksum over p.
func (t *crcTable) sum(p []byte) uint32 { return crc.Update((*[256]uint32)(t), crcSeed, p) }
