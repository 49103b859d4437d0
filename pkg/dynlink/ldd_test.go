package dynlink

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestAgainstLdd compares every program of this machine with ldd(1): the same libraries and loader, by their paths without links.
func TestAgainstLdd(t *testing.T) {
	r, err := Open("/")
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, dir := range []string{"/usr/bin", "/usr/sbin"} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			real, _, err := r.Resolve(filepath.Join(dir, e.Name()))
			if err != nil || !e.Type().IsRegular() {
				continue
			}
			if o, err := r.object(real); err == nil && len(o.needed) > 0 {
				files = append(files, real)
			}
		}
	}
	if len(files) < 100 {
		t.Fatalf("only %d programs found", len(files))
	}
	want := ldd(t, files)
	for _, file := range files {
		items, err := r.Closure(Options{}, file)
		if err != nil && !strings.Contains(want[file], "not found") {
			t.Errorf("%s: %v", file, err)
		}
		got := map[string]bool{}
		for _, i := range items {
			if i.Target == "" && i.Path != file {
				got[i.Path] = true
			}
		}
		list := slices.Sorted(maps.Keys(got))
		if expected := realPaths(t, r, want[file]); !slices.Equal(list, expected) {
			t.Errorf("%s: found %q, ldd says %q", file, list, expected)
		}
	}
	t.Logf("%d programs", len(files))
}

// ldd is what it says of each file.
func ldd(t *testing.T, files []string) map[string]string {
	t.Helper()
	text := map[string]string{}
	for part := range slices.Chunk(files, 50) {
		cmd := exec.Command("ldd", append([]string{"/bin/true"}, part...)...) // two at least: then each has a head line
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
		var out bytes.Buffer
		cmd.Stdout = &out
		_ = cmd.Run() // fails for one with a missing library
		file := ""
		for line := range strings.Lines(out.String()) {
			if name, ok := strings.CutSuffix(line, ":\n"); ok && strings.HasPrefix(name, "/") {
				file = name
				continue
			}
			text[file] += line
		}
	}
	return text
}

var (
	lddPath = regexp.MustCompile(`(/\S+) \(0x`)
	hwcaps  = regexp.MustCompile(`/glibc-hwcaps/[^/]+`)
)

func realPaths(t *testing.T, r *Root, text string) []string {
	t.Helper()
	set := map[string]bool{}
	for _, m := range lddPath.FindAllStringSubmatch(text, -1) {
		real, _, err := r.Resolve(hwcaps.ReplaceAllString(m[1], ""))
		if err != nil {
			t.Error(err)
		}
		set[real] = true
	}
	return slices.Sorted(maps.Keys(set))
}
