//go:build guest

package luks

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/preroot/preroot/internal/linux"
)

// TestKernel: what the kernel calls these algorithms decrypts as we do.
func TestKernel(t *testing.T) {
	for _, text := range []string{"aes-xts-plain64", "aes-cbc-essiv:sha256", "aes-cbc-plain64"} {
		t.Run(text, func(t *testing.T) {
			c, err := parseCipher(text)
			if err != nil {
				t.Fatal(err)
			}
			key := bytes.Repeat([]byte("0123456789abcdef"), 2)
			ours, theirs := bytes.Repeat([]byte("secret!."), 512), bytes.Repeat([]byte("secret!."), 512)
			if err := c.decrypt(key, ours, nil); err != nil {
				t.Fatal(err)
			}
			var k SectorCipher
			k, err = linux.OpenCipher(c.kernelName(), key, 16)
			if err != nil {
				t.Fatalf("AF_ALG %s: %v", c.kernelName(), err)
			}
			iv := make([]byte, 16)
			for n := 0; n < len(theirs); n += 512 {
				binary.LittleEndian.PutUint64(iv, uint64(n/512))
				if err := k.Decrypt(iv, theirs[n:n+512]); err != nil {
					t.Fatal(err)
				}
			}
			if err := k.Close(); err != nil || !bytes.Equal(ours, theirs) {
				t.Errorf("%s differs from the kernel's %s", text, c.kernelName())
			}
		})
	}
}
