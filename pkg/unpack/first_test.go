package unpack

import (
	"bytes"
	"io"
	"testing"
)

// TestFirst: the first stream of what the programs write ends where it does, whatever follows it.
func TestFirst(t *testing.T) {
	for _, data := range [][]byte{{}, sample(30_000), make([]byte, 200_000)} {
		n := len(data)
		for _, p := range packers {
			packed := pack(t, p.line, data)
			for _, follows := range []string{"", "\x00", "070701", "\x00\x00\x00\x00070701", "\x1f\x8b\x08"} {
				if p.line == "lz4 -c -q -l" && follows != "" && follows[0] != 0 {
					continue // its end is not marked
				}
				z, err := First(append(bytes.Clone(packed), follows...))
				if err != nil {
					t.Errorf("%s, %d bytes, then %q: %v", p.line, n, follows, err)
					continue
				}
				got, err := io.ReadAll(z)
				if err != nil || !bytes.Equal(got, data) || z.Taken() != int64(len(packed)) {
					t.Errorf("%s, %d bytes, then %q: %d bytes of %d packed ones, not %d; %v", p.line, n, follows, len(got), z.Taken(), len(packed), err)
				}
			}
		}
	}
}

// TestFirstCut: a stream that is cut off is an error.
func TestFirstCut(t *testing.T) {
	data := sample(10_000)
	for _, p := range packers {
		packed := pack(t, p.line, data)
		for n := 7; n < len(packed); n += 1 + n/2 {
			z, err := First(packed[:n])
			if err == nil {
				_, err = io.ReadAll(z)
			}
			if err == nil {
				t.Errorf("%s: %d bytes of %d are taken for all", p.line, n, len(packed))
			}
		}
	}
}
