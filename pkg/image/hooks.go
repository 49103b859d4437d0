package image

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/preroot/preroot/dracut/lib"
	"github.com/preroot/preroot/pkg/hooks"
)

// hookDir is where hooks lie in our images: the directory that is written at run time too (dracut.modules(7), hookdir).
const hookDir = "var/lib/dracut/hooks"

// hookPrograms are the names under which /init serves hooks.
var hookPrograms = []string{"sbin/initqueue", "sbin/netroot", "sbin/rdsosreport", "sbin/dracut-getarg", "sbin/dracut-getargs"}

// busyboxApplets are those that a busybox as the shell of hooks is linked to: what dracut's library and small hooks call.
const busyboxApplets = "sh [ awk basename blkid cat chmod chown cp cut date dd df dirname dmesg echo env false find grep head kill ln losetup ls mkdir mkfifo mknod " +
	"mount mv printf ps pwd readlink realpath rm rmdir sed seq setsid sleep sort stat sync tail tee test timeout touch tr true tty umount uname uniq wc yes"

// hookFiles are what makes hooks run: the scripts of o.Hooks in their stages, our library, the programs that hooks call, and a shell. Modules of dracut may
// bring a library and a shell of their own.
func hookFiles(o *Options, m *modules) (list []Entry, err error) {
	if o.Hooks == "" && m == nil {
		if o.Shell != "" {
			return nil, errors.New("--shell is for hooks: name them by --hooks")
		}
		return nil, nil
	}
	if o.Hooks != "" {
		if list, err = scripts(o.Hooks); err != nil {
			return nil, fmt.Errorf("hooks: %w", err)
		}
	}
	if !m.has("base") {
		for name, text := range lib.Files() {
			list = append(list, Entry{Name: name, Kind: Regular, Perm: 0o644, Data: []byte(text)})
		}
	}
	for _, name := range hookPrograms {
		list = append(list, Entry{Name: name, Kind: Symlink, Perm: 0o777, Data: []byte("../init")})
	}
	if o.Shell == "" && m.file("bin/sh") {
		return list, nil
	}
	shell, err := shellFiles(o.Shell)
	return append(list, shell...), err
}

// scripts reads a folder with a folder for each stage.
func scripts(dir string) (list []Entry, err error) {
	stages, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, s := range stages {
		if !s.IsDir() || !slices.ContainsFunc(hooks.Stages, func(name string) bool { name, _, _ = strings.Cut(name, "/"); return name == s.Name() }) {
			return nil, fmt.Errorf("%s is no stage: a folder for each of %s", filepath.Join(dir, s.Name()), strings.Join(hooks.Stages, " "))
		}
	}
	for _, stage := range hooks.Stages {
		entries, err := os.ReadDir(filepath.Join(dir, stage))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		for _, e := range entries {
			if e.IsDir() {
				continue // initqueue has stages below it
			}
			file := filepath.Join(dir, stage, e.Name())
			info, err := os.Stat(file)
			if err != nil {
				return nil, err
			}
			data, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			list = append(list, Entry{Name: hookDir + "/" + stage + "/" + e.Name(), Kind: Regular, Perm: uint32(info.Mode().Perm()), Data: data})
		}
	}
	return list, nil
}

// shellFiles makes a static program /bin/sh, "" one that is sought: busybox.
func shellFiles(file string) ([]Entry, error) {
	if file == "" {
		file = "/bin/busybox"
	}
	data, err := readInit(file)
	if err != nil {
		return nil, fmt.Errorf("the shell of hooks: %w; name a static one by --shell (Debian: busybox-static)", err)
	}
	name := filepath.Base(file)
	if !strings.HasPrefix(name, "busybox") {
		return []Entry{{Name: "bin/sh", Kind: Regular, Perm: 0o755, Data: data}}, nil
	}
	list := []Entry{{Name: "bin/busybox", Kind: Regular, Perm: 0o755, Data: data}}
	for applet := range strings.FieldsSeq(busyboxApplets) {
		list = append(list, Entry{Name: "bin/" + applet, Kind: Symlink, Perm: 0o777, Data: []byte("busybox")})
	}
	return list, nil
}
