package archive

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sample has every kind of member, and data of each length modulo 4.
func sample() []Entry {
	all := []Entry{
		{Name: "dev", Kind: Dir, Perm: 0o755},
		{Name: "dev/console", Kind: Char, Perm: 0o600, Major: 5, Minor: 1},
		{Name: "dev/vda", Kind: Block, Perm: 0o660, Major: 254, Minor: 300},
		{Name: "etc", Kind: Dir, Perm: 0o1777},
		{Name: "etc/link", Kind: Symlink, Perm: 0o777, Data: []byte("../dev/vda")},
		{Name: "etc/with blank\tand ü", Kind: Regular, Perm: 0o4755, Data: []byte("x")},
	}
	for n := range 5 {
		all = append(all, Entry{Name: fmt.Sprintf("etc/%d", n), Kind: Regular, Perm: 0o644, Uid: uint32(n) * 7, Gid: uint32(n) * 1000, Data: bytes.Repeat([]byte{'a'}, n)})
	}
	return all
}

func writeAll(t testing.TB, entries []Entry, align int64) []byte {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter(&b)
	for _, e := range entries {
		if err := w.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(align); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWriterReader(t *testing.T) {
	data := writeAll(t, sample(), 512)
	if len(data)%512 != 0 {
		t.Errorf("archive of %d bytes is not filled up to 512", len(data))
	}
	got, err := Read(slices.Concat(data, make([]byte, 8), data))
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		if len(got[i].Data) == 0 {
			got[i].Data = nil
		}
	}
	want := sample()
	want[6].Data = nil
	if diff := cmp.Diff(append(want, want...), got); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
}

// TestWriterAgreesWithCpio: GNU cpio lists the members of our archives as we do.
func TestWriterAgreesWithCpio(t *testing.T) {
	cmd := exec.Command("cpio", "--list", "--verbose", "--numeric-uid-gid", "--quiet")
	cmd.Stdin = bytes.NewReader(writeAll(t, sample(), 4))
	cmd.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C")
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil || complaints.Len() > 0 {
		t.Fatalf("cpio (Debian package cpio): %v %s", err, complaints.String())
	}
	want := strings.Join([]string{
		`drwxr-xr-x   2 0        0               0 Jan  1  1970 dev`,
		`crw-------   1 0        0          5,   1 Jan  1  1970 dev/console`,
		`brw-rw----   1 0        0        254, 300 Jan  1  1970 dev/vda`,
		`drwxrwxrwt   2 0        0               0 Jan  1  1970 etc`,
		`lrwxrwxrwx   1 0        0              10 Jan  1  1970 etc/link -> ../dev/vda`,
		"-rwsr-xr-x   1 0        0               1 Jan  1  1970 etc/with blank\tand ü",
		`-rw-r--r--   1 0        0               0 Jan  1  1970 etc/0`,
		`-rw-r--r--   1 7        1000            1 Jan  1  1970 etc/1`,
		`-rw-r--r--   1 14       2000            2 Jan  1  1970 etc/2`,
		`-rw-r--r--   1 21       3000            3 Jan  1  1970 etc/3`,
		`-rw-r--r--   1 28       4000            4 Jan  1  1970 etc/4`,
	}, "\n")
	if diff := cmp.Diff(want, strings.TrimRight(string(out), "\n")); diff != "" {
		t.Errorf("cpio lists (-want +got):\n%s", diff)
	}
}

// TestReaderAgreesWithCpio: what GNU cpio writes, hard links apart, is read as it lies on the disk.
func TestReaderAgreesWithCpio(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b/c", "b/d"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte("data of "+name), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("cpio", "--create", "--format=newc", "--quiet")
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader(".\na\nb\nb/c\nb/d\n")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("cpio (Debian package cpio): %v", err)
	}
	got, err := Read(out)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, e := range got {
		lines = append(lines, fmt.Sprintf("%c%o %s %s", e.letter(), e.Perm, e.Name, e.Data))
	}
	want := []string{"d700 . ", "-640 a data of a", "d755 b ", "-640 b/c data of b/c", "-640 b/d data of b/d"}
	if info, err := os.Stat(dir); err == nil {
		want[0] = fmt.Sprintf("d%o . ", info.Mode().Perm())
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
}

// TestNames is the path rule of fault E12, for writing and for reading.
func TestNames(t *testing.T) {
	bad := []string{"", "/etc", "..", "../etc", "a/../../b", "a//b", "a/", "./a", "a/..", "a\x00b", strings.Repeat("a", 4096)}
	for _, name := range bad {
		if err := NewWriter(io.Discard).Add(Entry{Name: name, Kind: Regular}); err == nil {
			t.Errorf("name %.20q is written", name)
		}
	}
	for _, name := range []string{"..a", "a..", "a/b", "...", strings.Repeat("a", 4095)} {
		if err := NewWriter(io.Discard).Add(Entry{Name: name, Kind: Regular}); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"../x", "/abs", "a/../b"} {
		data := writeAll(t, []Entry{{Name: strings.Repeat("x", len(name)), Kind: Regular}}, 4)
		data = bytes.Replace(data, bytes.Repeat([]byte{'x'}, len(name)), []byte(name), 1)
		if _, err := Read(data); err == nil {
			t.Errorf("name %q is read", name)
		}
	}
}

func TestTooBig(t *testing.T) {
	if err := tooBig(sizeLimit - 1); err != nil {
		t.Error(err)
	}
	if err := tooBig(sizeLimit); err == nil {
		t.Error("4 GiB are taken")
	}
}

func TestReadErrors(t *testing.T) {
	whole := writeAll(t, sample(), 4)
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"cut", whole[:len(whole)-200], "too early"},
		{"other format", []byte("070707" + strings.Repeat("0", 200)), "cpio -H newc"},
		{"text", []byte("hello"), "unknown bytes 68 65 6c 6c"},
		{"size", bytes.Replace(whole, []byte("0000000A"), []byte("FFFFFFFF"), 1), "too early"},
		{"digits", bytes.Replace(whole, []byte("0000000A"), []byte("0000zzzz"), 1), "invalid syntax"},
		{"bad zstd", []byte("\x28\xb5\x2f\xfd\xff\xff\xff\xff"), "segment 1 (zstd, at byte 0): zstd: "},
	} {
		if _, err := Read(tt.data); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v; want %q in it", tt.name, err, tt.want)
		}
	}
}
