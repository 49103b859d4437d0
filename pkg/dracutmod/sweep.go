package dracutmod

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// sweep takes sockets and FIFOs out again that a module has made in the image: what speaks through them does not run while it is built.
func (b *builder) sweep(m Module) error {
	return filepath.WalkDir(b.stage.dir, func(file string, d fs.DirEntry, err error) error {
		what := ""
		switch {
		case err != nil:
			return err
		case d.Type() == fs.ModeNamedPipe:
			what = "a FIFO"
		case d.Type() == fs.ModeSocket:
			what = "a socket"
		default:
			return nil
		}
		b.warn(m, "", "%s is %s, and left out: make it when the image runs", strings.TrimPrefix(file, b.stage.dir), what)
		return os.Remove(file)
	})
}
