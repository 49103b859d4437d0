package linuxtest

import (
	"io/fs"
	"slices"
	"strings"
	"syscall"

	"github.com/preroot/preroot/pkg/boot"
	"github.com/preroot/preroot/pkg/initrd"
	"github.com/preroot/preroot/pkg/rootfs"
	"github.com/preroot/preroot/pkg/storage"
)

// putHelpers puts into the image the helper of each layer whose devices the case has.
func (m *Machine) putHelpers() {
	for key, helper := range map[string]string{"from": storage.LVMHelper, "behind": storage.UnlockHelper} {
		if slices.ContainsFunc(m.disks, func(d *disk) bool { return d.attr[key] != "" && !d.is("nohelper") }) {
			m.files.put(helper, "", 0o755)
		}
	}
}

// runProgram runs a planned program.
func (m *Machine) runProgram(program string, args ...string) (int, string, error) {
	switch _, err := fs.Stat(m.files, program[1:]); {
	case err != nil && strings.HasPrefix(program, "/usr/lib/preroot/"):
		return 0, "", err
	}
	switch program {
	case initrd.Helper:
		return m.initrdHelper(args)
	case rootfs.NFSHelper:
		return m.nfsHelper(args)
	case storage.UnlockHelper:
		m.note("unlock %s", strings.Join(args, " "))
		return 0, "", nil
	case storage.LVMHelper:
		return m.lvmHelper(args)
	}
	status, ok := m.status[program]
	if !ok {
		return 0, "", &fs.PathError{Op: "exec", Path: program, Err: syscall.ENOENT}
	}
	m.note("%s %s = %d", program, strings.Join(args, " "), status)
	return status, "", nil
}

// programs gives the method names of boot.Programs.
type programs struct{ m *Machine }

func (p programs) Run(program string, args ...string) (int, string, error) {
	return p.m.runProgram(program, args...)
}

func (p programs) Confide(dismissed <-chan struct{}, program string, args ...string) (string, error) {
	return p.m.confide(dismissed, program, args)
}

func (p programs) ForgetSecret() { p.m.note("secret forgotten") }

// apart is the process that loads modules when the initramfs is gone.
type apart struct{ m *Machine }

// startApart begins it, at no time that a case could tell.
func (m *Machine) startApart(_, _ string) (boot.Apart, error) { return apart{m}, nil }

// Give notes what is left to it: letter and file of each module, and its parameters.
func (a apart) Give(list []byte) error {
	for len(list) > 0 {
		path, rest, _ := strings.Cut(string(list), "\x00")
		params, rest, _ := strings.Cut(rest, "\x00")
		a.m.note("%s", strings.TrimSpace("later "+path+" "+params))
		list = []byte(rest)
	}
	return nil
}

func (a apart) Dismiss() { a.m.note("dismiss") }
