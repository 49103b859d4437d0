package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/preroot/preroot/pkg/archive"
)

// diff is "preroot diff": what the kernel makes of one image and not of the other. Modules of two kernels are compared
// by their places below lib/modules/KVER. The status is that of diff(1): 0 equal, 1 different, 2 trouble.
func diff(args []string, stdout, stderr io.Writer) int {
	f := flags("preroot diff IMAGE1 IMAGE2", stderr)
	rest, err := parseAnywhere(f, args)
	if err != nil || len(rest) != 2 {
		return misused(f, err)
	}
	var sides [2]side
	for i, file := range rest {
		_, tree, err := openImage("diff", file, stderr)
		if err != nil {
			return 2
		}
		sides[i] = newSide(tree.Entries())
	}
	lines := compare(sides[0], sides[1])
	for _, l := range lines {
		fmt.Fprintln(stdout, l)
	}
	if len(lines) > 0 {
		return 1
	}
	return 0
}

// side is one of two images: its files by the names that both have.
type side struct {
	kver  string // of the kernel whose modules are inside; "" for none or several
	files map[string]archive.Entry
}

func newSide(entries []archive.Entry) side {
	s := side{kverOf(entries), map[string]archive.Entry{}}
	for _, e := range entries {
		s.files[s.common(e)] = e
	}
	return s
}

// kverOf is the name of the only folder in lib/modules.
func kverOf(entries []archive.Entry) (kver string) {
	for _, e := range entries {
		dir, base := path.Split(e.Name)
		if e.Kind != archive.Dir || dir != "lib/modules/" && dir != "usr/lib/modules/" || base == kver {
			continue
		}
		if kver != "" {
			return ""
		}
		kver = base
	}
	return kver
}

// common is the name of a file without what two kernels make different: their version, and how modules are compressed.
func (s side) common(e archive.Entry) string {
	name := e.Name
	if dir, rest, ok := strings.Cut(name, "lib/modules/"+s.kver); ok && s.kver != "" && (dir == "" || dir == "usr/") && (rest == "" || rest[0] == '/') {
		name = dir + "lib/modules/*" + rest
	}
	if isModule(e) {
		name = strings.TrimSuffix(name, compression(e.Name))
	}
	return name
}

// compare lists the differences in the order of names.
func compare(a, b side) (lines []string) {
	if a.kver != b.kver && a.kver != "" && b.kver != "" {
		lines = append(lines, fmt.Sprintf("kernel   %q -> %q", a.kver, b.kver))
	}
	names := maps.Clone(a.files)
	maps.Copy(names, b.files)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		old, was := a.files[name]
		now, is := b.files[name]
		switch {
		case !was:
			lines = append(lines, "added    "+now.String())
		case !is:
			lines = append(lines, "removed  "+old.String())
		default:
			if what := changes(old, now); len(what) > 0 {
				lines = append(lines, fmt.Sprintf("changed  %s: %s", shown(now.Name), strings.Join(what, ", ")))
			}
		}
	}
	return lines
}

// shown is a name that steers no terminal.
func shown(name string) string {
	if q := fmt.Sprintf("%q", name); q != `"`+name+`"` {
		return q
	}
	return name
}

// changes says how two files of one name differ.
func changes(a, b archive.Entry) (what []string) {
	if a.Kind != b.Kind {
		return []string{fmt.Sprintf("%s -> %s", kindName(a.Kind), kindName(b.Kind))}
	}
	if a.Perm != b.Perm {
		what = append(what, fmt.Sprintf("mode %04o -> %04o", a.Perm, b.Perm))
	}
	switch {
	case a.Kind == archive.Symlink && !bytes.Equal(a.Data, b.Data):
		what = append(what, fmt.Sprintf("link to %s -> %s", shown(string(a.Data)), shown(string(b.Data))))
	case a.Kind == archive.Char || a.Kind == archive.Block:
		if a.Major != b.Major || a.Minor != b.Minor {
			what = append(what, fmt.Sprintf("device %d,%d -> %d,%d", a.Major, a.Minor, b.Major, b.Minor))
		}
	case isModule(a) && isModule(b):
		what = append(what, moduleChanges(a, b)...)
	case !bytes.Equal(a.Data, b.Data):
		what = append(what, sizes(len(a.Data), len(b.Data)))
	}
	return what
}

// sizes says that the content of a file differs.
func sizes(a, b int) string {
	if a == b {
		return fmt.Sprintf("content (%d bytes)", a)
	}
	return fmt.Sprintf("size %d -> %d", a, b)
}

func kindName(k archive.Kind) string {
	switch k {
	case archive.Regular:
		return "file"
	case archive.Dir:
		return "folder"
	case archive.Symlink:
		return "link"
	case archive.Char, archive.Block:
		return "device"
	case archive.FIFO:
		return "FIFO"
	}
	return "socket"
}
