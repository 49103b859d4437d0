package luks

import "crypto/subtle"

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
	for i := range stripes {
		subtle.XORBytes(key, key, split[i*keyBytes:][:keyBytes])
		if i < stripes-1 {
			diffuse(key, hash)
		}
	}
	return key
}

// diffuse replaces each piece of the key, as long as the hash, by the hash of
// its number and itself.
func diffuse(key []byte, hash hashSpec) {
	h := hash.new()
	sum := make([]byte, 0, hash.size)
	for i := 0; i*hash.size < len(key); i++ {
		piece := key[i*hash.size : min((i+1)*hash.size, len(key))]
		h.Reset()
		h.Write(be.AppendUint32(nil, uint32(i)))
		h.Write(piece)
		sum = h.Sum(sum[:0])
		copy(piece, sum)
	}
	clear(sum[:cap(sum)])
}
