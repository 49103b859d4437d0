package hooks

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/preroot/preroot/internal/linux"
)

// fullFiles lie in a directory that is full at limit bytes: what the shell has written past that is cut off.
type fullFiles struct {
	linux.Files
	dir   string
	limit int64
}

func (f fullFiles) used() (sum int64) {
	entries, _ := os.ReadDir(f.dir)
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			sum += min(info.Size(), f.limit)
		}
	}
	return sum
}

func (f fullFiles) WriteFile(path string, data []byte) error {
	if f.used()+int64(len(data)) > f.limit {
		return &fs.PathError{Op: "write", Path: path, Err: syscall.ENOSPC}
	}
	return f.Files.WriteFile(path, data)
}

func (f fullFiles) ReadFile(path string) ([]byte, error) {
	data, err := f.Files.ReadFile(path)
	return data[:min(int64(len(data)), f.limit)], err
}

// TestVariablesThatFillTheDirectory: variables for which there is no room are lost with the shell that had them; what was kept before them, and the hooks behind, are not.
func TestVariablesThatFillTheDirectory(t *testing.T) {
	big := "big=$(head -c 3000000 /dev/zero | tr '\\0' x); hello=two"
	for _, c := range []struct {
		limit     int64
		text, end string
		want      string
	}{
		{1 << 20, big, "returned", "1 two 3000000"},
		{1 << 20, big + "; exit 3", "exited", "1 two 0"},
		{1 << 20, big + "; kill -9 $$", "gone", "1 one 0"},
		{5 << 20, big, "returned", "1 two 3000000"}, // whole, but too large
		{5 << 20, big + "; exit 3", "exited", "1 two 0"},
	} {
		for _, sh := range shells {
			r := newRig(t, shellPath(t, sh), func(config *Config) {
				config.System.Files = fullFiles{dir: config.Dir, limit: c.limit}
			})
			r.hook("first=1; hello=one")
			r.hook(c.text)
			for range 2 {
				if got := r.hook("echo \"$first $hello ${#big}\" > $T/seen"); got.End != Returned {
					t.Errorf("%s, %s: the next hook: %+v", sh, c.end, got)
				}
			}
			if seen, _ := os.ReadFile(filepath.Join(r.dir, "seen")); string(seen) != c.want+"\n" {
				t.Errorf("%s, %s at %d: the next hook saw %q, want %s", sh, c.end, c.limit, seen, c.want)
			}
		}
	}
}
