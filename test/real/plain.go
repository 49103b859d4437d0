package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/preroot/preroot/internal/vm"
)

// plainInit does by hand what preroot does: the API file systems with the
// options that systemd gives them, the modules, root, and switch_root(8) of
// util-linux. What is different after it is preroot's own.
const plainInit = `#!/bin/sh
mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
mount -t devtmpfs -o nosuid,strictatime,mode=0755 devtmpfs /dev
mount -t tmpfs -o nosuid,nodev,strictatime,mode=0755,size=20%,nr_inodes=800k tmpfs /run
for m in $(cat /modules); do insmod $m; done
while ! [ -b /dev/vda ]; do :; done
mount -t ext4 -o ro /dev/vda /sysroot
exec env -i HOME=/ TERM=linux /sbin/switch_root /sysroot /sbin/init
`

// plain makes an initramfs of the system's own shell, mount, kmod and
// switch_root at path.
func (s system) plain(path string) error {
	entries := []vm.Entry{{Name: "init", Mode: 0o755, Data: []byte(plainInit)}}
	for _, dir := range []string{"proc", "sys", "dev", "run", "sysroot"} {
		entries = append(entries, vm.Entry{Name: dir, Mode: fs.ModeDir | 0o755})
	}
	programs := []string{"/bin/sh", "/bin/cat", "/bin/mount", "/bin/env", "/sbin/insmod", "/sbin/switch_root"}
	files, err := s.withLibraries(programs...)
	if err != nil {
		return err
	}
	for _, f := range files {
		e, err := vm.ReadEntry(strings.TrimPrefix(f.inside, "/"), f.host)
		if err != nil {
			return err
		}
		entries = append(entries, e)
	}
	modules, err := vm.FloorModules(s.kernel)
	if err != nil {
		return err
	}
	chain, err := s.kernel.Chain(modules...)
	if err != nil {
		return err
	}
	var list strings.Builder
	for _, m := range chain {
		e, err := vm.ReadEntry("m/"+filepath.Base(m), m)
		if err != nil {
			return err
		}
		entries = append(entries, e)
		list.WriteString("/" + e.Name + "\n")
	}
	entries = append(entries, vm.Entry{Name: "modules", Mode: 0o644, Data: []byte(list.String())})
	return os.WriteFile(path, vm.Archive(entries), 0o644)
}

// A file is one of the system, by its name inside and on the host.
type file struct{ inside, host string }

// withLibraries returns programs of the system and the libraries that they
// need, each once.
func (s system) withLibraries(programs ...string) ([]file, error) {
	var files []file
	seen := map[string]bool{}
	add := func(inside string) error {
		if seen[inside] {
			return nil
		}
		seen[inside] = true
		real, err := output("chroot", s.tree(), "readlink", "-f", inside)
		files = append(files, file{inside, filepath.Join(s.tree(), strings.TrimSpace(real))})
		return err
	}
	for _, p := range programs {
		if err := add(p); err != nil {
			return nil, err
		}
		out, err := output("chroot", s.tree(), "ldd", p)
		if err != nil {
			return nil, err
		}
		for _, word := range strings.Fields(out) {
			if !strings.HasPrefix(word, "/") {
				continue
			}
			if err := add(word); err != nil {
				return nil, err
			}
		}
	}
	return files, nil
}
