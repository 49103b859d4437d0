package linux

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// tree makes files in nested directories, with a link that leads out.
func tree(t *testing.T, dir, outside string, files int) {
	t.Helper()
	for i := range files {
		p := filepath.Join(dir, fmt.Sprint("dir", i%7), fmt.Sprint("below", i%3), fmt.Sprint("file-with-a-name-", i))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
}

// old is dir as an old root.
func old(t *testing.T, dir string) *OldRoot {
	t.Helper()
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	o, err := AdoptOldRoot(fd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	return o
}

// TestEmpty empties more names than one look at a directory brings, and nothing behind a link. /dev/shm is a tmpfs, as an initramfs may be.
func TestEmpty(t *testing.T) {
	shm, err := os.MkdirTemp("/dev/shm", "preroot-empty-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(shm)
	for _, dir := range []string{t.TempDir(), shm} {
		outside := t.TempDir()
		canary := filepath.Join(outside, "canary")
		if err := os.WriteFile(canary, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		tree(t, dir, outside, 5000)
		left, stopped := old(t, dir).Empty(time.Minute)
		rest, _ := os.ReadDir(dir)
		if _, err := os.Stat(canary); left != 0 || stopped || len(rest) != 0 || err != nil {
			t.Errorf("%s: %d left, stopped %v, %d entries, canary %v", dir, left, stopped, len(rest), err)
		}
	}
}

// TestEmptyBounds: no file system but the old root's own, no old root that is kept, and no longer than the limit.
func TestEmptyBounds(t *testing.T) {
	dir := t.TempDir()
	tree(t, dir, "/", 500)
	o := old(t, dir)
	o.dev++ // every directory below is another file system
	if left, stopped := o.Empty(time.Minute); left != 7 || stopped {
		t.Errorf("other file systems: %d left, stopped %v", left, stopped)
	}
	o = old(t, dir)
	o.keep = true
	if left, _ := o.Empty(time.Minute); left != 0 {
		t.Errorf("kept: %d left", left)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 7 {
		t.Errorf("%d entries, wanted the seven directories", len(entries))
	}
	o = old(t, dir)
	if _, stopped := o.Empty(-time.Second); !stopped {
		t.Error("the limit does not stop it")
	}
	again, err := AdoptOldRoot(int(o.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	if left, stopped := again.Empty(time.Minute); left != 0 || stopped {
		t.Errorf("the rest: %d left, stopped %v", left, stopped)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("%d entries are left", len(entries))
	}
}
