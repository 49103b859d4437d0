package dracutmod

import (
	"bufio"
	"bytes"
	"slices"
	"strings"
	"testing"
)

// FuzzRecord: what is read of a pipe is what was written, and nothing is made of what is cut.
func FuzzRecord(f *testing.F) {
	f.Add([]byte("2\x00install\x00x\x001\x00done\x00"))
	f.Add([]byte("3\x00a\x00\x00b"))
	f.Add([]byte("99999999\x00"))
	f.Add([]byte("0\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		in := bufio.NewReader(bytes.NewReader(data))
		rest := data
		for {
			words, err := readRecord(in)
			if err != nil {
				return
			}
			if len(words) == 0 || len(words) > maxWords {
				t.Fatalf("%d words", len(words))
			}
			_, tail, _ := bytes.Cut(rest, []byte{0})
			want := record(words...)
			if !bytes.HasPrefix(tail, want) || slices.ContainsFunc(words, func(w string) bool { return strings.ContainsRune(w, 0) }) {
				t.Fatalf("%q of %q", words, rest)
			}
			rest = tail[len(want):]
		}
	})
}
