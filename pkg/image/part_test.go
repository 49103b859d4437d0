package image

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/preroot/preroot/pkg/archive"
)

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
	size, err := Append(alone)
	if err != nil {
		t.Fatal(err)
	}
	if now, _ := os.ReadFile(at("image")); !bytes.Equal(now, before) {
		t.Error("the image has changed")
	}
	if got, err := Append(p); err != nil || got != size {
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
	for name, want := range map[string]string{"etc/cmdline.d/10-cmdline.conf": "quiet\n", partWords: "root=/dev/vda\n", "etc/root.key": "secret"} {
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
		if _, err := Append(c.part); err == nil || !strings.Contains(err.Error(), c.err) {
			t.Errorf("%+v: %v, want %s", c.part, err, c.err)
		}
	}
}
