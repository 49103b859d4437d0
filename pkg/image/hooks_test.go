package image

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// hookFolder writes files by their path below a folder.
func hookFolder(t *testing.T, files map[string]os.FileMode) string {
	t.Helper()
	dir := t.TempDir()
	for name, mode := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), mode); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestHookFiles(t *testing.T) {
	dir := hookFolder(t, map[string]os.FileMode{"cmdline/10-a.sh": 0o644, "initqueue/settled/b.sh": 0o644, "initqueue/c.sh": 0o644, "pre-pivot/typed": 0o755})
	for _, shell := range []string{"", "/bin/busybox"} {
		list, err := hookFiles(&Options{Hooks: dir, Shell: shell}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			"var/lib/dracut/hooks/cmdline/10-a.sh", "var/lib/dracut/hooks/initqueue/settled/b.sh", "var/lib/dracut/hooks/initqueue/c.sh",
			"lib/dracut-lib.sh", "sbin/initqueue", "bin/sh", "bin/busybox",
		} {
			if !slices.ContainsFunc(list, func(e Entry) bool { return e.Name == want }) {
				t.Errorf("%s is missing", want)
			}
		}
		i := slices.IndexFunc(list, func(e Entry) bool { return strings.HasSuffix(e.Name, "typed") })
		if i < 0 || list[i].Perm != 0o755 || string(list[i].Data) != "pre-pivot/typed" {
			t.Errorf("typed: %v", i)
		}
		if err := newLayout().add(list...); err != nil {
			t.Error(err)
		}
	}
}

func TestHookFilesRefused(t *testing.T) {
	for _, o := range []Options{
		{Hooks: hookFolder(t, map[string]os.FileMode{"premount/a.sh": 0o644})},
		{Hooks: hookFolder(t, map[string]os.FileMode{"a.sh": 0o644})},
		{Hooks: "/no/such/folder"},
		{Hooks: hookFolder(t, map[string]os.FileMode{"mount/a.sh": 0o644}), Shell: "/etc/passwd"},
		{Shell: "/bin/busybox"},
	} {
		if list, err := hookFiles(&o, nil); err == nil {
			t.Errorf("%+v: %d files", o, len(list))
		}
	}
	if list, err := hookFiles(&Options{}, nil); err != nil || list != nil {
		t.Errorf("none: %v %v", list, err)
	}
}
