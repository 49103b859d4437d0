package vm

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestUnpack: files, links and directories lie where the archive would put them.
func TestUnpack(t *testing.T) {
	dir := t.TempDir()
	err := Unpack([]Entry{
		{Name: "bin/sh", Mode: fs.ModeSymlink | 0o777, Data: []byte("busybox")},
		{Name: "bin/busybox", Mode: 0o755, Data: []byte("x")},
		{Name: "proc", Mode: fs.ModeDir | 0o755},
	}, dir)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(filepath.Join(dir, "bin/sh")); err != nil || string(data) != "x" {
		t.Errorf("bin/sh: %q, %v", data, err)
	}
	if st, err := os.Stat(filepath.Join(dir, "bin/busybox")); err != nil || st.Mode().Perm() != 0o755 {
		t.Errorf("bin/busybox: %v, %v", st, err)
	}
	if st, err := os.Stat(filepath.Join(dir, "proc")); err != nil || !st.IsDir() {
		t.Errorf("proc: %v, %v", st, err)
	}
}
