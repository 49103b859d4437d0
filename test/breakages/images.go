package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/preroot/preroot/internal/vm"
)

// good is an image that boots, and how it is made.
type good struct {
	name   string
	kind   string // whose it is: dracut, systemd (dracut's with systemd inside), mkinitramfs, ours
	kernel string // its name of internal/vm
	suite  string // the Debian whose dracut makes it
	args   string // of the builder
}

// Modules of dracut for a root on a disk, without systemd.
const plainModules = "kernel-modules rootfs-block udev-rules base fs-lib usrmount shutdown"

// goods are fifteen images: three of each dracut, of mkinitramfs and of preroot.
var goods = []good{
	{"dracut-059-dash", "dracut", "6.1-cloud", "bookworm", "--compress gzip --modules|dash " + plainModules},
	{"dracut-059-busybox", "dracut", "6.1", "bookworm", "--no-compress --add-drivers|virtio_pci virtio_blk ext4 crc32c --modules|busybox rootfs-block udev-rules base fs-lib usrmount shutdown"},
	{"dracut-059-systemd", "systemd", "6.1-cloud", "bookworm", "--compress gzip --omit|plymouth nfs iscsi multipath dbus network-manager network"},
	{"dracut-106-dash", "dracut", "6.12-cloud", "trixie", "--no-compress --omit|busybox --modules|dash " + plainModules},
	{"dracut-106-bash", "dracut", "6.1", "trixie", "--compress gzip --add-drivers|virtio_pci virtio_blk ext4 crc32c --omit|busybox --modules|bash rootfs-block udev-rules base fs-lib usrmount"},
	{"dracut-106-systemd", "systemd", "6.12-cloud", "trixie", "--compress gzip --omit|plymouth nfs iscsi multipath dbus network-manager network"},
	{"dracut-112-dash", "dracut", "6.12-cloud", "sid", "--compress gzip --omit|busybox --modules|initqueue dash " + plainModules},
	{"dracut-112-busybox", "dracut", "6.1", "sid", "--no-compress --modules|initqueue busybox " + plainModules},
	{"dracut-112-systemd", "systemd", "6.12-cloud", "sid", "--compress gzip --omit|plymouth nfs iscsi multipath dbus network-manager network"},
	{"mkinitramfs-most", "mkinitramfs", "6.1-cloud", "", "MODULES=most BUSYBOX=y COMPRESS=zstd"},
	{"mkinitramfs-list", "mkinitramfs", "6.1", "", "MODULES=list BUSYBOX=n COMPRESS=gzip"},
	{"mkinitramfs-xz", "mkinitramfs", "6.12-cloud", "", "MODULES=most BUSYBOX=n COMPRESS=xz"},
	{"preroot-generic", "preroot", "6.1-cloud", "", "--generic"},
	{"preroot-known", "preroot", "6.1", "", "--drivers|virtio_pci virtio_blk ext4"},
	{"preroot-generic-full", "preroot", "6.12-cloud", "", "--generic"},
}

// words splits arguments: "|" parts one with blanks from its option.
func words(args string) (list []string) {
	for _, option := range strings.Split(args, " --") {
		option = "--" + strings.TrimPrefix(option, "--")
		if name, value, ok := strings.Cut(option, "|"); ok {
			list = append(list, name, strings.Trim(value, "|"))
			continue
		}
		list = append(list, strings.Fields(option)...)
	}
	return list
}

// make makes an image.
func (g good) make(k vm.Kernel, out string) error {
	switch g.kind {
	case "preroot":
		args := append([]string{"build", "-f", "--init", "build/init", "--kver", k.Version, "--modules-dir", k.ModulesDir(), "--keymap", "none", "--font", "none"}, words(g.args)...)
		return run("build/preroot", append(args, out)...)
	case "mkinitramfs":
		return g.mkinitramfs(k, out)
	}
	return g.dracut(k, out)
}

func run(name string, args ...string) error {
	said, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, said)
	}
	return nil
}

// packages are those of the systems that dracut runs in; test/modules has the same systems, with more.
const packages = "dracut-core kmod udev systemd e2fsprogs dash bash busybox-static cpio procps"

// dracut runs the dracut of a Debian in that Debian.
func (g good) dracut(k vm.Kernel, out string) error {
	cache, err := vm.CacheDir()
	if err != nil {
		return err
	}
	t := vm.Tree{Suite: g.suite, Dir: filepath.Join(cache, "modules", g.suite), Packages: strings.Fields(packages)}
	if err := t.Ensure(); err != nil {
		return err
	}
	dir, err := filepath.Abs(out + ".d")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := errors.Join(os.MkdirAll(filepath.Join(dir, "empty"), 0o755), os.MkdirAll(filepath.Join(t.Root(), "preroot/out"), 0o755)); err != nil {
		return err
	}
	args := append([]string{"dracut", "--force", "--no-early-microcode", "--no-hostonly", "--conf", "/dev/null", "--confdir", "/preroot/out/empty"}, words(g.args)...)
	args = append(args, "--kmoddir", "/usr/lib/modules/"+k.Version, "/preroot/out/image", k.Version)
	said, err := t.Inside(map[string]string{"usr/lib/modules/" + k.Version: k.ModulesDir(), "preroot/out": dir}, args...)
	if err != nil {
		return fmt.Errorf("%w: %s", err, said)
	}
	return os.Rename(filepath.Join(dir, "image"), out)
}

// inPlace runs a program where it sees the kernel's modules and its configuration where the distribution has them, in a mount namespace of its own.
const inPlace = `version=$1 modules=$2 config=$3; shift 3
mount -t tmpfs tmpfs /boot && cp "$config" "/boot/config-$version" &&
mount -t tmpfs tmpfs /lib/modules && mkdir "/lib/modules/$version" && mount --bind "$modules" "/lib/modules/$version" && exec "$@"`

// mkinitramfs runs that of this machine. It takes modules from /lib/modules alone, and its settings from a folder.
func (g good) mkinitramfs(k vm.Kernel, out string) error {
	conf, err := filepath.Abs(out + ".conf")
	if err != nil {
		return err
	}
	defer os.RemoveAll(conf)
	for _, sub := range []string{"scripts", "hooks", "conf.d"} {
		err = errors.Join(err, os.MkdirAll(filepath.Join(conf, sub), 0o755))
	}
	settings := strings.ReplaceAll(g.args, " ", "\n") + "\nUMASK=0077\nKEYMAP=n\nRESUME=none\n"
	err = errors.Join(err, os.MkdirAll("/lib/modules", 0o755), os.WriteFile(filepath.Join(conf, "initramfs.conf"), []byte(settings), 0o644),
		os.WriteFile(filepath.Join(conf, "modules"), []byte("virtio_pci\nvirtio_blk\next4\ncrc32c\n"), 0o644))
	if err != nil {
		return err
	}
	config := filepath.Join(filepath.Dir(k.Image()), "config-"+k.Version)
	return run("unshare", "-m", "sh", "-c", inPlace, "sh", k.Version, k.ModulesDir(), config, "mkinitramfs", "-d", conf, "-o", out, k.Version)
}
