package image

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
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
		{"it is damaged", func() { os.Truncate(o.Output, 1000) }, []string{"there is no image that says what it was made of"}},
		{"nothing", func() {}, nil},
	} {
		c.change()
		before, _ := os.Stat(o.Output)
		s, err := Build(o)
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
