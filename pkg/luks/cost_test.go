package luks

import (
	"bytes"
	"context"
	"testing"
)

// Slots of the cost that real ones have. What cryptsetup takes for the same: cryptsetup open --test-passphrase on such a file.
func BenchmarkPBKDF2(b *testing.B) {
	benchmarkUnlock(b, "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "2000000")
}

func BenchmarkArgon2id(b *testing.B) {
	benchmarkUnlock(b, "--pbkdf", "argon2id", "--pbkdf-force-iterations", "4", "--pbkdf-memory", "65536", "--pbkdf-parallel", "4")
}

func benchmarkUnlock(b *testing.B, args ...string) {
	file := newImage(b, 24<<20, join([]string{"--type", "luks2"}, args)...)
	f, size := openFile(b, file)
	h, err := Read(f, size)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("ours", func(b *testing.B) {
		for b.Loop() {
			if _, err := h.Unlock(context.Background(), f, []byte(pass), Options{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("cryptsetup", func(b *testing.B) {
		for b.Loop() {
			mustCryptsetup(b, pass, "open", "--test-passphrase", "--key-file", "-", file)
		}
	})
}

// BenchmarkRead is what a look at a header costs.
func BenchmarkRead(b *testing.B) {
	image := smallV2(b)
	for b.Loop() {
		if _, err := Read(bytes.NewReader(image), int64(len(image))); err != nil {
			b.Fatal(err)
		}
	}
}
