package main

import (
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

// A system is a Debian made by debootstrap, with our package in it.
type system struct {
	tree   vm.Tree
	kernel vm.Kernel
}

// packages are what the systems hold besides the required ones; the kernel brings initramfs-tools, which our package takes the place of.
const packages = "systemd-sysv udev dbus kmod e2fsprogs xfsprogs btrfs-progs logsave procps zstd xz-utils lvm2 cryptsetup linux-image-amd64"

// later are those that a suite has more.
var later = map[string]string{"trixie": " systemd-cryptsetup"}

//go:embed collect.sh
var collector string

//go:embed collect.service
var collectUnit string

// system makes the system of a suite, or takes the one that is there, and installs the package unless it is the one that is installed.
func (o options) system(suite string, log io.Writer) (system, error) {
	cache, err := vm.CacheDir()
	if err != nil {
		return system{}, err
	}
	s := system{tree: vm.Tree{Suite: suite, Dir: filepath.Join(cache, "deb", suite), Packages: strings.Fields(packages + later[suite])}}
	if o.fresh {
		err = os.RemoveAll(s.tree.Dir)
	}
	if err == nil {
		err = s.tree.Ensure()
	}
	if err == nil {
		err = s.findKernel()
	}
	if err == nil {
		err = s.furnish()
	}
	if err != nil {
		return s, err
	}
	return s, s.install(o.deb, log)
}

func (s *system) findKernel() error {
	images := matches(s.path("boot/vmlinuz-*"))
	if len(images) != 1 {
		return fmt.Errorf("%s/boot: %d kernels, wanted one", s.tree.Root(), len(images))
	}
	version := strings.TrimPrefix(filepath.Base(images[0]), "vmlinuz-")
	s.kernel = vm.Kernel{Name: s.tree.Suite, Version: version, Dir: s.tree.Root()}
	return nil
}

func (s system) path(name string) string { return filepath.Join(s.tree.Root(), name) }

// image is the one that a boot loader would take.
func (s system) image() string { return s.path("boot/initrd.img-" + s.kernel.Version) }

// furnish puts in what an installer would, and our questions.
func (s system) furnish() error {
	wants := s.path("etc/systemd/system/multi-user.target.wants")
	err := os.MkdirAll(wants, 0o755)
	for name, text := range map[string]string{
		"etc/hostname":                       "real\n",
		"usr/sbin/policy-rc.d":               "#!/bin/sh\nexit 101\n",
		"usr/local/lib/deb/collect.sh":       collector,
		"etc/systemd/system/collect.service": collectUnit,
	} {
		err = errors.Join(err, write(s.path(name), text))
	}
	if err2 := os.Symlink("/etc/systemd/system/collect.service", filepath.Join(wants, "collect.service")); !errors.Is(err2, os.ErrExist) {
		err = errors.Join(err, err2)
	}
	return errors.Join(err, os.Chmod(s.path("usr/sbin/policy-rc.d"), 0o755))
}

// install lets apt put the package in, which takes the maker of images out that is there, and makes an image.
func (s system) install(deb string, log io.Writer) error {
	sum, err := digest(deb)
	if err != nil {
		return err
	}
	mark := filepath.Join(s.tree.Dir, "installed")
	if text, _ := os.ReadFile(mark); string(text) == sum {
		return nil
	}
	fmt.Fprintf(log, "== %s: %s\n", s.tree.Suite, filepath.Base(deb))
	data, err := os.ReadFile(deb)
	if err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(mark), write(s.path("tmp/preroot.deb"), string(data))); err != nil {
		return err
	}
	said, err := s.tree.Inside(nil, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y", "--reinstall", "--allow-downgrades", "install", "/tmp/preroot.deb")
	if err != nil {
		return err
	}
	if !strings.Contains(said, "making /boot/initrd.img-"+s.kernel.Version) {
		return fmt.Errorf("the installation has made no image:\n%s", said)
	}
	if _, err := s.tree.Inside(nil, "sh", "-c", "! dpkg --audit | grep . && ! dpkg -s initramfs-tools 2>&1 | grep '^Status: .*installed$'"); err != nil {
		return fmt.Errorf("the packages are not in order: %w", err)
	}
	return os.WriteFile(mark, []byte(sum), 0o644)
}

func write(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

func digest(file string) (string, error) {
	data, err := os.ReadFile(file)
	return fmt.Sprintf("%x", sha256.Sum256(data)), err
}

func matches(pattern string) []string {
	list, _ := filepath.Glob(pattern)
	return list
}

func modified(file string) (t time.Time) {
	if st, err := os.Stat(file); err == nil {
		t = st.ModTime()
	}
	return t
}

// command runs a host tool; the error holds what it said.
func command(name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, out)
	}
	return nil
}
