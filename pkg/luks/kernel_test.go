package luks

import (
	"bytes"
	"context"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"testing"

	//lint:ignore SA1019 stands for the ciphers that only the kernel has
	"golang.org/x/crypto/twofish"
	"golang.org/x/crypto/xts"
)

// twofishKernel is a kernel that has twofish.
type twofishKernel struct{ asked []string }

func newTwofish(key []byte) (cipher.Block, error) { return twofish.NewCipher(key) }

func (k *twofishKernel) Open(algorithm string, key []byte) (SectorCipher, error) {
	k.asked = append(k.asked, algorithm)
	switch algorithm {
	case "xts(twofish)":
		x, err := xts.NewCipher(newTwofish, key)
		return xtsCipher{x}, err
	case "cbc(twofish)":
		b, err := newTwofish(key)
		return cbcCipher{block: b}, err
	case "essiv(cbc(twofish),sha256)":
		b, err := newTwofish(key)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(key)
		salt, err := newTwofish(sum[:])
		return cbcCipher{b, salt}, err
	}
	return nil, errors.New("no such algorithm")
}

// encrypt is the other direction of twofishKernel.
func (k *twofishKernel) encrypt(t *testing.T, mode string, key, data []byte) {
	t.Helper()
	for n := 0; n < len(data); n += 512 {
		sector := data[n : n+512]
		if mode == "xts-plain64" {
			x, err := xts.NewCipher(newTwofish, key)
			if err != nil {
				t.Fatal(err)
			}
			x.Encrypt(sector, sector, uint64(n/512))
			continue
		}
		b, err := newTwofish(key)
		if err != nil {
			t.Fatal(err)
		}
		iv := make([]byte, 16)
		binary.LittleEndian.PutUint32(iv, uint32(n/512))
		if mode == "cbc-essiv:sha256" {
			sum := sha256.Sum256(key)
			salt, _ := newTwofish(sum[:])
			salt.Encrypt(iv, iv)
		}
		cipher.NewCBCEncrypter(b, iv).CryptBlocks(sector, sector)
	}
}

// TestForeignArea: an area that is not encrypted by AES is the kernel's to decrypt, and nobody's without one.
func TestForeignArea(t *testing.T) {
	for _, mode := range []string{"xts-plain64", "cbc-essiv:sha256", "cbc-plain64", "cbc-plain"} {
		image, want := twofishImage(t, mode)
		h, err := read(image)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Unlock(context.Background(), bytes.NewReader(image), []byte(pass), Options{}); kindOf(errors.Unwrap(err)) != NeedsCryptsetup {
			t.Errorf("%s, no kernel: %v", mode, err)
		}
		k := &twofishKernel{}
		key, err := h.Unlock(context.Background(), bytes.NewReader(image), []byte(pass), Options{Kernel: k})
		if err != nil || !bytes.Equal(key.Key, want) {
			t.Errorf("%s: %v, %v", mode, key, err)
		}
		if a := h.Algorithms(); len(a) != 2 || a[0] != "xts(aes)" || len(k.asked) != 1 || a[1] != k.asked[0] {
			t.Errorf("%s: algorithms %q, asked for %q", mode, a, k.asked)
		}
	}
}

// twofishImage encrypts the area of a volume anew.
func twofishImage(t *testing.T, mode string) (image, key []byte) {
	image = smallV2(t, "--keyslot-cipher", "aes-cbc-essiv:sha256", "--keyslot-key-size", "256")
	bytesOfKey := 32
	if mode == "xts-plain64" {
		bytesOfKey = 64
	}
	h, err := read(image)
	if err != nil {
		t.Fatal(err)
	}
	s := h.slots[0]
	volume, err := h.Unlock(context.Background(), bytes.NewReader(image), []byte(pass), Options{})
	if err != nil {
		t.Fatal(err)
	}
	area := image[s.area.offset:][:splitBytes(s.keyBytes)]
	if err := s.open(context.Background(), []byte(pass), area, nil); err != nil {
		t.Fatal(err)
	}
	secret, err := s.kdf.derive(context.Background(), []byte(pass), bytesOfKey)
	if err != nil {
		t.Fatal(err)
	}
	(&twofishKernel{}).encrypt(t, mode, secret, area)
	return edit(t, image, func(tr tree) {
		at(tr, "keyslots", "0", "area")["encryption"] = "twofish-" + mode
		at(tr, "keyslots", "0", "area")["key_size"] = bytesOfKey
	}), volume.Key
}

func TestKernelNames(t *testing.T) {
	for text, want := range map[string]string{
		"serpent-xts-plain64": "xts(serpent)", "aes-cbc-essiv:sha256": "essiv(cbc(aes),sha256)", "camellia-cbc-plain": "cbc(camellia)",
	} {
		c, err := parseCipher(text)
		if err != nil || c.kernelName() != want {
			t.Errorf("%s: %s, %v", text, c.kernelName(), err)
		}
	}
}
