package image

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOrder: for every kernel, u-root's prober finds that each module that a generic image has is loaded behind all that it needs.
func TestOrder(t *testing.T) {
	for _, dir := range kernels(t) {
		tree, err := openTree(dir, "")
		if err != nil {
			t.Fatal(err)
		}
		c, err := choose(tree, &Options{Generic: true}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, name := range c.inLoadOrder() {
			if !soundName(tree.path[name]) {
				n++
			}
		}
		t.Logf("%s: %d modules, %d by names that the prober does not find", tree.kver, len(c.in), n)
		if err := c.checkOrder(); err != nil {
			t.Error(err)
		}
	}
}

// TestOrderDisagrees: an image is refused where modules.dep says that one of its modules needs more than the index knows, and where it is no such file.
func TestOrderDisagrees(t *testing.T) {
	for _, c := range []struct{ name, from, to, want string }{
		{"as it is", "", "", ""},
		{"a need that the index has not", "virtio_blk.ko:", "virtio_blk.ko: kernel/fs/fuse/fuse.ko", "virtio_blk needs fuse"},
		{"a module less", "kernel/drivers/block/virtio_blk.ko:", "kernel/drivers/block/virtio_blk9.ko:", `module "virtio_blk"`},
		{"cut off", "kernel/drivers/block/virtio_blk.ko:", "kernel/drivers/blo\x00\n:", "has no colon"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := copyTree(t, oneKernel(t))
			file := filepath.Join(dir, textIndex)
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			changed := strings.Replace(string(text), c.from, c.to, 1)
			if c.from != "" && changed == string(text) {
				t.Fatalf("%s has no %q", file, c.from)
			}
			if err := os.WriteFile(file, []byte(changed), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err = Build(t.Context(), Options{ModulesDir: dir, Drivers: []string{"virtio_blk"}, Init: anInit(t), Output: filepath.Join(t.TempDir(), "image")})
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "depmod")) {
				t.Errorf("%v, want an error with %q", err, c.want)
			}
		})
	}
}

// copyTree is a kernel's folder whose indexes may be changed; the modules are links.
func copyTree(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), filepath.Base(dir))
	if err := os.Mkdir(to, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "kernel"), filepath.Join(to, "kernel")); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "modules.*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, filepath.Base(f)), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return to
}
