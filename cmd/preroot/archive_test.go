package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/preroot/preroot/pkg/archive"
)

// makeImage writes an image of two segments: a plain one, and one in gzip.
func makeImage(t *testing.T, first, second []archive.Entry) string {
	t.Helper()
	var plain, other bytes.Buffer
	for w, entries := range map[*archive.Writer][]archive.Entry{archive.NewWriter(&plain): first, archive.NewWriter(&other): second} {
		for _, e := range entries {
			if err := w.Add(e); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(512); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("gzip", "-c")
	cmd.Stdin = &other
	packed, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(file, append(plain.Bytes(), packed...), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func dir(name string) archive.Entry {
	return archive.Entry{Name: name, Kind: archive.Dir, Perm: 0o755}
}

func file(name, data string) archive.Entry {
	return archive.Entry{Name: name, Kind: archive.Regular, Perm: 0o644, Data: []byte(data)}
}

func link(name, to string) archive.Entry {
	return archive.Entry{Name: name, Kind: archive.Symlink, Perm: 0o777, Data: []byte(to)}
}

// try runs a command line and gives what it says on both outputs.
func try(t *testing.T, status int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, complaint bytes.Buffer
	if got := run(args, &out, &complaint); got != status {
		t.Errorf("%s: status %d, want %d: %s", args, got, status, complaint.String())
	}
	return out.String(), complaint.String()
}

func TestListMarksSecrets(t *testing.T) {
	image := makeImage(t,
		[]archive.Entry{dir("usr"), file("usr/a", "x")},
		[]archive.Entry{link("lib", "usr"), file("lib/b", "y"), dir("etc"), file("etc/crypttab", "root UUID=1 /lib/b luks\n"), file("none/c", "")})
	out, complaint := try(t, 0, "ls", "-s", image)
	want := `segment 1: byte 0, 360 bytes, not compressed, 2 members
d0755          0 usr
-0644          1 usr/a
segment 2: byte 512, N bytes, gzip of 1024 bytes, 5 members
l0777          3 lib -> usr
-0644          1 lib/b  secret: key file of volume root
d0755          0 etc
-0644         24 etc/crypttab
-0644          0 none/c
`
	before, rest, _ := strings.Cut(out, "byte 512, ")
	_, rest, _ = strings.Cut(rest, " bytes")
	if diff := cmp.Diff(want, before+"byte 512, N bytes"+rest); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !strings.Contains(complaint, `warning: the kernel makes nothing of "none/c": no folder none`) {
		t.Errorf("complaints %q", complaint)
	}
	if out, _ := try(t, 0, "ls", image); strings.Contains(out, "segment") || !strings.Contains(out, "lib/b  secret") {
		t.Errorf("without -s: %s", out)
	}
}

// TestCut: of an image that is cut off, what is there is listed and unpacked, and the status says that it is not all.
func TestCut(t *testing.T) {
	image := makeImage(t, []archive.Entry{dir("usr"), file("usr/a", "x"), file("usr/b", strings.Repeat("y", 1000))}, nil)
	if err := os.Truncate(image, 900); err != nil {
		t.Fatal(err)
	}
	if out, complaint := try(t, 1, "ls", image); !strings.Contains(out, "usr/a\n") || !strings.Contains(complaint, `"usr/b": the archive ends too early`) {
		t.Errorf("%s%s", out, complaint)
	}
	if out, _ := try(t, 1, "cat", image, "usr/a"); out != "x" {
		t.Errorf("cat: %q", out)
	}
	to := filepath.Join(t.TempDir(), "to")
	try(t, 1, "unpack", "-C", to, image)
	if data, err := os.ReadFile(filepath.Join(to, "usr/a")); string(data) != "x" {
		t.Errorf("unpacked: %q, %v", data, err)
	}
	try(t, 2, "diff", image, image)
}

func TestCatAndUnpack(t *testing.T) {
	image := makeImage(t, []archive.Entry{dir("usr"), dir("usr/lib"), file("usr/lib/a", "one"), file("usr/lib/b", "two")},
		[]archive.Entry{link("lib", "/usr/lib"), link("l", "lib/b"), dir("dev"), {Name: "dev/null", Kind: archive.Char, Perm: 0o666, Major: 1, Minor: 3}})
	if out, _ := try(t, 0, "cat", image, "/lib/a", "l", "./usr//lib/../lib/b"); out != "onetwotwo" {
		t.Errorf("cat: %q", out)
	}
	if _, complaint := try(t, 1, "cat", image, "usr", "no"); !strings.Contains(complaint, "read usr: it is no plain file") || !strings.Contains(complaint, "read no: file does not exist") {
		t.Errorf("cat: %s", complaint)
	}
	to := filepath.Join(t.TempDir(), "to")
	if _, complaint := try(t, 0, "unpack", image, "-C", to); !strings.Contains(complaint, "devices, FIFOs and sockets left out: 1;") {
		t.Errorf("unpack: %s", complaint)
	}
	if target, err := os.Readlink(filepath.Join(to, "lib")); target != "/usr/lib" {
		t.Errorf("lib -> %q, %v", target, err)
	}
	if _, complaint := try(t, 1, "unpack", image, "-C", to); !strings.Contains(complaint, "is not empty") {
		t.Errorf("unpack again: %s", complaint)
	}
	try(t, 0, "unpack", "-f", image, "-C", to, "usr")
	some := filepath.Join(t.TempDir(), "some")
	if _, complaint := try(t, 1, "unpack", "-C", some, image, "l", "no"); !strings.Contains(complaint, "resolve no: file does not exist") {
		t.Errorf("unpack some: %s", complaint)
	}
	for name, there := range map[string]bool{"l": true, "usr/lib/b": true, "usr/lib/a": false, "lib": false} {
		if _, err := os.Lstat(filepath.Join(some, name)); (err == nil) != there {
			t.Errorf("unpack some: %s: %v", name, err)
		}
	}
}

// TestDiff: what differs is named with its kind, and nothing is said of what does not.
func TestDiff(t *testing.T) {
	first := []archive.Entry{
		dir("usr"), file("usr/same", "x"), file("usr/size", "1"), file("usr/content", "1"), file("usr/old", ""), link("usr/link", "a"),
		file("usr/kind", ""), dir("lib"), dir("lib/modules"), dir("lib/modules/6.1"), file("lib/modules/6.1/a.ko", "module"), file("lib/modules/6.1/b.ko", "module 1"),
	}
	second := []archive.Entry{
		dir("usr"), file("usr/same", "x"), file("usr/size", "12"), file("usr/content", "2"), file("usr/new", ""), link("usr/link", "b"),
		dir("usr/kind"), dir("lib"), dir("lib/modules"), dir("lib/modules/6.2"), file("lib/modules/6.2/a.ko", "module"), file("lib/modules/6.2/b.ko", "module 2"),
	}
	second[1].Perm = 0o755
	a, b := makeImage(t, first, nil), makeImage(t, nil, second)
	if out, complaint := try(t, 0, "diff", a, a); out+complaint != "" {
		t.Errorf("with itself: %s%s", out, complaint)
	}
	out, _ := try(t, 1, "diff", a, b)
	want := `kernel   "6.1" -> "6.2"
changed  lib/modules/6.2/b.ko: content (8 bytes)
changed  usr/content: content (1 bytes)
changed  usr/kind: file -> folder
changed  usr/link: link to a -> b
added    -0644          0 usr/new
removed  -0644          0 usr/old
changed  usr/same: mode 0644 -> 0755
changed  usr/size: size 1 -> 2
`
	if diff := cmp.Diff(want, out); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestModuleVersions: a module says what it is, packed or not; packed otherwise it is no other module.
func TestModuleVersions(t *testing.T) {
	build := t.TempDir()
	source := filepath.Join(build, "m.c")
	makeModule := func(version string) []byte {
		text := `__attribute__((section(".modinfo"),used)) static const char a[] = "version=` + version + `", b[] = "vermagic=6.1 SMP";`
		if err := os.WriteFile(source, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		object := filepath.Join(build, "m.o")
		if out, err := exec.Command("cc", "-c", "-o", object, source).CombinedOutput(); err != nil {
			t.Fatalf("cc: %v %s", err, out)
		}
		data, err := os.ReadFile(object)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	xz := func(data []byte) []byte {
		cmd := exec.Command("xz", "-c", "--check=crc32")
		cmd.Stdin = bytes.NewReader(data)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	one, two := makeModule("1.0"), makeModule("2.0")
	for _, tt := range []struct {
		a, b       archive.Entry
		status     int
		difference string
	}{
		{file("m.ko", string(one)), file("m.ko.xz", string(xz(one))), 1, "changed  m.ko.xz: form .ko -> .ko.xz\n"},
		{file("m.ko.xz", string(xz(one))), file("m.ko.xz", string(xz(append(one, "signature"...)))), 1, "changed  m.ko.xz: size "},
		{file("m.ko.xz", string(xz(one))), file("m.ko.xz", string(xz(two))), 1, `changed  m.ko.xz: version "1.0" -> "2.0", content`},
	} {
		out, _ := try(t, tt.status, "diff", makeImage(t, []archive.Entry{tt.a}, nil), makeImage(t, []archive.Entry{tt.b}, nil))
		if !strings.HasPrefix(out, tt.difference) {
			t.Errorf("%q, want %q", out, tt.difference)
		}
	}
}
