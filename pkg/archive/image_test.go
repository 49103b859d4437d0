package archive

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// packers are the real programs with the options that makers of images give them.
var packers = []struct{ compression, line string }{
	{"gzip", "gzip -n -c -9"},
	{"xz", "xz -c --check=crc32 --lzma2=dict=1MiB"},
	{"zstd", "zstd -c -q -3"},
	{"lz4", "lz4 -c -q -l"},
	{"lz4", "lz4 -c -q"},
	{"bzip2", "bzip2 -c"},
}

func pack(t testing.TB, line string, data []byte) []byte {
	t.Helper()
	words := strings.Fields(line)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Stdin = bytes.NewReader(data)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return out
}

// cpio makes an archive of what lies in dir with GNU cpio.
func cpio(t testing.TB, dir, format string, names ...string) []byte {
	t.Helper()
	cmd := exec.Command("cpio", "--create", "--format="+format, "--quiet")
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader(strings.Join(names, "\n") + "\n")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("cpio (Debian package cpio): %v", err)
	}
	return out
}

// hardLinks is an archive of a file with three names and one with two, of which one is left out.
func hardLinks(t testing.TB) []byte {
	t.Helper()
	dir := t.TempDir()
	for name, data := range map[string]string{"a": "data of a", "x": "data of x"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range [][2]string{{"a", "b"}, {"a", "c"}, {"x", "y"}} {
		if err := os.Link(filepath.Join(dir, l[0]), filepath.Join(dir, l[1])); err != nil {
			t.Fatal(err)
		}
	}
	return cpio(t, dir, "newc", "a", "b", "c", "y")
}

func early(t testing.TB) []byte {
	return writeAll(t, []Entry{{Name: "kernel", Kind: Dir, Perm: 0o755}, {Name: "kernel/x86", Kind: Dir, Perm: 0o755}}, 512)
}

// TestSegments: an early archive, the same members in every compression, a second stream of it and a plain archive at
// the end are found where they are.
func TestSegments(t *testing.T) {
	first, plain := early(t), writeAll(t, sample(), 4)
	for _, p := range packers {
		packed := pack(t, p.line, plain)
		gap := make([]byte, 4+(-len(packed)&3))
		data := slices.Concat(first, packed, gap, packed, gap, plain)
		image, err := Parse(data, Limits{})
		if err != nil {
			t.Errorf("%s: %v", p.line, err)
			continue
		}
		var got []string
		for _, s := range image.Segments {
			got = append(got, fmt.Sprint(s.Offset, s.Size, s.Compression, s.Unpacked, len(s.Entries), s.Trailer))
		}
		n, m, f := len(packed), len(plain), len(first)
		end := bytes.LastIndex(first, []byte(trailer)) + len(trailer) + 1
		end += -end & 3
		want := []string{
			fmt.Sprint(0, end, "", end, 2, true),
			fmt.Sprint(f, n, p.compression, m, 11, true),
			fmt.Sprint(f+n+len(gap), n, p.compression, m, 11, true),
			fmt.Sprint(f+2*(n+len(gap)), m, "", m, 11, true),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: offset, size, compression, unpacked, members, trailer (-want +got):\n%s", p.line, diff)
		}
		if diff := cmp.Diff(sample(), image.Segments[2].Entries, emptyIsNil); diff != "" {
			t.Errorf("%s (-want +got):\n%s", p.line, diff)
		}
	}
}

// TestHardLinks: cpio writes the data at the last name; all have it.
func TestHardLinks(t *testing.T) {
	image, err := Parse(hardLinks(t), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range image.Entries() {
		got = append(got, fmt.Sprintf("%s=%s %q", e.Name, e.HardLink, e.Data))
	}
	want := []string{`b= "data of a"`, `a=b "data of a"`, `c=b "data of a"`, `y= "data of x"`} // in the order of cpio
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestChecksums: cpio's form "crc" is read, and a wrong sum is an error.
func TestChecksums(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("some data"), 0o644); err != nil {
		t.Fatal(err)
	}
	data := cpio(t, dir, "crc", "a")
	if entries, err := Read(data); err != nil || len(entries) != 1 || string(entries[0].Data) != "some data" {
		t.Errorf("%v, %v", entries, err)
	}
	if _, err := Read(bytes.Replace(data, []byte("some data"), []byte("same data"), 1)); err == nil || !strings.Contains(err.Error(), `"a": the checksum`) {
		t.Errorf("wrong data: %v", err)
	}
}

// TestOddNames: names that mean what they should have said, and names padded with zeros to align data.
func TestOddNames(t *testing.T) {
	for odd, want := range map[string]string{"./bin/sh": "bin/sh", "bin//sh": "bin/sh", "bin/sh/": "bin/sh", "./": ".", "bin/sh\x00\x00": "bin/sh", "..a": "..a"} {
		data := writeAll(t, []Entry{{Name: strings.Repeat("x", len(odd)), Kind: Dir}}, 4)
		data = bytes.Replace(data, bytes.Repeat([]byte{'x'}, len(odd)), []byte(odd), 1)
		if got, err := Read(data); err != nil || got[0].Name != want {
			t.Errorf("%q: %v, %v", odd, got, err)
		}
	}
}

// TestNoTrailer: an archive may end without one (buffer-format.rst), and another follow.
func TestNoTrailer(t *testing.T) {
	whole := writeAll(t, sample(), 4)
	cut := whole[:bytes.Index(whole, []byte(trailer))-headerSize]
	image, err := Parse(slices.Concat(cut, make([]byte, 8), whole), Limits{})
	if err != nil || len(image.Entries()) != 22 || len(image.Segments) != 1 {
		t.Errorf("%d members in %d segments, %v", len(image.Entries()), len(image.Segments), err)
	}
	if image, err := Parse(cut, Limits{}); err != nil || len(image.Entries()) != 11 || image.Segments[0].Trailer {
		t.Errorf("%+v, %v", image, err)
	}
}

// TestBadImages: what is wrong is said with its segment, its place and the member's name.
func TestBadImages(t *testing.T) {
	plain := writeAll(t, sample(), 4)
	at := bytes.Index(plain, []byte("etc/3\x00")) - headerSize
	change := func(old, new string) []byte { return bytes.Replace(plain, []byte(old), []byte(new), 1) }
	gz := pack(t, "gzip -n -c", plain)
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"nothing", nil, "nothing but zeros"},
		{"zeros", make([]byte, 4096), "nothing but zeros"},
		{"cut in a header", plain[:at+50], fmt.Sprintf("segment 1 (not compressed, at byte 0): member at byte %d: the archive ends too early", at)},
		{"cut in data", plain[:at+headerSize+7], fmt.Sprintf(`member at byte %d, "etc/3": the archive ends too early`, at)},
		{"4 GiB", slices.Concat(plain[:at+54], []byte("FFFFFFFF"), plain[at+62:]), `"etc/3": the archive ends too early`},
		{"name of 4 GiB", slices.Concat(plain[:at+94], []byte("FFFFFFFF"), plain[at+102:]), "name of 4294967294 bytes"},
		{"name of 4097", slices.Concat(plain[:at+94], []byte("00001001"), plain[at+102:]), "name of 4096 bytes: the kernel takes 1 to 4095"},
		{"name of none", slices.Concat(plain[:at+94], []byte("00000001"), plain[at+102:]), "name of 0 bytes"},
		{"magic", slices.Concat(plain[:at], []byte("070703"), plain[at+6:]), fmt.Sprintf(`member at byte %d: magic "070703"`, at)},
		{"old cpio", []byte("070707" + strings.Repeat("0", 200)), "cpio -H newc"},
		{"absolute", change("etc/3", "/tc/3"), `"/tc/3": its name is absolute`},
		{"dots", change("etc/3", "../.3"), `"../.3": its name leads out of the archive`},
		{"dots inside", change("etc/3", "e/../"), `"e/../": its name leads out`},
		{"name without end", change("etc/3\x00", "etc/33"), "its name has no end"},
		{"garbage behind", append(bytes.Clone(plain), "garbage"...), fmt.Sprintf("segment 2 (not compressed, at byte %d): unknown bytes 67 61 72 62", len(plain))},
		{"garbage behind gzip", append(bytes.Clone(gz), "garbage"...), "segment 2 (not compressed"},
		{"not aligned", slices.Concat(plain, []byte{0}, plain), "must begin at a multiple of four bytes"},
		{"gzip cut", gz[:len(gz)-20], "segment 1 (gzip, at byte 0): gzip: it is cut off"},
		{"gzip of text", pack(t, "gzip -c", []byte("hello, world")), "segment 1 (gzip, at byte 0): at byte 0 unpacked: unknown bytes 68 65 6c 6c"},
		{"gzip of a cut archive", pack(t, "gzip -c", plain[:at+50]), fmt.Sprintf("segment 1 (gzip, at byte 0): member at byte %d: the archive ends", at)},
		{"lzma", pack(t, "xz --format=lzma -c", plain), "compressed with lzma, which is not read here"},
	} {
		image, err := Parse(tt.data, Limits{})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v; want %q in it", tt.name, err, tt.want)
		}
		if strings.HasPrefix(tt.name, "cut") && len(image.Entries()) != 9 {
			t.Errorf("%s: %d members before the damage, want 9", tt.name, len(image.Entries()))
		}
	}
}

// TestBombs: what unpacks to too much, in every compression, costs little memory; so do archives without end.
func TestBombs(t *testing.T) {
	limits := Limits{Unpacked: 4 << 20}
	zeros := make([]byte, 24<<20)
	empty := writeAll(t, nil, 4)
	bombs := map[string][]byte{
		"plain":  bytes.Repeat(empty, 1_000_000),
		"packed": pack(t, "gzip -c -1", bytes.Repeat(empty, 100_000)),
		"gzips":  bytes.Repeat(pack(t, "gzip -c", empty), 10_000),
	}
	for _, p := range packers {
		bombs[p.line] = pack(t, p.line, zeros)
		bombs[p.line+" as the second"] = slices.Concat(pack(t, p.line, empty), make([]byte, 4), bombs[p.line])
	}
	for name, data := range bombs {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Parse(data, limits)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), "unpacks to more than") && !strings.Contains(err.Error(), "too many archives") {
			t.Errorf("%s: %v", name, err)
		}
		// All that was ever taken, with the window of the decoder: lz4 has 16 MiB.
		if took := after.TotalAlloc - before.TotalAlloc; name != "gzips" && took > 60<<20 {
			t.Errorf("%s: took %d MiB", name, took>>20)
		}
	}
}

// TestTooManyMembers: the ends of archives count, too.
func TestTooManyMembers(t *testing.T) {
	data := pack(t, "gzip -c -1", bytes.Repeat(writeAll(t, nil, 4), 1000))
	if _, err := Parse(data, Limits{Members: 999}); err == nil || !strings.Contains(err.Error(), "too many") {
		t.Error(err)
	}
	if _, err := Parse(data, Limits{Members: 1000}); err != nil {
		t.Error(err)
	}
}

func TestOpenTooLarge(t *testing.T) {
	file := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(file, make([]byte, 2000), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file, Limits{Packed: 1999}); err == nil || !strings.Contains(err.Error(), "more than 1999 bytes") {
		t.Error(err)
	}
	if _, err := Open("/dev/zero", Limits{Packed: 1 << 20}); err == nil {
		t.Error("/dev/zero is an image")
	}
}
