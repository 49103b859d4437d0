//go:build guest

package linux

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"strings"
	"testing"
)

// What the kernel decrypts is what Go's ciphers do. The kernel must give its ciphers to programs.
func TestCipher(t *testing.T) {
	key := bytes.Repeat([]byte("0123456789abcdef"), 2)
	plain := make([]byte, 4096)
	for i := range plain {
		plain[i] = byte(i * 7)
	}
	c, err := OpenCipher("cbc(aes)", key, 16)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	block, _ := aes.NewCipher(key)
	data := bytes.Clone(plain)
	for i := 0; i < len(data); i += 512 {
		iv := make([]byte, 16)
		binary.LittleEndian.PutUint64(iv, uint64(5+i/512))
		cipher.NewCBCEncrypter(block, iv).CryptBlocks(data[i:i+512], data[i:i+512])
		if err := c.Decrypt(iv, data[i:i+512]); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(data, plain) {
		t.Error("cbc(aes) differs from Go's")
	}
	if err := c.Decrypt(nil, data[:512]); err == nil {
		t.Error("a vector of no length is taken")
	}
	for _, name := range []string{"xts(aes)", "xts(serpent)", "xts(twofish)", "cbc(serpent)"} {
		roundTrip(t, name, plain)
	}
}

// roundTrip encrypts by the kernel and decrypts again.
func roundTrip(t *testing.T, name string, plain []byte) {
	key := []byte(strings.Repeat("0123456789abcdef", 2) + strings.Repeat("fedcba9876543210", 2))
	if strings.HasPrefix(name, "cbc") {
		key = key[:32]
	}
	e, err := openCipher(name, key, 16, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	d, err := OpenCipher(name, key, 16)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	iv := make([]byte, 16)
	iv[0] = 9
	data := bytes.Clone(plain)
	if err := e.Decrypt(iv, data); err != nil || bytes.Equal(data, plain) {
		t.Errorf("%s: encrypting: %v", name, err)
	}
	if err := d.Decrypt(iv, data); err != nil || !bytes.Equal(data, plain) {
		t.Errorf("%s: decrypting: %v", name, err)
	}
}
