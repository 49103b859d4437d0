package linuxtest

import (
	"encoding/binary"
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
type apart struct {
	m    *Machine
	said []byte
}

// startApart begins it, at no time that a case could tell.
func (m *Machine) startApart(_, _ string) (boot.Apart, error) { return &apart{m: m}, nil }

// Write takes what it gets, and when that is whole notes what is left to it: letter and file of each module, and its parameters.
func (a *apart) Write(p []byte) (int, error) {
	a.said = append(a.said, p...)
	if len(p) != 1 || p[0] != 0 {
		return len(p), nil
	}
	for rest := string(a.said); len(rest) > 1; {
		var path, params string
		path, rest, _ = strings.Cut(rest, "\x00")
		params, rest, _ = strings.Cut(rest, "\x00")
		a.m.note("%s", strings.TrimSpace("later "+path+" "+params))
		rest = rest[8+binary.LittleEndian.Uint64([]byte(rest[:8])):]
	}
	return len(p), nil
}

func (a *apart) Leave() error { return nil }

func (a *apart) End() error {
	a.m.note("%s is ended", boot.ModulesName)
	return nil
}
