package archive

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// onDisk lists what lies below a folder, in the form of show.
func onDisk(t *testing.T, dir string) string {
	t.Helper()
	var list []string
	first := map[uint64]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == dir {
			return err
		}
		var st unix.Stat_t
		if err := unix.Lstat(name, &st); err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, name)
		e := Entry{Name: rel, Kind: Kind(st.Mode & unix.S_IFMT), Perm: st.Mode & 0o7777}
		s := fmt.Sprintf("%c%04o %s", e.letter(), e.Perm, rel)
		switch e.Kind {
		case Regular:
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			if first[st.Ino] != "" {
				s += "=" + first[st.Ino]
			} else {
				s += " " + string(data)
			}
			first[st.Ino] = rel
		case Symlink:
			target, _ := os.Readlink(name)
			s += " " + target
		case Char, Block:
			s += fmt.Sprintf(" %d,%d", unix.Major(st.Rdev), unix.Minor(st.Rdev))
		}
		list = append(list, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(list, "; ")
}

func all() []Entry {
	return []Entry{
		{Name: "bin", Kind: Dir, Perm: 0o555}, {Name: "bin/su", Kind: Regular, Perm: 0o4755, Data: []byte("su")}, {Name: "bin/also", Kind: Regular, HardLink: "bin/su"},
		{Name: "dev", Kind: Dir, Perm: 0o755}, {Name: "dev/fifo", Kind: FIFO, Perm: 0o666}, {Name: "dev/null", Kind: Char, Perm: 0o666, Major: 1, Minor: 3},
		{Name: "key", Kind: Regular, Perm: 0o400, Data: []byte("secret")}, {Name: "out", Kind: Symlink, Perm: 0o777, Data: []byte("/etc/passwd")},
	}
}

const allFiles = "d0555 bin; -4755 bin/also su; -4755 bin/su=bin/also; d0755 dev; -0400 key secret; l0777 out /etc/passwd"

// TestExtract: modes, hard links, links that lead out, and what is left out.
func TestExtract(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	left, err := Extract(all(), dir, ExtractOptions{SetID: true})
	if err != nil || len(left) != 2 || left[0].Name != "dev/fifo" || left[1].Name != "dev/null" {
		t.Errorf("left out %v, %v", left, err)
	}
	if got := onDisk(t, dir); got != allFiles {
		t.Errorf("got  %s\nwant %s", got, allFiles)
	}
	if _, err := Extract(all(), dir, ExtractOptions{}); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("a second time: %v", err)
	}
	if _, err := Extract(all(), dir, ExtractOptions{Force: true, SetID: true}); err != nil || onDisk(t, dir) != allFiles {
		t.Errorf("a second time by force: %v, %s", err, onDisk(t, dir))
	}
}

// TestExtractDevices: a FIFO and a socket are made for anybody, whatever the umask is; a device for root alone.
func TestExtractDevices(t *testing.T) {
	dir := t.TempDir()
	list := []Entry{{Name: "fifo", Kind: FIFO, Perm: 0o666}, {Name: "socket", Kind: Socket, Perm: 0o666}}
	want := "p0666 fifo; s0666 socket"
	if _, err := Extract(list, dir, ExtractOptions{Devices: true}); err != nil || onDisk(t, dir) != want {
		t.Errorf("%v: %s", err, onDisk(t, dir))
	}
	_, err := Extract([]Entry{{Name: "null", Kind: Char, Perm: 0o666, Major: 1, Minor: 3}}, dir, ExtractOptions{Devices: true, Force: true})
	if unix.Geteuid() == 0 && (err != nil || !strings.Contains(onDisk(t, dir), "c0666 null 1,3")) {
		t.Errorf("%v: %s", err, onDisk(t, dir))
	}
	if unix.Geteuid() != 0 && err == nil {
		t.Error("not root, and the device is there")
	}
}

// TestPerm: only who asks gets set-user-ID.
func TestPerm(t *testing.T) {
	for keep, want := range map[bool]uint32{false: 0o1755, true: 0o7755} {
		if got := (&extractor{o: ExtractOptions{SetID: keep}}).perm(Entry{Perm: 0o7755}); got != want {
			t.Errorf("SetID %v: %o", keep, got)
		}
	}
}

// TestNothingOutside: entries that no tree holds, and folders that are prepared, write nothing outside.
func TestNothingOutside(t *testing.T) {
	file := func(name string) Entry { return Entry{Name: name, Kind: Regular, Perm: 0o644, Data: []byte("bad")} }
	link := func(name, target string) Entry { return Entry{Name: name, Kind: Symlink, Data: []byte(target)} }
	for name, list := range map[string][]Entry{
		"dots":                  {file("../victim/file")},
		"dots inside":           {{Name: "a", Kind: Dir}, file("a/../../victim/file")},
		"absolute":              {file("/VICTIM/file")},
		"through a link":        {link("l", "../victim"), file("l/file")},
		"through an absolute":   {link("l", "VICTIM"), file("l/file")},
		"folder through a link": {link("l", "../victim"), {Name: "l/d", Kind: Dir, Perm: 0o777}},
		"mode through a link":   {link("l", "../victim"), {Name: "l", Kind: Dir, Perm: 0o777}},
		"file over a link":      {link("l", "../victim/file"), file("l")},
		"hard link out":         {{Name: "h", Kind: Regular, HardLink: "../victim/file"}},
		"hard link by a link":   {link("l", "../victim"), {Name: "h", Kind: Regular, HardLink: "l/file"}, file("h")},
		"deep through a link":   {link("l", "../victim"), file("l/deep/new"), file("l/deep/file")},
		"link in the middle":    {{Name: "a", Kind: Dir}, link("a/l", "../../victim"), {Name: "a/l/deep/d", Kind: Dir}},
		"hard link of a link":   {link("l", "../victim/file"), {Name: "h", Kind: Regular, HardLink: "l"}},
		"deep hard link":        {link("l", "../victim"), {Name: "h", Kind: Regular, HardLink: "l/deep/file"}},
		"twice":                 {file("a"), file("a")},
		"prepared link":         {file("there/file")},
		"prepared deep":         {file("there/deep/new")},
		"prepared file link":    {file("there")},
		"prepared folder":       {{Name: "there", Kind: Dir, Perm: 0o777}},
	} {
		for _, force := range []bool{false, true} {
			top := t.TempDir()
			victim, dir := filepath.Join(top, "victim"), filepath.Join(top, "dir")
			for _, d := range []string{victim, dir, filepath.Join(victim, "deep")} {
				if err := os.Mkdir(d, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			for _, f := range []string{"file", "deep/file"} {
				if err := os.WriteFile(filepath.Join(victim, f), []byte("good"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			prepared := strings.HasPrefix(name, "prepared")
			if prepared {
				if err := os.Symlink("../victim", filepath.Join(dir, "there")); err != nil {
					t.Fatal(err)
				}
			}
			list := slices.Clone(list)
			for i := range list {
				list[i].Name = strings.Replace(list[i].Name, "VICTIM", victim[1:], 1)
				list[i].Data = []byte(strings.Replace(string(list[i].Data), "VICTIM", victim, 1))
			}
			_, err := Extract(list, dir, ExtractOptions{Force: force})
			// By force a link is replaced, which is no error, and so is a hard link of a link itself.
			fine := name == "hard link of a link" || force && (name == "file over a link" || name == "prepared file link" || name == "twice")
			if err == nil && !fine {
				t.Errorf("%s, force %v: no error: %s", name, force, onDisk(t, top))
			}
			if got := onDisk(t, victim); got != "d0755 deep; -0600 deep/file good; -0600 file good" {
				t.Errorf("%s, force %v: outside is now %s (%v)", name, force, got, err)
			}
			for _, f := range []string{"file", "deep/file"} {
				var st unix.Stat_t
				if err := unix.Lstat(filepath.Join(victim, f), &st); err != nil || st.Nlink != 1 {
					t.Errorf("%s, force %v: %s outside has %d names", name, force, f, st.Nlink)
				}
			}
			if info, _ := os.Stat(victim); info.Mode().Perm() != 0o755 {
				t.Errorf("%s, force %v: the folder outside has mode %v", name, force, info.Mode())
			}
		}
	}
}

// TestHostileImages: whole images whose members aim outside are unpacked as the kernel would, inside.
func TestHostileImages(t *testing.T) {
	top := t.TempDir()
	for n, text := range []string{
		"l etc /etc; f etc/hostile x",
		"l a ..; l b a/../..; f b/hostile x; d d; f b/d/hostile y",
		"d a; l a/l ../../../../tmp; d tmp; f a/l/hostile x; l tmp/hostile /etc/passwd; f a/l/hostile y",
		"f a x; l a /etc; d a; f a/hostile x; h b a/hostile y",
	} {
		tree := treeOf(t, members(text))
		dir := filepath.Join(top, fmt.Sprint(n))
		if _, err := Extract(tree.Entries(), dir, ExtractOptions{}); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		tree.Lost = nil
		want := show(tree)
		var got []string
		for s := range strings.SplitSeq(onDisk(t, dir), "; ") {
			if s[0] == 'l' {
				s = strings.Replace(s, "0777", "070"+modeOf(tree, strings.Fields(s)[1]), 1)
			}
			got = append(got, s[:1]+s[4:])
		}
		if diff := cmp.Diff(want, strings.Join(got, "; ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
	for _, file := range []string{"/etc/hostile", "/tmp/hostile", filepath.Join(top, "hostile")} {
		if _, err := os.Lstat(file); err == nil {
			t.Errorf("%s is there", file)
		}
	}
}

func modeOf(t *Tree, name string) string {
	info, _ := t.Lstat(name)
	return fmt.Sprintf("%o", info.Mode().Perm()&7)
}

func TestSelect(t *testing.T) {
	list := members("d a; f a/b x; h a/c a/b x; d a/d; f a/d/e y; f ab z; h f ab z; d g; f g/h")
	for names, want := range map[string]string{
		"a/c":    "a a/c",
		"a":      "a a/b a/c=a/b a/d a/d/e",
		"a/d g":  "a a/d a/d/e g g/h",
		"f":      "f",
		"ab f":   "ab f=ab",
		"nobody": "",
		".":      "a a/b a/c=a/b a/d a/d/e ab f=ab g g/h",
	} {
		var got []string
		for _, e := range Select(list, strings.Fields(names)) {
			if e.HardLink != "" {
				e.Name += "=" + e.HardLink
			}
			got = append(got, e.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", names, got, want)
		}
	}
}
