package luks

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"

	//lint:ignore SA1019 volumes made with it must open
	"golang.org/x/crypto/ripemd160"
)

// hashSpec is a hash function, by the name that headers use.
type hashSpec struct {
	name string
	size int
	new  func() hash.Hash
}

var hashes = [...]hashSpec{
	{"sha1", sha1.Size, sha1.New},
	{"sha224", sha256.Size224, sha256.New224},
	{"sha256", sha256.Size, sha256.New},
	{"sha384", sha512.Size384, sha512.New384},
	{"sha512", sha512.Size, sha512.New},
	{"ripemd160", ripemd160.Size, ripemd160.New},
}

// parseHash finds a hash function. Any that is not here is no danger, but cannot be computed: whirlpool, blake2, sha3 and others.
func parseHash(name string) (hashSpec, error) {
	for _, h := range hashes {
		if h.name == name {
			return h, nil
		}
	}
	return hashSpec{}, foreign("hash %q", shown(name))
}
