package chain

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Firmware lists the files of the sysroot, "lib/firmware/ql2500_fw.bin", that the drivers which the hardware of the chain has now may ask for. What a driver names and the sysroot does not have is
// left out: most name more than there is. dirs are the folders to look into, none for the kernel's.
func (c *Chain) Firmware(k Kernel, files fs.FS, kver string, dirs []string) (list []string, err error) {
	if len(dirs) == 0 {
		dirs = []string{"lib/firmware/updates/" + kver, "lib/firmware/updates", "lib/firmware/" + kver, "lib/firmware"}
	}
	for _, m := range c.Modules(k, true) {
		if !m.Bound || m.Missing || m.Builtin {
			continue
		}
		names, err := k.Firmware(m.Name)
		if err != nil {
			return list, fmt.Errorf("firmware of %s: %w", m.Name, err)
		}
		for _, name := range names {
			for _, file := range firmwareFiles(files, dirs, name) {
				if !slices.Contains(list, file) {
					list = append(list, file)
				}
			}
		}
	}
	slices.Sort(list)
	return list, nil
}

// firmwareFiles finds a file where the kernel looks for it (drivers/base/firmware_loader/main.c), as it is or packed; a name may be a pattern.
func firmwareFiles(files fs.FS, dirs []string, name string) []string {
	for _, dir := range dirs {
		for _, suffix := range []string{"", ".zst", ".xz"} {
			if list, err := fs.Glob(files, path.Join(strings.Trim(dir, "/"), name)+suffix); err == nil && len(list) > 0 {
				return list
			}
		}
	}
	return nil
}
