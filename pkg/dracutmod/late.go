package dracutmod

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/preroot/preroot/pkg/dynlink"
)

// late takes what executables need that modules have put into the image by themselves (cp), or alone (inst_simple). Dracut does that when all modules are
// through; since release 110 for libraries, too, whatever their mode: plugins that nothing names.
func (b *builder) late() error {
	n := b.release()
	files, libraries, err := b.alone(n == 0 || n >= 110)
	for _, name := range files {
		items, lacks := b.root.Needs(b.needed(), b.stage.inside.Host(name), name)
		b.lacking(lacks, libraries)
		for _, i := range items {
			if err := b.item(i.Path, i.Target); err != nil {
				return err
			}
		}
	}
	return err
}

// alone lists the executables in the image that were not taken with what they need, and the names of all libraries there; libraries are executables, too, if
// that is asked.
func (b *builder) alone(plugins bool) (files []string, libraries map[string]bool, err error) {
	libraries = map[string]bool{}
	err = filepath.WalkDir(b.stage.dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		library := strings.Contains(d.Name()+".", ".so.")
		if library {
			libraries[d.Name()] = true
		}
		info, err := d.Info()
		name := strings.TrimPrefix(file, b.stage.dir)
		if err == nil && !b.whole[name] && (info.Mode()&0o111 != 0 || library && plugins) {
			files = append(files, name)
		}
		return err
	})
	return files, libraries, err
}

// lacking warns of what an executable needs that is neither in the system nor, by its name, among the libraries of the image.
func (b *builder) lacking(err error, libraries map[string]bool) {
	list := []error{err}
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		list = all.Unwrap()
	}
	for _, err := range list {
		var m *dynlink.MissingError
		if err == nil || errors.As(err, &m) && libraries[m.Name] {
			continue
		}
		b.warnings = append(b.warnings, "modules of dracut: "+err.Error())
	}
}

var releaseLine = regexp.MustCompile(`(?m)^DRACUT_VERSION="?([0-9]{1,6})`)

// release is that of the dracut whose modules are run, 0 where it cannot be told.
func (b *builder) release() int {
	base := filepath.Dir(first(b.o.Dirs))
	for _, file := range []string{"dracut-version.sh", "../../bin/dracut"} {
		text, _ := os.ReadFile(filepath.Join(base, file))
		if m := releaseLine.FindSubmatch(text); m != nil {
			n, _ := strconv.Atoi(string(m[1]))
			return n
		}
	}
	return 0
}
