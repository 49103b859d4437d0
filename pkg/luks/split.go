package luks

import (
	"crypto/subtle"
	"hash"
)

// stripes is into how many a key is split. Both formats have a field for it,
// cryptsetup takes no other number.
const stripes = 4000

// splitBytes is the length of a key that is split, in whole sectors.
func splitBytes(keyBytes int) uint64 {
	n := uint64(keyBytes) * stripes
	return (n + sectorBytes - 1) / sectorBytes * sectorBytes
}

// merge puts together a key that was split to make it easy to erase
// (specification of LUKS1, section 2.4): the sum of all stripes, hashed between
// one and the next.
func merge(split []byte, keyBytes int, hash hashSpec) []byte {
	key := make([]byte, keyBytes)
	d := newDiffuser(hash)
	defer d.wipe()
	for i := range stripes {
		subtle.XORBytes(key, key, split[i*keyBytes:][:keyBytes])
		if i < stripes-1 {
			d.diffuse(key)
		}
	}
	return key
}

// diffuser hashes thousands of pieces: it allocates nothing for each.
type diffuser struct {
	hash.Hash
	size int
	in   []byte // the number of a piece, and the piece
	sum  []byte
}

func newDiffuser(h hashSpec) *diffuser {
	return &diffuser{h.new(), h.size, make([]byte, 4, 4+h.size), make([]byte, 0, h.size)}
}

// diffuse replaces each piece of the key, as long as the hash, by the hash of
// its number and itself.
func (d *diffuser) diffuse(key []byte) {
	for i := 0; len(key) > 0; i++ {
		piece := key[:min(d.size, len(key))]
		key = key[len(piece):]
		be.PutUint32(d.in, uint32(i))
		d.Reset()
		d.Write(append(d.in[:4], piece...))
		d.sum = d.Sum(d.sum[:0])
		copy(piece, d.sum)
	}
}

func (d *diffuser) wipe() {
	d.Reset()
	clear(d.in[:cap(d.in)])
	clear(d.sum[:cap(d.sum)])
}
