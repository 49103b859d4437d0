package blkid

import (
	"bytes"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"testing"

	"github.com/preroot/preroot/internal/crc"
)

// device is a sparse device of any size with some bytes in it. Reads at and
// behind bad fail; it counts what is read.
type device struct {
	size  int64
	data  map[int64][]byte
	bad   int64 // 0: none
	reads int
	bytes int64
}

var errMedium = errors.New("medium error")

func (d *device) ReadAt(p []byte, off int64) (int, error) {
	d.reads++
	n := int64(len(p))
	if off+n > d.size {
		n = max(0, d.size-off)
	}
	if d.bad > 0 && off+n > d.bad {
		n = max(0, d.bad-off)
	}
	d.bytes += n
	clear(p[:n])
	for at, b := range d.data {
		lo, hi := max(off, at), min(off+n, at+int64(len(b)))
		if lo < hi {
			copy(p[lo-off:hi-off], b[lo-at:])
		}
	}
	switch {
	case n == int64(len(p)):
		return int(n), nil
	case d.bad > 0 && off+n >= d.bad:
		return int(n), errMedium
	}
	return int(n), io.EOF
}

// head returns the start of an image of the real tools.
func head(t testing.TB, m image) []byte {
	t.Helper()
	f, err := os.Open(m.build(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, headSize)
	n, err := f.ReadAt(b, 0)
	if err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return b[:n]
}

func ext4Image() image {
	return image{"ext4", 64 * mib, nil, cmd("mke2fs", "-q", "-F", "-t", "ext4", "-L", "root")}
}

// TestReads holds the price of the boot path: one read of the head and one for
// each place of an MD superblock at the end.
func TestReads(t *testing.T) {
	d := &device{size: 64 * mib, data: map[int64][]byte{0: head(t, ext4Image())}}
	in, err := Probe(d, d.size, 512)
	if err != nil || in.Type != "ext4" || in.Label != "root" {
		t.Fatalf("%+v, %v", in, err)
	}
	if d.reads != 3 || d.bytes > headSize+512 {
		t.Errorf("%d reads, %d bytes for a plain ext4; want 3, at most %d", d.reads, d.bytes, headSize+512)
	}
	r := bytes.NewReader(append(head(t, ext4Image()), make([]byte, mib)...))
	if n := testing.AllocsPerRun(100, func() { Probe(r, r.Size(), 512) }); n > 4 {
		t.Errorf("%v allocations for a plain ext4, want at most 4", n)
	}
}

// TestBadMedium checks that only an error that prevents the answer is one.
func TestBadMedium(t *testing.T) {
	ext4 := head(t, ext4Image())
	for _, c := range []struct {
		name string
		bad  int64
		data []byte
		typ  string
		err  bool
	}{
		{"sound", 0, ext4, "ext4", false},
		{"bad end", 63 * mib, ext4, "ext4", false},
		{"bad after the superblock", 4096, ext4, "ext4", false},
		{"bad at the superblock", 1536, ext4, "", true},
		{"bad from the start", 1, ext4, "", true},
		{"bad end, nothing there", 63 * mib, nil, "", false},
		{"bad head, nothing there", 20000, nil, "", true},
	} {
		d := &device{size: 64 * mib, bad: c.bad, data: map[int64][]byte{0: c.data}}
		in, err := Probe(d, d.size, 512)
		if in.Type != c.typ || (err != nil) != c.err || err != nil && !errors.Is(err, errMedium) {
			t.Errorf("%s: %q, %v", c.name, in.Type, err)
		}
	}
}

// TestShortDevice probes devices that end before the size that they claim, and
// every small size.
func TestShortDevice(t *testing.T) {
	ext4 := head(t, ext4Image())
	for _, size := range []int64{-1, 0, 1, 511, 512, 1024, 1025, 1536, 2047, 2048, 4096, 65536, 65537, 68*kib - 1, 1<<63 - 1} {
		in, err := Probe(bytes.NewReader(ext4), size, 0)
		if want := size >= 2048; err != nil || (in.Type == "ext4") != want {
			t.Errorf("size %d: %q, %v", size, in.Type, err)
		}
	}
	for n := range len(ext4) / 64 {
		if _, err := Probe(bytes.NewReader(ext4[:n*64]), 64*mib, 512); err != nil {
			t.Errorf("%d bytes of a device of 64 MiB: %v", n*64, err)
		}
	}
}

// TestLargeDevice: offsets have 64 bits (fault D13).
func TestLargeDevice(t *testing.T) {
	for _, size := range []int64{1 << 40, 1<<40 + 512, 1 << 60} {
		off := size&^4095 - 8192
		d := &device{size: size, data: map[int64][]byte{0: head(t, ext4Image()), off: md1Super(off, "h:r")}}
		in, err := Probe(d, size, 4096)
		if err != nil || in.Type != "linux_raid_member" || in.Version != "1.0" || in.Label != "h:r" {
			t.Errorf("size %d: %+v, %v", size, in, err)
		}
	}
}

func TestCRC(t *testing.T) {
	data := head(t, ext4Image())[:5000]
	for poly, std := range map[uint32]*crc32.Table{crc.IEEE: crc32.IEEETable, crc.Castagnoli: crc32.MakeTable(crc32.Castagnoli)} {
		table := crc.Table(poly)
		if got, want := ^crc.Update(&table, ^uint32(0), data), crc32.Checksum(data, std); got != want {
			t.Errorf("polynomial %#x: %#x, want %#x", poly, got, want)
		}
	}
}

func TestUUIDSpelling(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{uuid([]byte("0123456789abcdef")), "30313233-3435-3637-3839-616263646566"},
		{uuid(make([]byte, 16)), ""},
		{uuid(nil), ""},
		{guid([]byte("0123456789abcdef")), "33323130-3534-3736-3839-616263646566"},
		{fatUUID([]byte{0x12, 0x34, 0xab, 0xcd}), "CDAB-3412"},
		{lvmName([]byte("AbCdEf0123456789abcdefghijkLMNOP")), "AbCdEf-0123-4567-89ab-cdef-ghij-kLMNOP"},
		{label([]byte("a b \n\t \x00junk")), "a b"},
		{label([]byte(" \x00")), ""},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

// BenchmarkProbeExt4 is the boot path.
func BenchmarkProbeExt4(b *testing.B) {
	r := bytes.NewReader(append(head(b, ext4Image()), make([]byte, mib)...))
	b.ReportAllocs()
	for b.Loop() {
		if in, err := Probe(r, r.Size(), 512); err != nil || in.Type != "ext4" {
			b.Fatal(in, err)
		}
	}
}
