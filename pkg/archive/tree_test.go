package archive

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// members reads a list: "d NAME", "l NAME TARGET", "f NAME DATA", "c NAME" or "b NAME" (device 4,N, N counts), "p NAME",
// "h NAME OLD DATA" for a hard link. The mode of the Nth has N in its last digit.
func members(text string) (all []Entry) {
	kinds := map[byte]Kind{'d': Dir, 'l': Symlink, 'f': Regular, 'h': Regular, 'c': Char, 'b': Block, 'p': FIFO, '?': 0}
	for n, line := range strings.Split(text, "; ") {
		f := append(strings.Fields(line), "", "", "")
		e := Entry{Name: f[1], Kind: kinds[line[0]], Perm: 0o700 + uint32(n)}
		switch line[0] {
		case 'l', 'f':
			e.Data = []byte(f[2])
		case 'h':
			e.HardLink, e.Data = f[2], []byte(f[3])
		case 'c', 'b':
			e.Major, e.Minor = 4, uint32(n)
		}
		all = append(all, e)
	}
	return all
}

func treeOf(t testing.TB, entries []Entry) *Tree {
	t.Helper()
	tree, err := (&Image{Segments: []Segment{{Entries: entries}}}).Tree()
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func show(t *Tree) string {
	var list []string
	for _, e := range t.Entries() {
		s := fmt.Sprintf("%c%o %s", e.letter(), e.Perm&7, e.Name)
		switch {
		case e.HardLink != "":
			s += "=" + e.HardLink
		case e.Kind == Char || e.Kind == Block:
			s += fmt.Sprintf(" %d", e.Minor)
		case e.Kind != Dir && len(e.Data) > 0:
			s += " " + string(e.Data)
		}
		list = append(list, s)
	}
	for _, l := range t.Lost {
		list = append(list, "lost "+l.Name+": "+l.Why)
	}
	return strings.Join(list, "; ")
}

// TestKernelRules: what init/initramfs.c does when a name comes again, or its way leads through links.
func TestKernelRules(t *testing.T) {
	for _, tt := range []struct{ name, members, want string }{
		{"file again", "f a x; f a y", "-1 a y"},
		{"folder again", "d a; f a/b x; d a", "d2 a; -1 a/b x"},
		{"root", "d .; f a", "-1 a"},
		{"link then file", "l a /b; f a x", "-1 a x"},
		{"link then link", "l a /b; l a /c", "l1 a /c"},
		{"link then folder", "d b; l a b; d a; f a/x", "d2 a; -3 a/x; d0 b"},
		{"file then link", "f a x; l a b", "l1 a b"},
		{"file then folder", "f a x; d a", "d1 a"},
		{"empty folder then file", "d a; f a x", "-1 a x"},
		{"full folder then file", "d a; f a/b; f a x", "d0 a; -1 a/b; lost a: in its place stands a folder that is not empty"},
		{"full folder then link", "d a; f a/b; l a x", "d0 a; -1 a/b; lost a: in its place stands a folder that is not empty"},
		{"empty folder then link", "d a; l a x", "l1 a x"},
		{"device again keeps its numbers", "c a; c a", "c1 a 0"},
		{"device of the other kind", "c a; b a", "b1 a 1"},
		{"FIFO then file", "p a; f a x", "-1 a x"},
		{"no parents", "f a/b x", "lost a/b: no folder a: file does not exist"},
		{"parents of the kernel", "c dev/null; f root/x y", "d5 dev; c0 dev/null 0; d5 root; -1 root/x y"},
		{"file as parent", "f a x; f a/b x", "-0 a x; lost a/b: a is no folder"},
		{"file further up", "f a x; f a/b/c x", "-0 a x; lost a/b/c: no folder a/b: not a directory"},
		{"through a link", "d usr; d usr/lib; l lib usr/lib; f lib/x y", "l2 lib usr/lib; d0 usr; d1 usr/lib; -3 usr/lib/x y"},
		{"through an absolute link", "d usr; l lib /usr; f lib/x y", "l1 lib /usr; d0 usr; -2 usr/x y"},
		{"link that leads out", "d etc; l out ../../../etc; f out/passwd x", "d0 etc; -2 etc/passwd x; l1 out ../../../etc"},
		{"link that leads nowhere", "l out /no/where; f out/x y", "l0 out /no/where; lost out/x: no folder out: file does not exist"},
		{"loop", "l a b; l b a; f a/x y", "l0 a b; l1 b a; lost a/x: no folder a: too many symbolic links"},
		{"link to itself", "l a a/a; f a/x y", "l0 a a/a; lost a/x: no folder a: too many symbolic links"},
		{"dots in links", "d a; d a/b; l a/b/l ../../c/.; d c; f a/b/l/x y", "d0 a; d1 a/b; l2 a/b/l ../../c/.; d3 c; -4 c/x y"},
		{"hard link", "f a x; h b a x", "-1 a x; -1 b=a"},
		{"one of two names written", "f a x; h b a x; f b y", "-2 a y; -2 b=a"},
		{"hard link to nothing", "h b a x", "lost b: a hard link to a, which is not there any more"},
		{"hard link to a folder", "d a; h b a x", "d0 a; lost b: a hard link to a, which is not there any more"},
		{"hard link to itself", "f a x; h a a x", "lost a: a hard link to a, which is not there any more"},
		{"of no kind", "? a", "lost a: of no known kind"},
	} {
		if got := show(treeOf(t, members(tt.members))); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestLostForSize(t *testing.T) {
	long := strings.Repeat("x", 255)
	list := []Entry{{Name: "l", Kind: Symlink, Data: []byte(".")}, {Name: "e", Kind: Symlink}, {Name: "n", Kind: Symlink, Data: []byte("\x00a")}, {Name: "fat", Kind: Dir, Data: []byte("x")}, {Name: long + "y", Kind: Regular}}
	for n := range 16 {
		list = append(list, Entry{Name: strings.Repeat(long+"/", min(n, 14)) + long, Kind: Dir})
		if n >= 14 {
			list = append(list, Entry{Name: "l", Kind: Symlink, Data: []byte(strings.Repeat(long+"/", n))}, Entry{Name: "l/" + long, Kind: Dir})
		}
	}
	tree := treeOf(t, list)
	var why []string
	for _, l := range tree.Lost {
		why = append(why, l.Why)
	}
	want := []string{
		"a link with a target of no bytes, or of more than 4096", "a link with a target of no bytes, or of more than 4096", "data in what is no file",
		"a part of its name has more than 255 bytes", "its path, where links lead to, has more than 4095 bytes",
	}
	if diff := cmp.Diff(want, why); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, e := range tree.Entries() {
		if err := e.Check(); err != nil {
			t.Error(err)
		}
	}
}

// TestCostly: links upon links, for each of many members, end in an error and not in a day.
func TestCostly(t *testing.T) {
	var list []Entry
	for n := range 39 {
		list = append(list, Entry{Name: fmt.Sprint("l", n), Kind: Symlink, Data: []byte(strings.Repeat("./", 2000) + fmt.Sprint("l", n+1))})
	}
	list = append(list, Entry{Name: "l39", Kind: Dir})
	for n := range 100_000 {
		list = append(list, Entry{Name: fmt.Sprint("l0/", n), Kind: Regular})
	}
	if _, err := (&Image{Segments: []Segment{{Entries: list}}}).Tree(); err == nil || !strings.Contains(err.Error(), "too long all together") {
		t.Error(err)
	}
}

// TestFS is the standard library's own test of file systems.
func TestFS(t *testing.T) {
	tree := treeOf(t, members("d usr; d usr/lib; f usr/lib/x data; l lib usr/lib; f lib/y; l abs /usr/lib/x; l up ../../abs; h z usr/lib/x data"))
	if err := fstest.TestFS(tree, "usr/lib/x", "usr/lib/y", "abs", "up", "z"); err != nil {
		t.Error(err)
	}
	for name, want := range map[string]string{"abs": "data", "up": "data", "lib/x": "data", "lib/y": ""} {
		if got, err := fs.ReadFile(tree, name); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for name, want := range map[string]string{"/up": "usr/lib/x", "lib": "usr/lib", "lib/y": "usr/lib/y", "": ".", "z": "z"} {
		if got, err := tree.Resolve(name); err != nil || got != want {
			t.Errorf("%s is %q, %v; want %s", name, got, err, want)
		}
	}
	if _, err := tree.ReadFile("lib"); err == nil || err.Error() != "read lib: it is no plain file" {
		t.Error(err)
	}
	if target, err := tree.ReadLink("abs"); target != "/usr/lib/x" || err != nil {
		t.Error(target, err)
	}
}
