package image

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// baseFolders are in every image: mount points, and the folders that /init writes to.
var baseFolders = []string{"dev", "etc", "etc/cmdline.d", "lib", "lib/modules", "proc", "run", "sbin", "sys", "sysroot", "tmp", "usr", "usr/lib"}

// baseNodes are the devices that exist before devtmpfs is mounted: the kernel opens /dev/console for fds 0 to 2.
// Numbers: Documentation/admin-guide/devices.txt.
var baseNodes = []Entry{
	{Name: "dev/console", Kind: Char, Perm: 0o600, Major: 5, Minor: 1},
	{Name: "dev/kmsg", Kind: Char, Perm: 0o600, Major: 1, Minor: 11},
	{Name: "dev/null", Kind: Char, Perm: 0o666, Major: 1, Minor: 3},
}

// addBase takes in all but modules, their indexes, and what consoles need.
func (l *layout) addBase(o *Options, c *choice, init []byte, ram *classic, m *modules) error {
	for _, name := range baseFolders {
		if err := l.add(Entry{Name: name, Kind: Dir, Perm: 0o755}); err != nil {
			return err
		}
	}
	l.entries["tmp"] = Entry{Name: "tmp", Kind: Dir, Perm: 0o1777}
	entries := append([]Entry{
		{Name: "init", Kind: Regular, Perm: 0o755, Data: init},
		{Name: "sbin/modprobe", Kind: Symlink, Perm: 0o777, Data: []byte("../init")},
		{Name: "usr/lib/initrd-release", Kind: Regular, Perm: 0o644, Data: release(o.Version)},
		{Name: "etc/initrd-release", Kind: Symlink, Perm: 0o777, Data: []byte("../usr/lib/initrd-release")},
	}, baseNodes...)
	entries = append(entries, cmdlineFiles(o, c)...)
	hooks, err := hookFiles(o, m)
	if err != nil {
		return err
	}
	entries = append(entries, hooks...)
	host, err := chainFiles(o, c)
	if err != nil {
		return err
	}
	entries = append(entries, host...)
	for _, of := range []func(*Options) ([]Entry, error){ram.files, networkFiles, lvmFiles, luksFiles} {
		list, err := of(o)
		if err != nil {
			return err
		}
		entries = append(entries, list...)
	}
	if err := l.add(entries...); err != nil {
		return err
	}
	for _, inc := range o.Includes {
		if err := l.include(inc); err != nil {
			return err
		}
	}
	return nil
}

// release is os-release(5) of the initramfs; its presence tells programs where they are.
func release(version string) []byte {
	if version == "" {
		version = "unknown"
	}
	return fmt.Appendf(nil, "ID=preroot\nNAME=preroot\nVERSION=\"%s\"\nPRETTY_NAME=\"preroot %s\"\n", version, version)
}

// cmdlineFiles is the configuration of the image, kernel-parameter text as in dracut.
func cmdlineFiles(o *Options, c *choice) (entries []Entry) {
	file := func(name, text string) {
		entries = append(entries, Entry{Name: "etc/cmdline.d/" + name, Kind: Regular, Perm: 0o644, Data: []byte(text + "\n")})
	}
	if text := strings.TrimSpace(o.KernelCmdline); text != "" {
		file("10-cmdline.conf", text)
	}
	if len(c.chain) > 0 {
		file("20-drivers.conf", "rd.driver.pre="+strings.Join(c.chain, ",")+" rd.preroot.modules=root")
	}
	if len(c.forced) > 0 {
		file("25-force-drivers.conf", "rd.driver.pre="+strings.Join(c.forced, ","))
	}
	if o.NoShell {
		file("90-no-shell.conf", "rd.preroot.prompt=no")
	}
	return entries
}

// include takes in a file, a link or a folder with all that lies in it; modes stay, the owner becomes root.
func (l *layout) include(inc Include) error {
	dst := strings.TrimPrefix(path.Clean("/"+inc.Dst), "/")
	root, err := filepath.EvalSymlinks(inc.Src)
	if err != nil {
		return fmt.Errorf("--include: %w", err)
	}
	return filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("--include: %w", err)
		}
		below, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		name := path.Join(dst, filepath.ToSlash(below))
		if name == "." || name == "" {
			return nil
		}
		e, err := hostEntry(file, name, d)
		if err != nil {
			return fmt.Errorf("--include %s: %w", inc.Src, err)
		}
		return l.add(e)
	})
}

// hostEntry is a file of the host as a member called name.
func hostEntry(file, name string, d fs.DirEntry) (Entry, error) {
	info, err := d.Info()
	if err != nil {
		return Entry{}, err
	}
	e := Entry{Name: name, Perm: unixPerm(info.Mode())}
	switch info.Mode().Type() {
	case 0:
		e.Kind = Regular
		e.Data, err = os.ReadFile(file)
	case fs.ModeDir:
		e.Kind = Dir
	case fs.ModeSymlink:
		var target string
		target, err = os.Readlink(file)
		e.Kind, e.Data = Symlink, []byte(target)
	default:
		err = fmt.Errorf("%s is neither file, folder nor link: leave it out", file)
	}
	return e, err
}

// unixPerm is the low twelve bits of st_mode; fs.FileMode has the upper three elsewhere.
func unixPerm(m fs.FileMode) uint32 {
	perm := uint32(m.Perm())
	for _, bit := range []struct {
		mode fs.FileMode
		unix uint32
	}{{fs.ModeSetuid, 0o4000}, {fs.ModeSetgid, 0o2000}, {fs.ModeSticky, 0o1000}} {
		if m&bit.mode != 0 {
			perm |= bit.unix
		}
	}
	return perm
}
