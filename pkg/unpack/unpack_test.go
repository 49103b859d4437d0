package unpack

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// packers are the real programs, with the options that make a difference in
// the file. Each packs from standard input to standard output.
var packers = []struct{ format, line string }{
	{"gzip", "gzip -c"},
	{"gzip", "gzip -c -1"},
	{"xz", "xz -c --check=crc32"},
	{"xz", "xz -c --check=crc64 -0"},
	{"xz", "xz -c --check=sha256 --block-size=65536"},
	{"xz", "xz -c --check=none"},
	{"xz", "xz -c --x86 --lzma2"},
	{"zstd", "zstd -c -q"},
	{"zstd", "zstd -c -q -19 --no-check"},
	{"lz4", "lz4 -c -q -l"},
	{"lz4", "lz4 -c -q"},
	{"lz4", "lz4 -c -q -9 -BD -B4 --content-size"},
	{"lz4", "lz4 -c -q -BX -B5 --no-frame-crc"},
	{"bzip2", "bzip2 -c"},
	{"bzip2", "bzip2 -c -1"},
}

// debian is the package that has a packer.
var debian = map[string]string{"gzip": "gzip", "xz": "xz-utils", "zstd": "zstd", "lz4": "lz4", "bzip2": "bzip2"}

func pack(t testing.TB, line string, data []byte) []byte {
	t.Helper()
	words := strings.Fields(line)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Stdin = bytes.NewReader(data)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s (Debian package %s): %v %s", line, debian[words[0]], err, complaint.String())
	}
	return out
}

// sample is data of which some compresses well, some not at all.
func sample(n int) []byte {
	noise := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(noise)
	for i := range noise {
		if i/4096%3 > 0 {
			noise[i] = "all work and no play "[i%21]
		}
	}
	return noise
}

func unpackAll(packed []byte) ([]byte, error) {
	z, err := NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// TestRealFiles: whatever the programs write comes out again, twice in a row
// too, where the format has a name for that.
func TestRealFiles(t *testing.T) {
	for _, n := range []int{0, 1, 300_000} {
		data := sample(n)
		for _, p := range packers {
			packed := pack(t, p.line, data)
			if got := Detect(packed); got != p.format {
				t.Errorf("%s, %d bytes: it is %q", p.line, n, got)
			}
			if got, err := unpackAll(packed); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%s, %d bytes: %d bytes, %v", p.line, n, len(got), err)
			}
			if got, err := unpackAll(append(bytes.Clone(packed), packed...)); err != nil || !bytes.Equal(got, append(bytes.Clone(data), data...)) {
				t.Errorf("%s, %d bytes, two parts: %d bytes, %v", p.line, n, len(got), err)
			}
		}
	}
}

// TestLegacyBlocks: a file of more than one block, and one that is another's
// continuation in the middle.
func TestLegacyBlocks(t *testing.T) {
	data := append(sample(lz4LegacyBlock), sample(lz4LegacyBlock+1)...)
	if got, err := unpackAll(pack(t, "lz4 -c -q -l", data)); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// TestLargestWindow: 128 MiB are not too many.
func TestLargestWindow(t *testing.T) {
	data := sample(5000)
	if got, err := unpackAll(pack(t, "zstd -c -q -1 --long=27", data)); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// TestPadding: zeros that fill up an image are no damage, anything else is.
func TestPadding(t *testing.T) {
	data := sample(5000)
	for _, line := range []string{"gzip -c", "xz -c", "lz4 -c -q", "lz4 -c -q -l"} {
		packed := pack(t, line, data)
		for _, zeros := range []int{4, 512, 70_000} {
			if got, err := unpackAll(append(bytes.Clone(packed), make([]byte, zeros)...)); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%s and %d zeros: %d bytes, %v", line, zeros, len(got), err)
			}
		}
		if _, err := unpackAll(append(append(bytes.Clone(packed), make([]byte, 512)...), "more"...)); err == nil {
			t.Errorf("%s, zeros and something else: %v", line, err)
		}
	}
	if _, err := unpackAll(append(pack(t, "xz -c", data), 0, 0)); err == nil {
		t.Error("xz: two zeros are no padding")
	}
}

// TestCut: a file is never whole without its last byte, wherever it ends.
func TestCut(t *testing.T) {
	data := sample(40_000)
	for _, p := range packers {
		packed := pack(t, p.line, data)
		legacy := p.line == "lz4 -c -q -l"
		for n := 1; n < len(packed); n += 1 + n/4 {
			checkCut(t, p.line, packed[:n], legacy && n == len(lz4LegacyMagic))
		}
		for n := max(1, len(packed)-12); n < len(packed); n++ {
			checkCut(t, p.line, packed[:n], false)
		}
	}
}

func checkCut(t *testing.T, line string, packed []byte, whole bool) {
	t.Helper()
	_, err := unpackAll(packed)
	switch {
	case whole && err == nil:
	case err == nil:
		t.Errorf("%s: %d bytes are taken for all", line, len(packed))
	case strings.Contains(err.Error(), "unknown format") && len(packed) < magicSize:
	case !strings.Contains(err.Error(), "cut off") && !strings.Contains(err.Error(), fmt.Sprint("byte ", len(packed))):
		t.Errorf("%s: cut at %d: %v", line, len(packed), err)
	}
}

// TestDamage: a wrong bit anywhere is an error, or the data is right all the
// same: gzip's time and name, bits that fill up. Only files without a
// checksum may give other data.
func TestDamage(t *testing.T) {
	data := sample(20_000)
	for _, p := range packers {
		packed := pack(t, p.line, data)
		unsummed := strings.Contains(p.line, "none") || strings.HasSuffix(p.line, "-l") || strings.Contains(p.line, "no-check")
		missed := 0
		for at := 0; at < len(packed); at += 1 + len(packed)/80 {
			bad := bytes.Clone(packed)
			bad[at] ^= 0x10
			got, err := unpackAll(bad)
			if err == nil && !bytes.Equal(got, data) && !unsummed {
				t.Errorf("%s: byte %d damaged: %d bytes and no error", p.line, at, len(got))
			}
			if err == nil {
				missed++
			} else if strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: byte %d: more than a line: %q", p.line, at, err)
			}
		}
		if missed > 8 && !unsummed {
			t.Errorf("%s: %d damages passed", p.line, missed)
		}
	}
}

// TestRefused: sound files that ask for too much, and files that are none.
func TestRefused(t *testing.T) {
	data := sample(5000)
	for _, tt := range []struct {
		name   string
		packed []byte
		want   string
	}{
		{"empty", nil, "it is empty"},
		{"cpio", []byte("070701000"), "it begins with the bytes 30 37 30 37 30 31: known are gzip, xz, zstd, lz4 and bzip2"},
		{"short", []byte("\x1f"), "it begins with the bytes 1f:"},
		{"zstd window", []byte("\x28\xb5\x2f\xfd\x00\x90\x01\x00\x00"), "zstd: it needs a window or dictionary of more than 128 MiB"},
		{"xz dictionary", pack(t, "xz -c --lzma2=dict=192MiB", data), "xz: it needs a window or dictionary of more than 128 MiB"},
		{"xz check", []byte("\xfd7zXZ\x00\x00\x02\xca\xf9\xc7\x77"), "xz: "},
		{"xz delta of nothing known", damaged(pack(t, "xz -c", data), 7, 0x20), "xz: "},
		{"lz4 dictionary", append([]byte(lz4Magic), 0x61, 0x40, 0, 0, 0, 0, 0), "lz4: "},
		{"lz4 version", lz4Head(0x80, 0x40), "lz4: its frame is of an unknown version"},
		{"lz4 block size", lz4Head(0x60, 0x30), "unknown block size"},
		{"lz4 huge block", append(lz4Head(0x60, 0x40), 0xff, 0xff, 0xff, 0x7f), "its frame allows 65536"},
		{"lz4 legacy huge block", append([]byte(lz4LegacyMagic), 0xff, 0xff, 0xff, 0x7f), "are the most"},
	} {
		if _, err := unpackAll(tt.packed); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v; want %q in it", tt.name, err, tt.want)
		}
	}
}

func damaged(packed []byte, at int, bit byte) []byte {
	packed[at] ^= bit
	return packed
}

// lz4Head is the head of a frame with a right checksum.
func lz4Head(flags, block byte) []byte {
	var sum xxh32
	sum.write([]byte{flags, block})
	return append([]byte(lz4Magic), flags, block, byte(sum.sum()>>8))
}

// failing is a file that cannot be read behind its first bytes.
type failing struct{ r io.Reader }

var errMedium = errors.New("medium error")

func (f failing) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err == io.EOF {
		err = errMedium
	}
	return n, err
}

// TestBadMedium: what cannot be read is not damaged.
func TestBadMedium(t *testing.T) {
	for _, p := range packers {
		packed := pack(t, p.line, sample(300_000))
		z, err := NewReader(failing{bytes.NewReader(packed[:len(packed)/2])})
		if err == nil {
			_, err = io.ReadAll(z)
		}
		if !errors.Is(err, errMedium) || !strings.Contains(err.Error(), "reading at byte") {
			t.Errorf("%s: %v", p.line, err)
		}
	}
	if _, err := NewReader(failing{bytes.NewReader(nil)}); !errors.Is(err, errMedium) {
		t.Errorf("from the start: %v", err)
	}
}

// TestXXH32: the sums that xxhsum -H32 gives.
func TestXXH32(t *testing.T) {
	for _, tt := range []struct {
		text string
		want uint32
	}{{"", 0x02cc5d05}, {"a", 0x550d7456}, {"abc", 0x32d153ff}, {"Nobody inspects the spammish repetition", 0xe2293b2f}} {
		for cut := range len(tt.text) + 1 {
			var x xxh32
			x.write([]byte(tt.text[:cut]))
			x.write([]byte(tt.text[cut:]))
			if got := x.sum(); got != tt.want {
				t.Errorf("%q cut at %d: %#x, want %#x", tt.text, cut, got, tt.want)
			}
		}
	}
}

// FuzzUnpack: no bytes make a decoder panic, give without end, or take what is
// cut off for a whole file.
func FuzzUnpack(f *testing.F) {
	for _, p := range packers {
		f.Add(pack(f, p.line, sample(300)))
	}
	f.Add(lz4Head(0x60, 0x40))
	f.Add(append(lz4Head(0x40, 0x40), "\x0a\x00\x00\x00\x11a\x01\x00\x50abcde\x00\x00\x00\x00"...))
	f.Add(append(lz4Head(0x40, 0x40), "\x05\x00\x00\x80again\x00\x00\x00\x00\x5f\x2a\x4d\x18\x01\x00\x00\x00x"...))
	f.Fuzz(func(t *testing.T, packed []byte) {
		const limit = 32 << 20
		z, err := NewReader(bytes.NewReader(packed))
		if err != nil {
			return
		}
		n, err := io.Copy(io.Discard, io.LimitReader(z, limit))
		if err != nil {
			if strings.Contains(err.Error(), "gave up") {
				t.Errorf("a panic: %v", err)
			}
			return
		}
		if n < limit && z.in.count != int64(len(packed)) && z.Format() != "xz" {
			t.Errorf("%s: %d of %d bytes were taken", z.Format(), z.in.count, len(packed))
		}
		if z.Format() == "lz4" && strings.HasPrefix(string(packed), lz4Magic) && n < limit && len(packed) < 11 {
			t.Errorf("a frame of %d bytes is taken for whole", len(packed))
		}
	})
}

// TestPanic: a decoder that panics is a damaged file.
func TestPanic(t *testing.T) {
	z := &Reader{format: &formats[0], in: newInput(bytes.NewReader(nil)), r: panicking{}}
	if _, err := z.Read(make([]byte, 1)); err == nil || !strings.Contains(err.Error(), "gzip: it is damaged") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
	if _, err := z.Read(make([]byte, 1)); err == nil {
		t.Error("and goes on")
	}
}

type panicking struct{}

func (panicking) Read([]byte) (int, error) { var p []byte; return int(p[len(os.Args)]), nil }
