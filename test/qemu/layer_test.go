package qemu

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/preroot/preroot/internal/vm"
)

//go:embed layer/xor.go.txt
var xorLayer []byte

// TestMadeUpLayer: a layer is one file. One is put into a copy of the tree, whose /init then boots a root of which every bit is turned; the /init of this tree knows nothing of it.
func TestMadeUpLayer(t *testing.T) {
	t.Parallel()
	k := kernel(t, "6.1-cloud")
	init := makeOnce(t, "init-xor", buildWithLayer)
	disk := makeOnce(t, "root-xor.img", func(path string) error { return turnEveryBit(smallRoot(t), path) })
	path := filepath.Join(t.TempDir(), "initramfs.img")
	if err := (vm.Build{Builder: *builtBuilder, Init: init, Drivers: known + " loop"}).Make(k, path); err != nil {
		t.Fatal(err)
	}
	s := machine(t, k, path, serial)
	s.Disks = []vm.Disk{{Path: disk, Serial: "xor0", Snapshot: true}}
	r := boot(t, s)
	if !r.Reached() {
		fail(t, r, "root was not reached")
	}
	mustSay(t, r, "/dev/vda is /dev/loop0 with every bit turned")
}

// buildWithLayer builds /init from a copy of the tree with one file more.
func buildWithLayer(path string) error {
	tree := path + ".tree"
	defer os.RemoveAll(tree)
	for _, dir := range strings.Fields("cmd internal pkg dracut") {
		if err := os.CopyFS(filepath.Join(tree, dir), os.DirFS("../../"+dir)); err != nil {
			return err
		}
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile("../../" + name)
		if err = errors.Join(err, os.WriteFile(filepath.Join(tree, name), text, 0o644)); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(tree, "pkg/storage/xor.go"), xorLayer, 0o644); err != nil {
		return err
	}
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", path, "./cmd/init")
	cmd.Dir, cmd.Env = tree, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

func turnEveryBit(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	for i := range content {
		content[i] ^= 0xff
	}
	return os.WriteFile(to, content, 0o644)
}
