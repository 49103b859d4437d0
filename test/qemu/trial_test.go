package qemu

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/preroot/preroot/internal/vm"
	"github.com/preroot/preroot/pkg/archive"
)

// without is an image without the files whose names end so.
func without(t *testing.T, image, suffix string) string {
	t.Helper()
	parsed, err := archive.Open(image, archive.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	tree, err := parsed.Tree()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "broken.img")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, left := archive.NewWriter(f), 0
	for _, e := range tree.Entries() {
		if strings.HasSuffix(e.Name, suffix) {
			left++
			continue
		}
		if err := w.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(512); err != nil || left != 1 {
		t.Fatalf("%d files end with %s: %v", left, suffix, err)
	}
	return path
}

// TestTrial: preroot boot of good images and of a broken one: the verdicts, and what it says of them.
func TestTrial(t *testing.T) {
	k := kernel(t, "6.1-cloud")
	good := image{drivers: known}.build(t, k)
	for _, c := range []struct {
		name, image, target, words string
		status                     int
		says                       []string
	}{
		{"good", good, "virtio-blk ext4 root=UUID=" + vm.RootUUID, "ro", 0, []string{"booted in ", "to the right root", "/ is /dev/vda1, ext4", "stage initqueue", "virtio_blk"}},
		{"broken", without(t, good, "/virtio_blk.ko"), "virtio-blk ext4 root=UUID=" + vm.RootUUID, "ro rd.retry=5 rd.timeout=5", 1, []string{"stopped: UUID=" + vm.RootUUID + ": no such device", "virtio virtio0"}},
		{"lvm on luks", image{drivers: known + " dm_mod dm_crypt xts aes_generic", lvm: true, luks: true}.build(t, k), "virtio-blk ext4 luks lvm root=/dev/mapper/a--b-root", "rd.luks.uuid=" + lockedUUID, 0, []string{"booted in ", "/ is /dev/mapper/a--b-root, ext4", "dm_crypt"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(*builtBuilder, "boot", "--helpers", filepath.Dir(*builtBuilder), "--target", c.target, "--cmdline", c.words, "-v", c.image, k.Image())
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if got := cmd.ProcessState.ExitCode(); got != c.status {
				t.Fatalf("status %d, want %d:\n%s", got, c.status, out)
			}
			for _, want := range c.says {
				if !strings.Contains(string(out), want) {
					t.Errorf("it does not say %q:\n%s", want, out)
				}
			}
		})
	}
}
