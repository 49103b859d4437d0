package image

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/preroot/preroot/pkg/mount"
)

// checkedTypes are the file systems that a root may be of and that have a checker.
var checkedTypes = []string{"ext2", "ext3", "ext4", "f2fs", "jfs", "vfat"}

// checkerConf is read by e2fsck (e2fsck.conf(5)).
const checkerConf = "/etc/e2fsck.conf"

// checker is a program that checks a file system before it is mounted.
type checker struct {
	name string
	why  string // what it is needed for, "" where it may be missing
}

// checkers are those that the image is to have: for one machine those that its boot will run, for any machine those of the file systems that the image has drivers of, and those that are asked for.
func (c *choice) checkers(o *Options) (list []checker) {
	add := func(fstype, why string) {
		name, _ := mount.Checker(fstype, "", mount.Check{})
		if !slices.ContainsFunc(list, func(c checker) bool { return c.name == name }) {
			list = append(list, checker{name, why})
		}
	}
	switch {
	case o.NoFsck:
		return nil
	case o.Chain != nil:
		for _, g := range o.Chain.Checks() {
			add(g.FSType, fmt.Sprintf("%s (%s) is mounted without a check", g.Name, g.FSType))
		}
	case o.Generic:
		for _, fstype := range checkedTypes {
			if names, builtin := c.tree.resolve("fs-" + fstype); builtin || slices.ContainsFunc(names, func(n string) bool { return c.in[n] }) {
				add(fstype, "")
			}
		}
	}
	for _, name := range o.Fscks {
		list = append(list, checker{name: name})
	}
	return list
}

// checkers takes them in from the system that the image is for. That may be a system of another kind of machine than init's, whose programs are of no use.
func (t *taken) checkers(list []checker, init []byte) (warnings []string, err error) {
	for _, c := range list {
		if !t.runsBeside(c.name, init) {
			if c.why != "" {
				warnings = append(warnings, fmt.Sprintf("%s: there is no %s in this system", c.why, c.name))
			}
			continue
		}
		if err := t.named(c.name); err != nil {
			return nil, fmt.Errorf("%s: %w (--nofscks leaves it out)", c.name, err)
		}
	}
	if len(list) > 0 {
		if err := t.named(checkerConf); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return warnings, nil
}

// runsBeside says whether a program is there, and is a script or of the kind of machine that init is of.
func (t *taken) runsBeside(name string, init []byte) bool {
	file, err := t.root.Program(name)
	if err != nil {
		return false
	}
	real, _, err := t.root.Resolve(file)
	if err != nil {
		return false
	}
	program, err := elf.Open(t.root.Host(real))
	if err != nil {
		return true
	}
	defer program.Close()
	own, err := elf.NewFile(bytes.NewReader(init))
	return err == nil && own.Machine == program.Machine
}
