package linux

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
)

func TestTree(t *testing.T) {
	dir := t.TempDir()
	for size, name := range map[int]string{0: "empty", 1: "one", attributeSize: "page", attributeSize + 1: "more", 300_000: "large"} {
		want := bytes.Repeat([]byte{byte(size)}, size)
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, want, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := fs.ReadFile(Tree{}, file[1:]); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	if err := os.Symlink("one", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	sub, err := fs.Sub(Tree{}, dir[1:])
	if err != nil {
		t.Fatal(err)
	}
	if err := fstest.TestFS(sub, "empty", "one", "page", "more", "large", "link"); err != nil {
		t.Error(err)
	}
	if _, err := fs.ReadFile(Tree{}, dir[1:]+"/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := fs.ReadFile(Tree{}, dir[1:]); err == nil {
		t.Error("a directory is read")
	}
	// Without a size of its own.
	if got, err := fs.ReadFile(Tree{}, "proc/self/status"); err != nil || !bytes.Contains(got, []byte("VmRSS")) {
		t.Errorf("%q, %v", got, err)
	}
}
