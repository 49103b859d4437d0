package image

import (
	"bytes"
	"debug/elf"
	"fmt"
)

// checkMachine refuses an /init of another kind of machine than the kernel's
// modules: the kernel would panic without a word about the reason. A kernel
// without a module in the image tells nothing.
func (c *choice) checkMachine(file string, init []byte) error {
	names := c.names()
	if len(names) == 0 {
		return nil
	}
	_, data, err := c.tree.load(names[0], plain)
	if err != nil {
		return err
	}
	module, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil // not ours to judge: the kernel takes it or not
	}
	program, err := elf.NewFile(bytes.NewReader(init))
	if err != nil {
		return err
	}
	if program.Machine != module.Machine {
		return fmt.Errorf("init %s is for %s, the modules of kernel %s are for %s: name the /init of that kind of machine by --init",
			file, program.Machine, c.tree.kver, module.Machine)
	}
	return nil
}
