package luks

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"golang.org/x/crypto/xts"
)

// Kernel decrypts with the ciphers of the running kernel (AF_ALG, type
// skcipher). It is asked for what is not AES.
type Kernel interface {
	// Open gives an algorithm, named as the crypto API does: "xts(serpent)",
	// "cbc(twofish)", "essiv(cbc(serpent),sha256)". It keeps no copy of key.
	Open(algorithm string, key []byte) (SectorCipher, error)
}

// SectorCipher decrypts one sector after the other.
type SectorCipher interface {
	// Decrypt decrypts a sector in place. The initialisation vector has 16 bytes.
	Decrypt(iv, sector []byte) error
	Close() error
}

// decrypt decrypts an area in place, whose sectors are numbered from 0.
func (c cipherSpec) decrypt(key, data []byte, kernel Kernel) error {
	s, err := c.open(key, kernel)
	if err != nil {
		return err
	}
	iv := make([]byte, 16)
	for n := 0; n < len(data) && err == nil; n += sectorBytes {
		// plain has 32 bits of the number, which are all that an area needs.
		binary.LittleEndian.PutUint64(iv, uint64(n/sectorBytes))
		err = s.Decrypt(iv, data[n:n+sectorBytes])
	}
	if closed := s.Close(); err == nil {
		err = closed
	}
	return err
}

func (c cipherSpec) open(key []byte, kernel Kernel) (SectorCipher, error) {
	if c.native() {
		return openAES(c, key)
	}
	if kernel == nil {
		return nil, foreign("cipher %s", c.text)
	}
	s, err := kernel.Open(c.kernelName(), key)
	if err != nil {
		return nil, fmt.Errorf("%s of the kernel: %w", c.kernelName(), err)
	}
	return s, nil
}

// native says whether the cipher is computed here.
func (c cipherSpec) native() bool { return c.block == "aes" }

func openAES(c cipherSpec, key []byte) (SectorCipher, error) {
	if c.mode == "xts" {
		x, err := xts.NewCipher(aes.NewCipher, key)
		return xtsCipher{x}, err
	}
	b, err := aes.NewCipher(key)
	if err != nil || c.iv != "essiv:sha256" {
		return cbcCipher{block: b}, err
	}
	sum := sha256.Sum256(key)
	defer clear(sum[:])
	salt, err := aes.NewCipher(sum[:])
	return cbcCipher{b, salt}, err
}

type xtsCipher struct{ *xts.Cipher }

func (x xtsCipher) Decrypt(iv, sector []byte) error {
	x.Cipher.Decrypt(sector, sector, binary.LittleEndian.Uint64(iv))
	return nil
}

func (x xtsCipher) Close() error { return nil }

type cbcCipher struct {
	block cipher.Block
	salt  cipher.Block // essiv: encrypts the number of the sector
}

func (c cbcCipher) Decrypt(iv, sector []byte) error {
	if c.salt != nil {
		var secret [16]byte
		c.salt.Encrypt(secret[:], iv)
		iv = secret[:]
	}
	cipher.NewCBCDecrypter(c.block, iv).CryptBlocks(sector, sector)
	return nil
}

func (c cbcCipher) Close() error { return nil }
