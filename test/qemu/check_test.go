package qemu

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/preroot/preroot/internal/vm"
	"github.com/preroot/preroot/pkg/archive"
	"github.com/preroot/preroot/pkg/check"
)

// TestCheck: what preroot check says of an image is how its boot ends; test/breakages does that for images of every tool.
func TestCheck(t *testing.T) {
	t.Parallel()
	k := kernel(t, "6.1-cloud")
	base := image{drivers: known}.build(t, k)
	target, err := check.ParseTarget("virtio-blk ext4 root=UUID=" + vm.RootUUID)
	if err != nil {
		t.Fatal(err)
	}
	full, err := check.OpenKernel(k.ModulesDir(), k.Version)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		without string
		want    check.Verdict
	}{{"modules.softdep", check.Boots}, {"virtio_ring.ko", check.Fails}} {
		path, tree := imageWithout(t, base, c.without)
		if r := check.Image(tree, full, target); r.Verdict != c.want {
			t.Errorf("without %s: %v: %+v", c.without, r.Verdict, r.Missing)
		}
		r, err := vm.Run(machine(t, k, path, serial+" rd.retry=2 rd.shell=0 rd.emergency=reboot"), nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.Reached() != (c.want == check.Boots) {
			fail(t, r, "without %s: reached root: %v", c.without, r.Reached())
		}
	}
}

// imageWithout writes an image without one of its files.
func imageWithout(t *testing.T, base, name string) (string, *archive.Tree) {
	t.Helper()
	i, err := archive.Open(base, archive.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := archive.NewWriter(&out)
	found := false
	for _, e := range i.Entries() {
		if strings.HasSuffix(e.Name, "/"+name) {
			found = true
			continue
		}
		if err := w.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(4); err != nil || !found {
		t.Fatalf("no %s in the image, or %v", name, err)
	}
	path := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	broken, err := archive.Parse(out.Bytes(), archive.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	tree, err := broken.Tree()
	if err != nil {
		t.Fatal(err)
	}
	return path, tree
}
