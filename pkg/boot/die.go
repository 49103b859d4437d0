package boot

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// dieFile is what the function die of dracut's library makes before it ends its shell: the one way for a hook to refuse the boot (dracut.modules(7)).
const dieFile = "run/initramfs/.die"

// died says whether a hook has called die since this was last asked, and with what words: these stand in the kernel's log.
func (h *hookRunner) died() error {
	info, err := fs.Stat(h.b.m.Files, dieFile)
	if err != nil || h.refused && info.ModTime().Equal(h.dead) {
		return nil
	}
	h.refused, h.dead = true, info.ModTime()
	why := "a hook has called die"
	if h.b.m.KernelLog != nil {
		for line := range strings.Lines(h.b.m.KernelLog()) {
			if _, text, found := strings.Cut(line, "dracut: FATAL: "); found {
				why = strings.TrimSpace(text)
			}
		}
	}
	return fmt.Errorf("%w: %s", errDied, why)
}

// errDied is wrapped by the refusal of a hook. What it wants is told, and a person may go on all the same.
var errDied = errors.New("a hook refuses to go on")
