package image

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/preroot/preroot/pkg/chain"
	"golang.org/x/sys/unix"
)

// only complains of what lies in a folder beside one file.
func only(t *testing.T, dir, name string) {
	t.Helper()
	names, err := os.ReadDir(dir)
	if err != nil || len(names) != 1 || names[0].Name() != name {
		t.Errorf("in the folder lie %v, %v; want %s alone", names, err, name)
	}
}

// TestInterruptedBuild: a build that is told to end while it works leaves the old image as it is, and nothing beside it.
func TestInterruptedBuild(t *testing.T) {
	dir := t.TempDir()
	o := Options{ModulesDir: oneKernel(t), Drivers: []string{"virtio_blk"}, Output: filepath.Join(dir, "image"), Init: anInit(t), Force: true}
	if err := os.WriteFile(o.Output, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	why := errors.New("told to end")
	for _, when := range []string{"at its beginning", "when the image is whole"} {
		ctx, cancel := context.WithCancelCause(t.Context())
		o.Judge = nil
		if when == "at its beginning" {
			cancel(why)
		} else {
			o.Judge = func([]byte, *chain.Chain) error { cancel(why); return nil }
		}
		if _, err := Build(ctx, o); !errors.Is(err, why) {
			t.Errorf("%s: %v", when, err)
		}
		if old, _ := os.ReadFile(o.Output); string(old) != "old" {
			t.Errorf("%s: the old image is gone", when)
		}
		only(t, dir, "image")
		cancel(nil)
	}
}

// TestInterruptedWrite: the same while the image is being written, up to the moment before the rename.
func TestInterruptedWrite(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "image")
	for n := range 5 {
		ctx := &endsAfter{Context: t.Context(), n: n}
		err := writeImage(ctx, file, make([]byte, 3<<20))
		if _, missing := os.Stat(file); (err == nil) != (missing == nil) || (err == nil) != (n == 4) {
			t.Errorf("%d: %v, %v", n, err, missing)
		}
		if n < 4 {
			if names, _ := os.ReadDir(dir); len(names) > 0 {
				t.Errorf("%d: left behind: %v", n, names)
			}
		}
	}
	only(t, dir, "image")
}

// endsAfter is a context that has ended when it is asked for the n+1st time.
type endsAfter struct {
	context.Context
	n int
}

func (c *endsAfter) Err() error {
	if c.n--; c.n < 0 {
		return context.Canceled
	}
	return nil
}

// TestLeftover: what a build left behind that was killed goes with the next one, whatever it is; nothing of a link is touched that it leads to.
func TestLeftover(t *testing.T) {
	for what, leave := range map[string]func(name, other string) error{
		"nothing":                      func(string, string) error { return nil },
		"a file":                       func(name, _ string) error { return os.WriteFile(name, []byte("half"), 0o644) },
		"a file that nobody may write": func(name, _ string) error { return os.WriteFile(name, []byte("half"), 0o400) },
		"a link":                       func(name, other string) error { return os.Symlink(other, name) },
		"a FIFO":                       func(name, _ string) error { return unix.Mkfifo(name, 0o644) },
		"a folder":                     func(name, _ string) error { return os.Mkdir(name, 0o755) },
	} {
		dir, other := t.TempDir(), filepath.Join(t.TempDir(), "other")
		file := filepath.Join(dir, "image")
		if err := os.WriteFile(other, []byte("other"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := leave(filepath.Join(dir, ".image.preroot-new"), other); err != nil {
			t.Fatal(err)
		}
		if err := writeImage(t.Context(), file, []byte("new")); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		info, err := os.Lstat(file)
		if data, _ := os.ReadFile(file); err != nil || info.Mode() != 0o600 || string(data) != "new" {
			t.Errorf("%s: %v, %v, %q", what, info, err, data)
		}
		if data, _ := os.ReadFile(other); string(data) != "other" {
			t.Errorf("%s: what the link led to is %q", what, data)
		}
		only(t, dir, "image")
	}
}

// TestWriteAtOnce: while somebody writes an image, another one is refused and says so; of many at once each is written whole or refused, and nothing is left behind.
func TestWriteAtOnce(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "image")
	tmp, err := beside(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeImage(t.Context(), file, []byte("other")); err == nil || !strings.Contains(err.Error(), "another preroot is writing it") {
		t.Errorf("beside another: %v", err)
	}
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) || !hasName(tmp, tmp.Name()) {
		t.Errorf("what the other one writes is gone, or an image is there: %v", err)
	}
	tmp.Close() // it was killed
	if err := writeImage(t.Context(), file, []byte("o")); err != nil {
		t.Error(err)
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	written := 0
	for i := range 16 {
		all.Go(func() {
			for range 25 {
				err := writeImage(t.Context(), file, []byte(strings.Repeat(string(rune('a'+i)), 1<<16)))
				if err != nil && !strings.Contains(err.Error(), "another preroot") {
					t.Error(err)
				}
				mu.Lock()
				if err == nil {
					written++
				}
				mu.Unlock()
				if data, err := os.ReadFile(file); err != nil || len(strings.Trim(string(data), string(data[:1]))) > 0 {
					t.Errorf("half an image: %d bytes, %v", len(data), err)
				}
			}
		})
	}
	all.Wait()
	if written == 0 {
		t.Error("none was written")
	}
	t.Logf("%d of %d written", written, 16*25)
	only(t, dir, "image")
}
