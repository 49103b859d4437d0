package device

import (
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var encodings = []struct{ label, name string }{
	{"root", "root"},
	{"my root", `my\x20root`},
	{"a/b", `a\x2fb`},
	{`a\b`, `a\x5cb`},
	{`a\x20b`, `a\x5cx20b`},
	{"100%", `100\x25`},
	{"#+-.:=@_", "#+-.:=@_"},
	{"\"'`$(reboot)", `\x22\x27\x60\x24\x28reboot\x29`},
	{"Gr\u00fc\u00dfe", "Gr\u00fc\u00dfe"},
	{"bad\xff", `bad\xff`},
	{"\u65e5\u672c", "\u65e5\u672c"},
	{"tab\tnl\n", `tab\x09nl\x0a`},
	{"..", ".."},
}

func TestEncode(t *testing.T) {
	for _, c := range encodings {
		if got := Encode(c.label); got != c.name {
			t.Errorf("%q: %q, want %q", c.label, got, c.name)
		}
		if got := Decode(c.name); got != c.label {
			t.Errorf("back from %q: %q", c.name, got)
		}
	}
	for _, c := range []struct{ name, want string }{{`\x`, `\x`}, {`\x2`, `\x2`}, {`\xzz`, `\xzz`}, {`\x2F`, "/"}, {`a\`, `a\`}, {`\\x20`, `\ `}} {
		if got := Decode(c.name); got != c.want {
			t.Errorf("Decode %q: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestSafe(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"  QEMU   HARDDISK  ", "QEMU_HARDDISK"},
		{"Samsung SSD 970 EVO 500GB", "Samsung_SSD_970_EVO_500GB"},
		{"a(b)", "a_b_"}, {"a\x00\x00", "a"}, {"a\xffb", "a_b"}, {"\u00fc", "\u00fc"}, {"", ""}, {" ", ""},
	} {
		if got := Safe(c.text); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

func FuzzEncode(f *testing.F) {
	for _, c := range encodings {
		f.Add(c.label)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name := Encode(s)
		if Decode(name) != s || strings.ContainsAny(name, "/ \n\x00'\"$`") {
			t.Fatalf("%q: %q, back %q", s, name, Decode(name))
		}
	})
}

// The real libblkid writes the same name for random labels of an ext2 file system.
func TestEncodeLikeBlkid(t *testing.T) {
	image := filepath.Join(t.TempDir(), "image")
	tool(t, "e2fsprogs", "mke2fs", "-q", "-t", "ext2", "-F", image, "256k")
	r := rand.New(rand.NewSource(1))
	const alphabet = "aZ09 /\\x2f#+-.:=@_$\"'`%()\t\n\x7f\xff\u00fc\u65e5\u20ac\U0001f600"
	checked := 0
	for range 150 {
		var label []byte
		for n := 1 + r.Intn(16); len(label) < n; {
			if r.Intn(3) > 0 {
				label = append(label, alphabet[r.Intn(len(alphabet))])
			} else {
				label = append(label, byte(1+r.Intn(255)))
			}
		}
		label = label[:min(len(label), 16)]
		text := strings.TrimRight(string(label), " \t\n\v\f\r")
		if text == "" {
			continue // libblkid cuts white space at the end, and so does the probe
		}
		patch(t, image, 1024+120, label)
		out := tool(t, "util-linux", "blkid", "-p", "-o", "udev", image)
		_, after, ok := strings.Cut(out, "ID_FS_LABEL_ENC=")
		got, _, _ := strings.Cut(after, "\n")
		if !ok || got != Encode(text) {
			t.Errorf("label %q: libblkid %q, we %q", text, got, Encode(text))
		}
		checked++
	}
	t.Logf("%d labels", checked)
}

func patch(t *testing.T, file string, at int64, data []byte) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(append(data, make([]byte, 16-len(data))...), at); err != nil {
		t.Fatal(err)
	}
}

// tool runs a program of the host.
func tool(t *testing.T, pkg, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		for _, dir := range []string{"/sbin/", "/usr/sbin/"} {
			if _, statErr := os.Stat(dir + name); statErr == nil {
				path, err = dir+name, nil
			}
		}
	}
	if err != nil {
		t.Fatalf("%s is missing: install the package %s", name, pkg)
	}
	out, err := exec.Command(path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
	return string(out)
}
