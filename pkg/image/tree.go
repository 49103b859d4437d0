package image

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/preroot/preroot/pkg/kmod"
)

// tree is the modules of one kernel on the host, as depmod(8) described them. Names are written with '_' for '-'.
type tree struct {
	dir, kver string
	files     fs.FS // of dir
	index     *kmod.Index
	order     []string          // names, in the order of their priority (modules.order)
	path      map[string]string // name -> "kernel/fs/ext4/ext4.ko"
}

// depIndex is the one index that every module folder has after depmod.
const depIndex = "modules.dep.bin"

// openTree reads the module folder of kver. dir is the folder with depmod's indexes in it, or one above: the one that
// holds kver, or a root.
func openTree(dir, kver string) (*tree, error) {
	found, err := moduleDir(dir, kver)
	if err != nil {
		return nil, err
	}
	if kver == "" {
		if found, err = filepath.Abs(found); err != nil {
			return nil, err
		}
		kver = filepath.Base(found)
	}
	t := &tree{dir: found, kver: kver, files: os.DirFS(found), path: map[string]string{}}
	if t.index, err = kmod.Open(t.files, "."); err != nil {
		return nil, err
	}
	entries, err := kmod.ReadIndex(t.files, depIndex)
	if err != nil {
		return nil, fmt.Errorf("%s: %w (depmod %s writes it anew)", found, err, kver)
	}
	slices.SortStableFunc(entries, func(a, b kmod.Entry) int { return int(a.Priority) - int(b.Priority) })
	for _, e := range entries {
		t.order = append(t.order, e.Key)
		t.path[e.Key], _, _ = strings.Cut(e.Value, ":")
	}
	return t, nil
}

// moduleDir finds the folder with the indexes.
func moduleDir(dir, kver string) (string, error) {
	tries := []string{dir}
	if kver != "" {
		tries = append(tries, filepath.Join(dir, kver), filepath.Join(dir, "lib/modules", kver), filepath.Join(dir, "usr/lib/modules", kver))
	}
	for _, d := range tries {
		if isFile(filepath.Join(d, depIndex)) {
			return d, nil
		}
	}
	for _, d := range tries {
		if _, err := os.Stat(filepath.Join(d, "kernel")); err == nil {
			return "", fmt.Errorf("%s has no %s: run depmod -b ROOT %s, ROOT being the folder that lib/modules lies in", d, depIndex, filepath.Base(d))
		}
	}
	return "", fmt.Errorf("no kernel modules (%s) in %s: give their folder by --modules-dir, and the kernel's version as KVER", depIndex, strings.Join(tries, ", "))
}

func isFile(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular()
}

// resolve gives the modules that a word stands for: a name, or an alias of any number of modules. builtin says that
// the kernel has in it one that the word stands for.
func (t *tree) resolve(word string) (names []string, builtin bool) {
	for _, name := range t.index.Resolve(word) {
		if t.path[name] != "" {
			names = append(names, name)
		} else {
			builtin = true
		}
	}
	return names, builtin
}

// below lists the modules whose path starts so.
func (t *tree) below(prefix string) (names []string) {
	for _, name := range t.order {
		if strings.HasPrefix(t.path[name], prefix) {
			names = append(names, name)
		}
	}
	return names
}
