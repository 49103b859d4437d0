package image

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/preroot/preroot/pkg/archive"
)

// TestIfChanged: an image is made anew when one of its inputs has changed, and only then; what has changed is named.
func TestIfChanged(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("one")
	o := Options{ModulesDir: oneKernel(t), Drivers: []string{"virtio_blk"}, Output: filepath.Join(dir, "image"), Init: anInit(t), IfChanged: true, Includes: []Include{{file, "/etc/file"}}}
	for _, c := range []struct {
		what    string
		change  func()
		changed []string // nil for nothing
	}{
		{"there is none", func() {}, []string{"there is no image that says what it was made of"}},
		{"nothing", func() {}, nil},
		{"a file", func() { write("two") }, []string{"/etc/file"}},
		{"a mode", func() { os.Chmod(file, 0o600) }, []string{"/etc/file"}},
		{"words", func() { o.KernelCmdline = "quiet" }, []string{"/etc/cmdline.d/10-cmdline.conf (new)"}},
		{"a module", func() { o.Drivers = append(o.Drivers, "dm_mod") }, []string{"/etc/cmdline.d/20-drivers.conf", "index modules.dep.bin", "module dm_mod (new)"}},
		{"the compression", func() { o.Compress = Compression{Kind: "none"} }, []string{"option --compress"}},
		{"no shell", func() { o.NoShell = true }, []string{"/etc/cmdline.d/90-no-shell.conf (new)"}},
		{"nothing", func() {}, nil},
		{"it is gone", func() { os.Remove(o.Output) }, []string{"there is no image that says what it was made of"}},
		{"it is none", func() { os.WriteFile(o.Output, []byte("text"), 0o600) }, []string{"there is no image that says what it was made of"}},
	} {
		c.change()
		before, _ := os.Stat(o.Output)
		s, err := Build(t.Context(), o)
		if err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		for _, want := range c.changed {
			if !slices.Contains(s.Changed, want) {
				t.Errorf("%s: changed %q, not %q", c.what, s.Changed, want)
			}
		}
		if s.Unchanged != (c.changed == nil) || c.changed == nil && len(s.Changed) > 0 {
			t.Errorf("%s: changed %q", c.what, s.Changed)
		}
		if after, err := os.Stat(o.Output); err != nil || (before != nil && os.SameFile(before, after)) != s.Unchanged {
			t.Errorf("%s: %v, written anew against what is said", c.what, err)
		}
	}
}

// TestIfChangedDamaged: an image that is not any more what it was made as is made anew, wherever it is damaged, and that is said.
func TestIfChangedDamaged(t *testing.T) {
	ucode := t.TempDir()
	if err := os.MkdirAll(filepath.Join(ucode, "amd-ucode"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(ucode, "amd-ucode/microcode_amd.bin"), amdContainer(2000), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]Options{
		"plain": {Drivers: []string{"virtio_blk"}, Compress: Compression{Kind: "none"}, EarlyMicrocode: On, FirmwareDirs: []string{ucode}}, "zstd": {Drivers: []string{"virtio_blk"}, Compress: Compression{Kind: "zstd"}},
		"generic": {Generic: true, Filesystems: []string{"ext4"}, Compress: Compression{Kind: "lz4"}, EarlyMicrocode: Off},
	} {
		o.ModulesDir, o.Output, o.Init, o.IfChanged = oneKernel(t), filepath.Join(t.TempDir(), "image"), anInit(t), true
		if o.EarlyMicrocode == On {
			o.ModulesDir = loadsMicrocode(t)
		}
		mustBuild(t, o)
		good, err := os.ReadFile(o.Output)
		if err != nil {
			t.Fatal(err)
		}
		list := damages(t, good)
		if o.Generic { // each of its builds packs all drivers
			maps.DeleteFunc(list, func(what string, _ func([]byte) []byte) bool { return what != "cut" && what != "init" })
		}
		for what, change := range list {
			bad := change(slices.Clone(good))
			if err := os.WriteFile(o.Output, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := Build(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			said := slices.ContainsFunc(s.Warnings, func(w string) bool { return strings.Contains(w, o.Output) && strings.Contains(w, "damaged") })
			if now, _ := os.ReadFile(o.Output); s.Unchanged || !said || !bytes.Equal(now, good) {
				t.Errorf("%s, %s: unchanged %v, whole again %v, changed %q, warnings %q", name, what, s.Unchanged, bytes.Equal(now, good), s.Changed, s.Warnings)
			}
		}
		if s, err := Build(t.Context(), o); err != nil || !s.Unchanged || slices.ContainsFunc(s.Warnings, func(w string) bool { return strings.Contains(w, "damaged") }) {
			t.Errorf("%s: the good one: %+v, %v", name, s, err)
		}
	}
}

// loadsMicrocode is a kernel that takes microcode from an image.
func loadsMicrocode(t *testing.T) string {
	t.Helper()
	for _, dir := range kernels(t) {
		if tree, err := openTree(dir, ""); err == nil && setInConfig(tree.kernelConfig(), "CONFIG_MICROCODE") {
			return dir
		}
	}
	t.Fatal("no kernel has CONFIG_MICROCODE")
	return ""
}

// damages are ways to damage an image: a byte of the first member's data, of its last, a cut, and a byte in the middle of each file that lies there uncompressed.
func damages(t *testing.T, good []byte) map[string]func([]byte) []byte {
	t.Helper()
	flip := func(at int) func([]byte) []byte {
		return func(b []byte) []byte { b[at] ^= 0x20; return b }
	}
	list := map[string]func([]byte) []byte{
		"cut": func(b []byte) []byte { return b[:len(b)-100] }, "cut in the middle": func(b []byte) []byte { return b[:len(b)/2] }, "a byte near the end": flip(len(good) - 600),
	}
	image, err := archive.Parse(good, archive.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if at := bytes.Index(good, []byte("070701")); image.Segments[0].Compression == "" {
		list["an owner"] = func(b []byte) []byte { b[at+6+3*8-1] = '1'; return b } // the last digit of the third number of the header
	}
	n := 0
	for _, s := range image.Segments {
		for _, e := range s.Entries {
			if at := bytes.Index(good, e.Data); s.Compression == "" && e.Kind == Regular && len(e.Data) > 16 && at >= 0 && n < 5 {
				list[e.Name] = flip(at + len(e.Data)/2)
				n++
			}
		}
	}
	return list
}
