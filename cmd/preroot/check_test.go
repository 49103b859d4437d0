package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/preroot/preroot/pkg/archive"
)

// TestCheckStatus: each end of preroot check has its own status.
func TestCheckStatus(t *testing.T) {
	program := func(name, data string) archive.Entry {
		e := file(name, data)
		e.Perm = 0o755
		return e
	}
	own := elfHeader(2) + "github.com/preroot/preroot/cmd/init"
	good := makeImage(t, nil, []archive.Entry{program("init", own)})
	broken := makeImage(t, nil, []archive.Entry{file("init", own)})
	foreign := makeImage(t, nil, []archive.Entry{program("init", elfHeader(2))})
	for _, c := range []struct {
		status int
		says   string
		args   []string
	}{
		{0, "this image will find root (init of preroot)", []string{"--target", "root=/dev/vda", good}},
		{1, "may not be executed: its mode is 0644", []string{"--target", "root=/dev/vda", broken}},
		{1, "the image has no modules", []string{"--target", "virtio-blk", good}},
		{3, "it cannot be told", []string{"--target", "root=/dev/vda", foreign}},
		{2, "usage: preroot check", nil},
		{2, `"floppy" is no bus`, []string{"--target", "floppy", good}},
		{1, "no such file", []string{"--target", "root=/dev/vda", "/nonexistent"}},
	} {
		out, errs := try(t, c.status, append([]string{"check"}, c.args...)...)
		if !strings.Contains(out+errs, c.says) {
			t.Errorf("%v: %q is not in %s%s", c.args, c.says, out, errs)
		}
	}
}

// TestBuildKeepsTheOldImage: what check refuses takes no image's place.
func TestBuildKeepsTheOldImage(t *testing.T) {
	var o bytes.Buffer
	image := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(image, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	modules := filepath.Join(root, "lib/modules/6.1.0-test")
	init := filepath.Join(root, "init")
	if err := os.MkdirAll(modules, 0o755); err != nil {
		t.Fatal(err)
	}
	// A program that is cut off: it has one segment, which is longer than the file. The builder looks at its header alone.
	cut := append([]byte(elfHeader(2)), make([]byte, 56)...)
	cut[32], cut[54], cut[56] = 64, 56, 1
	cut[64], cut[64+34] = 1, 1
	for name, data := range map[string]string{init: string(cut), modules + "/modules.order": "", modules + "/modules.builtin": "", modules + "/modules.builtin.modinfo": "ext4.alias=fs-ext4\x00"} {
		if err := os.WriteFile(name, []byte(data), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("depmod", "-b", root, "6.1.0-test").CombinedOutput(); err != nil {
		t.Fatalf("depmod (Debian package kmod): %v %s", err, out)
	}
	args := append([]string{"build"}, hermetic(t, "-f", "--generic", "--init", init, "--modules-dir", modules, image, "6.1.0-test")...)
	if status := run(args, &o, &o); status != 1 || !strings.Contains(o.String(), "--no-check writes it") {
		t.Errorf("status %d: %s", status, o.String())
	}
	if data, _ := os.ReadFile(image); string(data) != "old" {
		t.Error("the old image is gone")
	}
	if status := run(append(args[:len(args):len(args)], "--no-check"), &o, &o); status != 0 {
		t.Errorf("--no-check: status %d: %s", status, o.String())
	}
}
