package check

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io"

	"github.com/preroot/preroot/pkg/unpack"
)

// maxModule is what a module may unpack to.
const maxModule = 256 << 20

// intactModule says what is wrong with the file of a module.
func (j *judge) intactModule(file string) error {
	data, err := j.tree.ReadFile(file)
	switch {
	case err != nil:
		return errNotThere(file)
	case len(data) == 0:
		return fmt.Errorf("%s is empty", file)
	}
	if unpack.Detect(data) != "" {
		r, err := unpack.First(data)
		if err == nil {
			data, err = io.ReadAll(io.LimitReader(r, maxModule))
		}
		if err != nil {
			return fmt.Errorf("%s is damaged or cut off: %w", file, err)
		}
	}
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("%s is damaged or cut off: %w", file, err)
	}
	for _, s := range f.Sections {
		if size := uint64(len(data)); s.Type != elf.SHT_NOBITS && (s.Offset > size || s.FileSize > size-s.Offset) {
			return fmt.Errorf("%s is cut off: it has %d bytes, and a section of %d bytes at byte %d", file, size, s.FileSize, s.Offset)
		}
	}
	return nil
}
