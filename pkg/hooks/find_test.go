package hooks

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// tree makes a file system: "a/b" a file, "a/b*" an executable, "a/b/" a directory, "a -> b" a link.
func tree(text string) fstest.MapFS {
	m := fstest.MapFS{}
	for _, line := range strings.Fields(strings.ReplaceAll(text, " -> ", "->")) {
		name, target, link := strings.Cut(line, "->")
		switch {
		case link:
			m[name] = &fstest.MapFile{Data: []byte(target), Mode: fs.ModeSymlink | 0o777}
		case strings.HasSuffix(name, "/"):
			m[strings.TrimSuffix(name, "/")] = &fstest.MapFile{Mode: fs.ModeDir | 0o755}
		case strings.HasSuffix(name, "*"):
			m[strings.TrimSuffix(name, "*")] = &fstest.MapFile{Mode: 0o755}
		default:
			m[name] = &fstest.MapFile{Mode: 0o644}
		}
	}
	return m
}

var findCases = []struct {
	name, tree, dir string
	want            string // of the stage mount
}{
	{"none", "etc/passwd", "/var/lib/dracut/hooks", ""},
	{"dracut 059", "lib -> usr/lib\n usr/lib/dracut/hooks/mount/99-b.sh\n usr/lib/dracut/hooks/mount/10-a.sh", "/lib/dracut/hooks",
		"/lib/dracut/hooks/mount/10-a.sh /lib/dracut/hooks/mount/99-b.sh"},
	{"dracut 059 without merged /usr", "lib/dracut/hooks/mount/10-a.sh", "/lib/dracut/hooks", "/lib/dracut/hooks/mount/10-a.sh"},
	{"dracut 106", "lib -> usr/lib\n usr/lib/dracut/hooks -> /var/lib/dracut/hooks\n var/lib/dracut/hooks/mount/10-a.sh", "/var/lib/dracut/hooks",
		"/var/lib/dracut/hooks/mount/10-a.sh"},
	{"relative link", "lib/dracut/hooks -> ../../var/lib/dracut/hooks\n var/lib/dracut/hooks/mount/10-a.sh", "/var/lib/dracut/hooks",
		"/var/lib/dracut/hooks/mount/10-a.sh"},
	{"dracut 112: order and hiding", `lib->usr/lib var/lib/dracut/hooks/mount/99-y.sh var/lib/dracut/hooks/mount/50-m.sh
		etc/dracut/hooks/mount/50-m.sh etc/dracut/hooks/mount/60-e.sh usr/lib/dracut/hooks/mount/00-x.sh usr/lib/dracut/hooks/mount/60-e.sh`,
		"/var/lib/dracut/hooks", `/var/lib/dracut/hooks/mount/50-m.sh /var/lib/dracut/hooks/mount/99-y.sh /etc/dracut/hooks/mount/60-e.sh
		/usr/lib/dracut/hooks/mount/00-x.sh`},
	{"byte order", "var/lib/dracut/hooks/mount/b.sh var/lib/dracut/hooks/mount/B.sh var/lib/dracut/hooks/mount/10.sh var/lib/dracut/hooks/mount/1.sh var/lib/dracut/hooks/mount/_.sh",
		"/var/lib/dracut/hooks", "/var/lib/dracut/hooks/mount/1.sh /var/lib/dracut/hooks/mount/10.sh /var/lib/dracut/hooks/mount/B.sh /var/lib/dracut/hooks/mount/_.sh /var/lib/dracut/hooks/mount/b.sh"},
	{"what is no hook", `var/lib/dracut/hooks/mount/dir.sh/x var/lib/dracut/hooks/mount/.hidden.sh var/lib/dracut/hooks/mount/work
		var/lib/dracut/hooks/mount/a.sh~ var/lib/dracut/hooks/mount/broken.sh->/no/such`, "/var/lib/dracut/hooks", ""},
	{"programs", "var/lib/dracut/hooks/mount/20-p* var/lib/dracut/hooks/mount/30-s.sh* var/lib/dracut/hooks/mount/25-l.sh->/usr/x.sh usr/x.sh usr/lib/dracut/hooks/mount/20-p*",
		"/var/lib/dracut/hooks", "!/var/lib/dracut/hooks/mount/20-p /var/lib/dracut/hooks/mount/25-l.sh /var/lib/dracut/hooks/mount/30-s.sh"},
	{"stage is a link", "var/lib/dracut/hooks/mount->/usr/m usr/m/1.sh", "/var/lib/dracut/hooks", "/var/lib/dracut/hooks/mount/1.sh"},
	{"loop of links", "var/lib/dracut/hooks->/var/lib/dracut/hooks", "/var/lib/dracut/hooks", ""},
}

func TestFind(t *testing.T) {
	for _, c := range findCases {
		f := Find(tree(c.tree))
		var got []string
		for _, s := range f.Scripts("mount") {
			got = append(got, map[bool]string{true: "", false: "!"}[s.Sourced]+s.Path)
		}
		if want := strings.Fields(c.want); !slices.Equal(got, want) || f.Dir != c.dir || f.Any() != (len(want) > 0) {
			t.Errorf("%s: %s, any %v:\n got %q\nwant %q", c.name, f.Dir, f.Any(), got, want)
		}
	}
}

// TestFindReal: the same on a real directory, where the kernel has the last word on links.
func TestFindReal(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"usr/lib/dracut/hooks/initqueue/finished", "etc/dracut/hooks/initqueue"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, mode := range map[string]os.FileMode{
		"usr/lib/dracut/hooks/initqueue/finished/devexists-\\x2fdev\\x2fx.sh": 0o644, "usr/lib/dracut/hooks/initqueue/a b.sh": 0o600, "usr/lib/dracut/hooks/initqueue/prog": 0o700,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("usr/lib", filepath.Join(dir, "lib")); err != nil {
		t.Fatal(err)
	}
	f := Find(os.DirFS(dir))
	want := []Script{{"/lib/dracut/hooks/initqueue/a b.sh", true}, {"/lib/dracut/hooks/initqueue/prog", false}}
	if got := f.Scripts("initqueue"); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	if got := f.Scripts("initqueue/finished"); len(got) != 1 || got[0].Path != "/lib/dracut/hooks/initqueue/finished/devexists-\\x2fdev\\x2fx.sh" {
		t.Errorf("got %v", got)
	}
}
