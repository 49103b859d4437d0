package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/preroot/preroot/internal/vm"
)

// A system is a Debian made by debootstrap, and a disk image of it.
type system struct {
	suite, dir string
	kernel     vm.Kernel
	layout
	image string // the disk that it boots from
}

// uuid is that of the root file system.
const uuid = "2f0a5a2e-6f0e-4c0b-9b57-7c4b3c1d0e11"

// packages are what the systems hold besides the required ones.
const packages = "systemd-sysv,udev,dbus,initramfs-tools,kmod,e2fsprogs,logsave,procps,zstd,dracut-core,cpio,linux-image-cloud-amd64"

//go:embed collect.sh
var collector string

//go:embed collect.service
var collectUnit string

func (s system) path(name string) string { return filepath.Join(s.dir, name) }

func (s system) tree() string { return s.debian().Root() }

// system makes the system of a suite, or takes the one that is there.
func (o options) system(suite string, log io.Writer) (system, error) {
	cache, err := vm.CacheDir()
	if err != nil {
		return system{}, err
	}
	s := system{suite: suite, dir: filepath.Join(cache, "real", suite)}
	if s.layout, err = layoutOf(o.layout); err != nil {
		return s, err
	}
	s.image = s.path("root.img")
	if o.layout != "plain" {
		s.dir += "-" + o.layout
		s.image = s.path("locked.img")
	}
	if o.fresh {
		if err := os.RemoveAll(s.dir); err != nil {
			return s, err
		}
	}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return s, err
	}
	if _, err := os.Stat(s.path("made")); err != nil {
		fmt.Fprintf(log, "== %s: debootstrap\n", suite)
	}
	if err := s.debian().Ensure(); err != nil {
		return s, err
	}
	if err := s.findKernel(); err != nil {
		return s, err
	}
	return s, s.furnish()
}

// debian is what debootstrap makes of it.
func (s system) debian() vm.Tree {
	return vm.Tree{Suite: s.suite, Dir: s.dir, Packages: strings.FieldsFunc(packages+","+s.packages, func(c rune) bool { return c == ',' })}
}

func (s *system) findKernel() error {
	images, _ := filepath.Glob(filepath.Join(s.tree(), "boot/vmlinuz-*"))
	if len(images) != 1 {
		return fmt.Errorf("%s/boot: %d kernels, wanted one", s.tree(), len(images))
	}
	version := strings.TrimPrefix(filepath.Base(images[0]), "vmlinuz-")
	s.kernel = vm.Kernel{Name: s.suite, Version: version, Dir: s.tree()}
	return nil
}

// furnish puts in what an installer would, and our questions; it makes the
// initrd anew, since initramfs-tools reads the fstab, and the disk.
func (s system) furnish() error {
	files := map[string]string{
		"etc/fstab":                            s.fstab,
		"etc/hostname":                         "real\n",
		"usr/local/lib/real/collect.sh":        collector,
		"etc/systemd/system/collect.service":   collectUnit,
		"etc/initramfs-tools/conf.d/real.conf": "RESUME=none\nFSTYPE=ext4\n", // its device is not there to be asked
	}
	if s.crypttab != "" {
		files["etc/crypttab"] = s.crypttab
	}
	changed := false
	for name, text := range files {
		c, err := place(filepath.Join(s.tree(), name), text)
		if err != nil {
			return err
		}
		changed = changed || c
	}
	wants := filepath.Join(s.tree(), "etc/systemd/system/multi-user.target.wants")
	if err := os.MkdirAll(wants, 0o755); err != nil {
		return err
	}
	if err := os.Symlink("/etc/systemd/system/collect.service", filepath.Join(wants, "collect.service")); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	if _, err := os.Stat(s.image); err == nil && !changed {
		return nil
	}
	if err := s.initrd(); err != nil {
		return err
	}
	if err := s.disk(); err != nil || s.script == "" {
		return err
	}
	return s.lockedDisk(s.layout, s.image)
}

// place writes a file unless it says that already.
func place(path, text string) (changed bool, err error) {
	if old, err := os.ReadFile(path); err == nil && string(old) == text {
		return false, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return false, err
	}
	return true, os.WriteFile(path, []byte(text), 0o644)
}

// initrd lets initramfs-tools of the system make its image.
func (s system) initrd() error {
	return s.inside("update-initramfs", "-u", "-k", s.kernel.Version)
}

// inside runs a program of the system in it.
func (s system) inside(words ...string) error {
	_, err := s.debian().Inside(nil, words...)
	return err
}

// referenceImage returns the path of the other initramfs.
func (s system) referenceImage(name string) (string, error) {
	switch name {
	case "initramfs-tools":
		return s.kernel.Dir + "/boot/initrd.img-" + s.kernel.Version, nil
	case "dracut":
		// Its own /init, which preroot takes the place of, not systemd.
		const omitted = "systemd systemd-initrd dracut-systemd"
		return s.kernel.Dir + "/boot/dracut.img", s.inside("dracut", "-q", "--force", "--no-hostonly", "--omit", omitted, "/boot/dracut.img", s.kernel.Version)
	case "switch_root":
		return s.path("plain.img"), s.plain(s.path("plain.img"))
	}
	return "", fmt.Errorf("no reference %q: write initramfs-tools, dracut or switch_root", name)
}

// disk makes a bare ext4 with the tree in it; mkfs.ext4 -d keeps owners.
func (s system) disk() error {
	image := s.path("root.img")
	if err := os.Remove(image); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.WriteFile(image, nil, 0o644); err != nil {
		return err
	}
	if err := os.Truncate(image, 2<<30); err != nil {
		return err
	}
	return command("mkfs.ext4", "-q", "-F", "-d", s.tree(), "-L", "realroot", "-U", uuid, image)
}

// build makes our image, with the checker of the system if that is asked for:
// initramfs-tools always takes it.
func (s system) build(o options, image string) error {
	b := vm.Build{Builder: o.builder, Init: o.init, Drivers: o.drivers}
	if o.check {
		args, err := s.checker()
		if err != nil {
			return err
		}
		b.Args = args
	}
	if s.script != "" {
		b.Args = append(b.Args, "--lvm", "--luks")
	}
	if o.recorded && s.crypttab != "" {
		b.Args = append(b.Args, "--include", filepath.Join(s.tree(), "etc/crypttab"), "/etc/crypttab")
	}
	return b.Make(s.kernel, image)
}

// checker returns the arguments that put fsck.ext4 of the system and its
// libraries into an image.
func (s system) checker() ([]string, error) {
	files, err := s.withLibraries("/sbin/fsck.ext4")
	var args []string
	for _, f := range files {
		args = append(args, "--include", f.host, f.inside)
	}
	return args, err
}

// versions names what the suite resolved to.
func (s system) versions() string {
	out := []string{"kernel " + s.kernel.Version}
	status, _ := os.ReadFile(filepath.Join(s.tree(), "var/lib/dpkg/status"))
	for stanza := range strings.SplitSeq(string(status), "\n\n") {
		name := field(stanza, "Package")
		switch name {
		case "systemd", "udev", "initramfs-tools", "e2fsprogs", "util-linux", "base-files":
			out = append(out, name+" "+field(stanza, "Version"))
		}
	}
	return strings.Join(out, ", ")
}

func field(stanza, name string) string {
	for line := range strings.Lines(stanza) {
		if v, ok := strings.CutPrefix(line, name+": "); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

func command(name string, args ...string) error {
	_, err := output(name, args...)
	return err
}

// output runs a host tool; the error holds what it said.
func output(name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive", "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, tail(string(out), 2000))
	}
	return string(out), nil
}

func tail(s string, n int) string { return strings.TrimSpace(s[max(0, len(s)-n):]) }
