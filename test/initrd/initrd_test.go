package initrd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/preroot/preroot/internal/vm"
)

// TestFactsOf: facts are found in the middle of a line too, where a message of the kernel has come first, and are sorted.
func TestFactsOf(t *testing.T) {
	lines := []string{"[    1.0] Run /sbin/init as init process", "[ 1.1] xFACT root a ext4 vda ro", "FACT end\r", "no FACTS", "FACT linuxrc pid 1"}
	if diff := cmp.Diff(Facts{"end", "linuxrc pid 1", "root a ext4 vda ro"}, FactsOf(lines)); diff != "" {
		t.Error(diff)
	}
}

// TestCompare: what only one side has is a difference; sizes of memory are none.
func TestCompare(t *testing.T) {
	for _, c := range []struct {
		name          string
		first, second Facts
		want          []string
	}{
		{"the same", Facts{"pid 1", "memfree 10"}, Facts{"pid 1", "memfree 20"}, nil},
		{"one changed", Facts{"pid 1"}, Facts{"pid 30"}, []string{"- pid 1", "+ pid 30"}},
		{"one missing", Facts{"end", "initrd none"}, Facts{"end"}, []string{"- initrd none"}},
		{"one more", nil, Facts{"mount /proc proc proc"}, []string{"+ mount /proc proc proc"}},
		{"a name that begins like a measured one", Facts{"leftover x"}, nil, []string{"- leftover x"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, Compare(c.first, c.second)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFactValues(t *testing.T) {
	f := Facts{"env A=1", "env B=2", "left 12", "memfree much"}
	if n, err := f.Number("left"); n != 12 || err != nil {
		t.Errorf("left: %d, %v", n, err)
	}
	for _, name := range []string{"memfree", "none"} {
		if _, err := f.Number(name); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if n, err := Beyond(Facts{"memfree 1000"}, Facts{"memfree 300"}); n != 700 || err != nil {
		t.Errorf("kept: %d, %v", n, err)
	}
	if _, err := Beyond(nil, f); err == nil {
		t.Error("kept of nothing: no error")
	}
	if diff := cmp.Diff([]string{"A=1", "B=2"}, f.Texts("env")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"end"}, f.Unmet([]string{"left 12", "end"})); diff != "" {
		t.Error(diff)
	}
}

// TestSaid: the kernel's words about initrd and root, without their times.
func TestSaid(t *testing.T) {
	lines := []string{"[    0.0] RAMDISK: [mem 0x0fe2c000-0x0ffcffff]", "[    0.5] RAMDISK: gzip image found at block 0", "[    0.6] virtio_blk virtio0: x", "/initrd does not exist. Ignored.", "FACT okay"}
	if diff := cmp.Diff([]string{"RAMDISK: gzip image found at block 0", "/initrd does not exist. Ignored."}, said(lines)); diff != "" {
		t.Error(diff)
	}
}

// TestJudge: a boot is passed when its init said all, and what the case wants is among it.
func TestJudge(t *testing.T) {
	c := Case{Want: "pid 1\ninitrd none"}
	for _, test := range []struct {
		name  string
		lines string
		want  []string
	}{
		{"passed", "FACT pid 1\nFACT initrd none\nFACT end", nil},
		{"another pid", "FACT pid 9\nFACT initrd none\nFACT end", []string{"not seen: pid 1"}},
		{"cut off", "FACT pid 1\nFACT initrd none", []string{"no root's init said all that it finds"}},
		{"crashed", "FACT pid 1\nFACT initrd none\nFACT end\nKernel panic - not syncing", []string{"crash: Kernel panic - not syncing"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var r Result
			r.judge(c, vm.Result{Lines: strings.Split(test.lines, "\n")})
			if diff := cmp.Diff(test.want, r.Bad); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestCases: each case has a number of its own, says what must be seen, and names a script that is there.
func TestCases(t *testing.T) {
	for i, c := range Cases() {
		if c.Number != i || c.Title == "" || c.Want == "" || len(c.Disks) == 0 {
			t.Errorf("case %d: %+v", i, c)
		}
		if strings.HasSuffix(c.Linuxrc, ".sh") {
			if _, err := scripts.ReadFile("linuxrc/" + c.Linuxrc); err != nil {
				t.Errorf("case %d: %v", i, err)
			}
		}
	}
}

// magics are the beginnings of images, at an offset.
var magics = map[string]struct {
	at   int
	text string
}{
	"ext2": {1024 + 56, "\x53\xef"}, "ext4": {1024 + 56, "\x53\xef"}, "squashfs": {0, "hsqs"}, "romfs": {0, "-rom1fs-"}, "cramfs": {0, "\x45\x3d\xcd\x28"},
	"gzip": {0, "\x1f\x8b"}, "xz": {0, "\xfd7zXZ"}, "zstd": {0, "\x28\xb5\x2f\xfd"}, "lz4": {0, "\x02\x21\x4c\x18"}, "bzip2": {0, "BZh"},
}

// TestMakeFS: each kind has its mark, and one that nobody knows is refused by name.
func TestMakeFS(t *testing.T) {
	tree := t.TempDir()
	if err := layOut([]vm.Entry{{Name: "linuxrc", Mode: 0o755, Data: []byte("#!/bin/sh\n")}}, tree); err != nil {
		t.Fatal(err)
	}
	for _, kind := range Filesystems() {
		t.Run(kind, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "image")
			if err := MakeFS(kind, tree, path); err != nil {
				t.Fatal(err)
			}
			checkMagic(t, kind, path)
			if extents, ext := hasExtents(t, path), strings.HasPrefix(kind, "ext"); ext && extents != (kind == "ext4") {
				t.Errorf("%s: extents: %v", kind, extents)
			}
		})
	}
	if err := MakeFS("xiafs", tree, filepath.Join(t.TempDir(), "image")); err == nil || !strings.Contains(err.Error(), `"xiafs"`) {
		t.Errorf("xiafs: %v", err)
	}
}

// TestCompress: the same of compressions.
func TestCompress(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	if err := os.WriteFile(from, make([]byte, 5000), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, pack := range Packers() {
		if err := Compress(pack, from, to); err != nil {
			t.Fatal(err)
		}
		checkMagic(t, pack, to)
	}
	if err := Compress("", from, to); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(to); err != nil || st.Size() != 5000 {
		t.Errorf("a copy: %v, %v", st, err)
	}
	if err := Compress("arj", from, to); err == nil || !strings.Contains(err.Error(), `"arj"`) {
		t.Errorf("arj: %v", err)
	}
}

// hasExtents reads the feature that tells an ext4 from an ext2 (s_feature_incompat, EXT4_FEATURE_INCOMPAT_EXTENTS).
func hasExtents(t *testing.T, path string) bool {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return len(data) > 1024+0x60 && data[1024+0x60]&0x40 != 0
}

func checkMagic(t *testing.T, kind, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	m := magics[kind]
	if err != nil || len(data) < m.at+len(m.text) || string(data[m.at:m.at+len(m.text)]) != m.text {
		t.Errorf("%s: not its mark (%v)", kind, err)
	}
}
