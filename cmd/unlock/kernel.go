package main

import (
	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/pkg/luks"
)

// ivSize is that of an initialisation vector, in bytes (luks.SectorCipher).
const ivSize = 16

// kernel decrypts key slots by the ciphers of the kernel.
type kernel struct{}

func (kernel) Open(algorithm string, key []byte) (luks.SectorCipher, error) {
	return linux.OpenCipher(algorithm, key, ivSize)
}
