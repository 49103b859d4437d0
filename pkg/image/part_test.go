package image

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/preroot/preroot/pkg/archive"
)

// TestAppendTwice: the words of a second part come to those of the first, and win over them; where no name is free that is said.
func TestAppendTwice(t *testing.T) {
	dir := t.TempDir()
	image := filepath.Join(dir, "image")
	mustBuild(t, Options{ModulesDir: oneKernel(t), Drivers: []string{"virtio_blk"}, Output: image})
	var want []string
	for i, words := range []string{"root=/dev/vda a=1", "b=2", "root=/dev/vdb"} {
		p := Part{Image: image, KernelCmdline: words}
		if i == 1 {
			p.Output = filepath.Join(dir, "part") // of its own; it does not hide the first
			if _, err := Append(t.Context(), p); err != nil {
				t.Fatal(err)
			}
			p.Output = ""
		}
		if _, err := Append(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		want = append(want, words+"\n")
	}
	old, err := archive.Open(image, archive.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	tree, err := old.Tree()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	files, _ := fs.Glob(tree, "etc/cmdline.d/*-machine.conf") // by name, as /init reads them
	for _, name := range files {
		data, _ := tree.ReadFile(name)
		got = append(got, string(data))
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	part, _ := os.ReadFile(filepath.Join(dir, "part"))
	if list, _ := archive.Read(part); find(list, files[0]) != nil {
		t.Errorf("the part would hide %s", files[0])
	}
	last := filepath.Join(dir, "last")
	if err := os.WriteFile(last, []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Append(t.Context(), Part{Image: image, Includes: []Include{{last, "/etc/cmdline.d/89-machine.conf"}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := Append(t.Context(), Part{Image: image, KernelCmdline: "c=3"}); err == nil || !strings.Contains(err.Error(), "--kernel-cmdline") {
		t.Errorf("no name is free: %v", err)
	}
}

// TestReplacedPart: a build that replaces an image says what was appended to that, and that it is gone; one that leaves the image as it is leaves that there.
func TestReplacedPart(t *testing.T) {
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	if err := os.WriteFile(key, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := Options{ModulesDir: oneKernel(t), Drivers: []string{"virtio_blk"}, Output: filepath.Join(dir, "image"), Force: true, Init: anInit(t)}
	gone := func(o Options) (whole string) {
		s, err := Build(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range s.Warnings {
			if strings.Contains(w, "append") {
				whole += w
			}
		}
		return whole
	}
	for _, how := range []string{"zstd", "none"} {
		o.Compress = Compression{Kind: how}
		if w := gone(o); w != "" {
			t.Errorf("%s: nothing was appended: %s", how, w)
		}
		part := Part{Image: o.Output, KernelCmdline: "root=/dev/vda", Includes: []Include{{key, "/etc/root.key"}}}
		if _, err := Append(t.Context(), part); err != nil {
			t.Fatal(err)
		}
		same := o
		same.IfChanged = true
		before, _ := os.ReadFile(o.Output)
		if w := gone(same); w != "" {
			t.Errorf("%s: nothing has changed: %s", how, w)
		}
		if after, _ := os.ReadFile(o.Output); !bytes.Equal(before, after) {
			t.Errorf("%s: nothing has changed, but the image", how)
		}
		same.KernelCmdline = "quiet"
		for what, o := range map[string]Options{"replaced": o, "changed": same} {
			if err := os.WriteFile(o.Output, before, 0o600); err != nil {
				t.Fatal(err)
			}
			w := gone(o)
			for _, want := range []string{o.Output, "/etc/cmdline.d/50-machine.conf", "/etc/root.key", "preroot append", "preroot.conf"} {
				if !strings.Contains(w, want) {
					t.Errorf("%s, %s: %q is not in %q", how, what, want, w)
				}
			}
		}
	}
}

// TestAppend: a part behind an image changes what it says and nothing else; alone it has the same bytes. What would take a link of the image away is refused.
func TestAppend(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, text string) string {
		if err := os.WriteFile(at(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return at(name)
	}
	base := newLayout()
	if err := base.add(Entry{Name: "etc/cmdline.d/10-cmdline.conf", Kind: Regular, Perm: 0o644, Data: []byte("quiet\n")}, Entry{Name: "lib", Kind: Symlink, Perm: 0o777, Data: []byte("usr/lib")}); err != nil {
		t.Fatal(err)
	}
	data, err := joined(nil, newLayout(), base, Compression{Kind: "zstd"})
	if err != nil {
		t.Fatal(err)
	}
	write("image", string(data))
	write("key", "secret")
	before, _ := os.ReadFile(at("image"))
	p := Part{Image: at("image"), KernelCmdline: " root=/dev/vda ", Includes: []Include{{at("key"), "/etc/root.key"}}}
	alone := p
	alone.Output = at("part")
	size, err := Append(t.Context(), alone)
	if err != nil {
		t.Fatal(err)
	}
	if now, _ := os.ReadFile(at("image")); !bytes.Equal(now, before) {
		t.Error("the image has changed")
	}
	if got, err := Append(t.Context(), p); err != nil || got != size {
		t.Errorf("%d bytes, %v; alone %d", got, err, size)
	}
	part, _ := os.ReadFile(at("part"))
	now, _ := os.ReadFile(at("image"))
	if !bytes.HasSuffix(now, part) || !bytes.HasPrefix(now, before) || (len(now)-len(part))%4 != 0 {
		t.Errorf("%d bytes before, %d of the part, %d now", len(before), len(part), len(now))
	}
	image, err := archive.Parse(now, archive.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"etc/cmdline.d/10-cmdline.conf": "quiet\n", "etc/cmdline.d/50-machine.conf": "root=/dev/vda\n", "etc/root.key": "secret"} {
		if e := find(image.Entries(), name); e == nil || string(e.Data) != want || name == "etc/root.key" && e.Perm != 0o600 {
			t.Errorf("%s: %v", name, e)
		}
	}
	if info, err := os.Stat(at("image")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	for _, c := range []struct {
		part Part
		err  string
	}{
		{Part{Image: at("image")}, "the part would be empty"},
		{Part{KernelCmdline: "a"}, "name the IMAGE"},
		{Part{Image: at("image"), Includes: []Include{{at("key"), "/lib/key"}}}, "/lib of "},
		{Part{Output: at("part"), KernelCmdline: "a"}, "replace it with -f"},
		{Part{Image: at("key"), KernelCmdline: "a"}, at("key") + ": "},
		{Part{Image: at("none"), KernelCmdline: "a"}, "no such file"},
		{Part{Image: at("image"), Hooks: at("none")}, "hooks: "},
	} {
		if _, err := Append(t.Context(), c.part); err == nil || !strings.Contains(err.Error(), c.err) {
			t.Errorf("%+v: %v, want %s", c.part, err, c.err)
		}
	}
}
