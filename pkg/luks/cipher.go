package luks

import (
	"slices"
	"strings"
)

// cipherSpec is a cipher as dm-crypt names it: "aes-xts-plain64",
// "serpent-cbc-essiv:sha256".
type cipherSpec struct {
	text  string
	block string // "aes"
	mode  string // "xts" or "cbc"
	iv    string // "plain", "plain64" or "essiv:sha256"
}

var (
	blockCiphers = []string{"aes", "serpent", "twofish", "camellia"}
	cipherModes  = []string{"xts-plain64", "xts-plain", "cbc-essiv:sha256", "cbc-plain64", "cbc-plain"}
)

// parseCipher takes the ciphers of the list. One that encrypts nothing, or the
// same block always alike, is refused.
func parseCipher(text string) (cipherSpec, error) {
	block, mode, _ := strings.Cut(text, "-")
	switch {
	case text == "":
		return cipherSpec{}, refused("no cipher is named")
	case strings.Contains(strings.ToLower(text), "null"):
		return cipherSpec{}, refused("cipher %q encrypts nothing", shown(text))
	case strings.Contains(text, "ecb"):
		return cipherSpec{}, refused("cipher %q shows which blocks are equal", shown(text))
	case !slices.Contains(blockCiphers, block) || !slices.Contains(cipherModes, mode):
		return cipherSpec{}, foreign("cipher %q", shown(text))
	}
	mode, iv, _ := strings.Cut(mode, "-")
	return cipherSpec{text, block, mode, iv}, nil
}

// checkKey judges the length of a key for the cipher, in bytes. XTS has two
// keys in one: 32 bytes are AES-128 there, which cryptsetup made by default
// until 1.6 and installers longer. What is shorter was the default before 2010.
func (c cipherSpec) checkKey(n int) error {
	switch {
	case n == 32, n == 64 && c.mode == "xts":
		return nil
	case n == 16 || n == 24 || n == 48 && c.mode == "xts":
		return foreign("a key of %d bits for %s", n*8, c.text)
	}
	return refused("a key of %d bytes is none for %s", n, c.text)
}

// kernelName is what the kernel's crypto API calls the cipher. The template
// essiv has an initialisation vector like the others: the number of the sector
// (Linux 5.4).
func (c cipherSpec) kernelName() string {
	name := c.mode + "(" + c.block + ")"
	if c.iv == "essiv:sha256" {
		return "essiv(" + name + ",sha256)"
	}
	return name
}
