package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/preroot/preroot/pkg/archive"
)

// TestBoot: what cannot be tried is said, with the status for it; boots themselves are in test/qemu.
func TestBoot(t *testing.T) {
	dir := t.TempDir()
	image, kernel, text := filepath.Join(dir, "image"), filepath.Join(dir, "kernel"), filepath.Join(dir, "text")
	var b bytes.Buffer
	w := archive.NewWriter(&b)
	for _, name := range []string{"lib", "lib/modules", "lib/modules/6.1"} {
		if err := w.Add(archive.Entry{Name: name, Kind: archive.Dir, Perm: 0o755}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Add(archive.Entry{Name: "lib/modules/6.1/modules.dep", Kind: archive.Regular, Perm: 0o644}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(512); err != nil {
		t.Fatal(err)
	}
	head := make([]byte, 2048)
	copy(head[0x202:], "HdrS")
	head[0x20f] = 2
	copy(head[0x400:], "6.2 (builder)\x00")
	for file, data := range map[string][]byte{image: b.Bytes(), kernel: head, text: []byte("text")} {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const target = "virtio-blk ext4 root=UUID=1"
	for _, tt := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"-h"}, 0, "KERNEL"},
		{nil, 2, "KERNEL"},
		{[]string{"a", "b", "c"}, 2, "KERNEL"},
		{[]string{"--timeout", "-1", image}, 2, "KERNEL"},
		{[]string{filepath.Join(dir, "none")}, 3, "no such file"},
		{[]string{"--sysroot", dir, "--target", target, image}, 3, "name the kernel behind the image"},
		{[]string{"--target", target, image, text}, 3, "is no kernel"},
		{[]string{"--target", target, image, kernel}, 3, "is kernel 6.2, and the image has the modules of 6.1"},
		{[]string{"--target", "nonsense", image, kernel}, 3, ""},
	} {
		var out, errs bytes.Buffer
		if got := run(append([]string{"boot"}, tt.args...), &out, &errs); got != tt.status || !strings.Contains(errs.String(), tt.says) {
			t.Errorf("%q: status %d, %s%s", tt.args, got, out.String(), errs.String())
		}
	}
}
