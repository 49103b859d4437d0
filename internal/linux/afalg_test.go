package linux

import (
	"bytes"
	"encoding/hex"
	"testing"
)

// The control messages are those of linux/if_alg.h: here for 64 bits, little-endian.
func TestCipherControl(t *testing.T) {
	control, iv := cipherControl(0, 16)
	copy(iv, bytes.Repeat([]byte{0xaa}, 16))
	const (
		level = "17010000"                                                          // SOL_ALG
		want  = "1400000000000000" + level + "03000000" + "00000000" + "00000000" + // 20 bytes: ALG_SET_OP, ALG_OP_DECRYPT, padding
			"2400000000000000" + level + "02000000" + "10000000" + "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" + "00000000" // 36 bytes: ALG_SET_IV, 16 bytes, padding
	)
	if got := hex.EncodeToString(control); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if control, iv := cipherControl(1, 0); len(control) != 24 || iv != nil {
		t.Errorf("without a vector: %x, %x", control, iv)
	}
}

func TestListsCipher(t *testing.T) {
	const text = "name         : xts(aes)\ndriver       : xts-aes-aesni\nmodule       : aesni_intel\n\nname         : __ecb(aes)\ndriver       : cryptd(x)\n"
	for name, want := range map[string]bool{"xts(aes)": true, "ecb(aes)": false, "xts-aes-aesni": false, "": false} {
		if listsCipher(text, name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}
