package inflate

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"testing"
)

const limit = 1 << 20

// packed is data as a gzip file.
func packed(t testing.TB, data []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	w.Header = gzip.Header{Name: "name", Comment: "comment", Extra: []byte("extra")}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// samples are texts of several kinds: none, one byte, the same byte, words, noise, a program.
func samples(t testing.TB) [][]byte {
	noise := make([]byte, 70_000)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(noise)
	var words bytes.Buffer
	for i := range 20_000 {
		fmt.Fprintf(&words, "%d %s ", i*i, []string{"module", "alias", "kernel"}[i%3])
	}
	skewed := make([]byte, 300_000) // codes of 15 bits
	for i := range skewed {
		skewed[i] = byte(min(r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64()) >> 55 & 255)
	}
	program, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	return [][]byte{nil, {0}, bytes.Repeat([]byte{7}, 100_000), noise, words.Bytes(), skewed, program[:min(len(program), limit)]}
}

func TestGunzip(t *testing.T) {
	for i, data := range samples(t) {
		for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, flate.BestSpeed, 6, flate.BestCompression} {
			got, err := Gunzip(packed(t, data, level), limit)
			if err != nil || !bytes.Equal(got, data) {
				t.Errorf("sample %d, level %d: %d bytes of %d, %v", i, level, len(got), len(data), err)
			}
		}
	}
}

func TestGunzipMembers(t *testing.T) {
	got, err := Gunzip(append(packed(t, []byte("one "), 9), packed(t, []byte("two"), 0)...), limit)
	if err != nil || string(got) != "one two" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := Gunzip(append(packed(t, []byte("one"), 9), "garbage that is long enough"...), limit); !errors.Is(err, errNoGzip) {
		t.Error(err)
	}
}

func TestGunzipBounded(t *testing.T) {
	for _, data := range samples(t)[2:] {
		if _, err := Gunzip(packed(t, data, 9), len(data)-1); !errors.Is(err, errTooLong) {
			t.Errorf("%d bytes: %v", len(data), err)
		}
	}
}

// TestGunzipDamaged cuts a file at each place and changes each byte: never a panic, never another content.
func TestGunzipDamaged(t *testing.T) {
	data := samples(t)[4][:3000]
	whole := packed(t, data, 6)
	for i := range whole {
		if _, err := Gunzip(whole[:i], limit); err == nil {
			t.Errorf("cut at %d: no error", i)
		}
		for bit := range 8 {
			bad := bytes.Clone(whole)
			bad[i] ^= 1 << bit
			if got, err := Gunzip(bad, limit); err == nil && !bytes.Equal(got, data) {
				t.Errorf("byte %d, bit %d: other content", i, bit)
			}
		}
	}
}

// FuzzGunzip compares with compress/gzip: the same bytes, or an error of both.
func FuzzGunzip(f *testing.F) {
	for _, data := range samples(f)[:4] {
		f.Add(packed(f, data[:min(len(data), 2000)], 6)[40:])
	}
	f.Add([]byte{3, 0})
	f.Fuzz(func(t *testing.T, body []byte) {
		want, wantErr := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(body)), limit))
		s := &stream{in: body}
		err := s.run(limit)
		if errors.Is(err, errTooLong) || len(want) == limit {
			return
		}
		if (err == nil) && s.pos > len(body) {
			err = errCut
		}
		if (err == nil) != (wantErr == nil) || err == nil && !bytes.Equal(s.out, want) {
			t.Errorf("%x: %d bytes, %v; compress/flate: %d bytes, %v", body, len(s.out), err, len(want), wantErr)
		}
	})
}

func BenchmarkGunzip(b *testing.B) {
	data := samples(b)[6]
	file := packed(b, data, 9)
	b.Run("ours", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			if _, err := Gunzip(file, limit); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("compress", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			r, _ := gzip.NewReader(bytes.NewReader(file))
			if _, err := io.Copy(io.Discard, r); err != nil {
				b.Fatal(err)
			}
		}
	})
}
