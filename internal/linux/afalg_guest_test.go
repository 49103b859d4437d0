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
	vector := func(sector uint64, iv []byte) { binary.LittleEndian.PutUint64(iv, sector) }
	for i := 0; i < len(data); i += 512 {
		iv := make([]byte, 16)
		vector(uint64(5+i/512), iv)
		cipher.NewCBCEncrypter(block, iv).CryptBlocks(data[i:i+512], data[i:i+512])
	}
	if err := c.DecryptSectors(data, 512, 5, vector); err != nil || !bytes.Equal(data, plain) {
		t.Errorf("cbc(aes): %v, equal %v", err, bytes.Equal(data, plain))
	}
	if err := c.Decrypt(data[:512], data[:512], nil); err == nil {
		t.Error("a vector of no length is taken")
	}
	for _, name := range []string{"xts(aes)", "xts(serpent)", "xts(twofish)", "cbc(serpent)"} {
		there := roundTrip(t, name, plain)
		t.Logf("%s: %v", name, there)
	}
}

// roundTrip encrypts by the kernel and decrypts again; it says whether the kernel has the cipher.
func roundTrip(t *testing.T, name string, plain []byte) bool {
	key := []byte(strings.Repeat("0123456789abcdef", 2) + strings.Repeat("fedcba9876543210", 2))
	if strings.HasPrefix(name, "cbc") {
		key = key[:32]
	}
	e, err := openCipher(name, key, 16, 1)
	if err != nil {
		return false
	}
	defer e.Close()
	d, err := OpenCipher(name, key, 16)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	iv := make([]byte, 16)
	iv[0] = 9
	data := make([]byte, len(plain))
	if err := e.Decrypt(data, plain, iv); err != nil || bytes.Equal(data, plain) {
		t.Errorf("%s: encrypting: %v", name, err)
	}
	if err := d.Decrypt(data, data, iv); err != nil || !bytes.Equal(data, plain) {
		t.Errorf("%s: decrypting: %v", name, err)
	}
	return true
}
