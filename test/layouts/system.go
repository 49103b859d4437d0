package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/preroot/preroot/internal/vm"
)

// packages are what every system holds besides the required ones.
const packages = "dracut-core kmod udev e2fsprogs btrfs-progs lvm2 thin-provisioning-tools mdadm cryptsetup-bin dash bash busybox-static cpio procps util-linux-extra"

// tree is the Debian that has a dracut: that of the local layouts, or the one with what all others want in it. Images with systemd inside come from one of
// their own.
func (r *rig) tree(d Dracut, l Layout, systemd bool) (vm.Tree, error) {
	t := vm.Tree{Suite: d.Suite, Dir: filepath.Join(r.cache, d.Suite), Packages: strings.Fields(packages)}
	switch {
	case systemd:
		t.Packages = append(t.Packages, strings.Fields(d.Systemd)...)
		t.Dir += "-systemd"
	case l.Packages != nil:
		t.Dir += "-remote"
	}
	err, tried := r.tries[t.Dir]
	if !tried {
		err = t.Ensure()
		r.tries[t.Dir] = err
	}
	if systemd || l.Packages == nil || err != nil || tried {
		return t, err
	}
	// What the resolver of debootstrap could not find out, apt does.
	for _, other := range layouts() {
		if other.Packages != nil {
			t.Packages = append(t.Packages, strings.Fields(other.Packages(d))...)
		}
	}
	r.tries[t.Dir] = t.Ensure()
	return t, r.tries[t.Dir]
}

// version names the packages of a system, as its dpkg has them: what images and disks are made by.
func version(t vm.Tree) (string, error) {
	status, err := os.ReadFile(filepath.Join(t.Root(), "var/lib/dpkg/status"))
	return hash(string(status)), err
}

// imageName is where the stock image of a cell lies: its name tells what it is made of.
func (r *rig) imageName(c Cell, l Layout, k vm.Kernel, t vm.Tree) (string, error) {
	v, err := version(t)
	if err != nil {
		return "", err
	}
	key := hash(v, k.Version, strings.Join(dracutArgs(c, l), " "))
	if c.Module {
		key = hash(key, r.init)
	}
	return filepath.Join(t.Dir, "images", fmt.Sprintf("%s-%s.img", c.Name(), key)), nil
}

// image returns the stock image of a cell, made by the dracut of its system.
func (r *rig) image(c Cell, l Layout) (string, error) {
	d := dracut(c.Dracut)
	t, err := r.tree(d, l, c.Systemd)
	if err != nil {
		return "", err
	}
	k, err := r.shop.Kernel(d.Kernel)
	if err != nil {
		return "", err
	}
	path, err := r.imageName(c, l, k, t)
	if err != nil {
		return "", err
	}
	return path, r.once(path, func(path string) error {
		if c.HostOnly {
			return r.hostOnlyImage(c, l, k, path)
		}
		return r.genericImage(c, l, k, t, path)
	})
}

// dracutArgs are the arguments that make a cell what it is.
func dracutArgs(c Cell, l Layout) []string {
	args := []string{"--force", "--no-early-microcode", "--no-compress"}
	if c.HostOnly {
		// What the host needs is dracut's to find; that systemd is not in the image is ours.
		return append(args, "--hostonly", "--omit", "systemd systemd-initrd dracut-systemd", "--add", c.Shell)
	}
	if c.Systemd {
		// The modules are dracut's choice; the shell is the system's.
		return append(noBusybox(c, args), "--conf", "/dev/null", "--confdir", "/preroot/empty", "--no-hostonly")
	}
	d := dracut(c.Dracut)
	modules := c.Shell + " " + d.Common + " " + l.Modules(d)
	if c.Module {
		modules += " preroot"
	}
	return append(noBusybox(c, args), "--conf", "/dev/null", "--confdir", "/preroot/empty", "--no-hostonly", "--modules", modules,
		"--add-drivers", strings.TrimSpace("virtio_pci virtio_blk ext4 "+l.Drivers))
}

// noBusybox keeps it out of an image with another shell: Debian's default prefers it, and it comes before every other.
func noBusybox(c Cell, args []string) []string {
	if c.Dracut == newest && c.Shell != "busybox" {
		return append(args, "--omit", "busybox")
	}
	return args
}

// genericImage runs dracut in the system.
func (r *rig) genericImage(c Cell, l Layout, k vm.Kernel, t vm.Tree, path string) error {
	if c.Module {
		if err := r.placeModule(t); err != nil {
			return err
		}
	}
	out := r.work + "/out"
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	args := append([]string{"dracut"}, dracutArgs(c, l)...)
	args = append(args, "--kmoddir", "/usr/lib/modules/"+k.Version, "/preroot/out/image", k.Version)
	binds := map[string]string{"usr/lib/modules/" + k.Version: k.ModulesDir(), "preroot/out": out}
	if err := os.MkdirAll(filepath.Join(t.Root(), "preroot/empty"), 0o755); err != nil {
		return err
	}
	said, err := t.Inside(binds, args...)
	if err == nil {
		err = rightShell(c, out+"/image")
	}
	if err == nil {
		err = move(out+"/image", path)
	}
	if err != nil {
		return fmt.Errorf("%w: %s", err, said)
	}
	return nil
}

// rightShell fails if /bin/sh of an image is another shell than the cell's: dracut takes what it has.
func rightShell(c Cell, image string) error {
	for _, name := range []string{"usr/bin/sh", "bin/sh"} {
		target, err := vm.LinkIn(image, name)
		if err == nil && filepath.Base(target) == c.Shell {
			return nil
		}
		if err == nil {
			return fmt.Errorf("/bin/sh of the image is %s, not %s", target, c.Shell)
		}
	}
	return errors.New("the image has no link /bin/sh")
}

// placeModule puts our module of dracut into a system, as `make install` does. It is taken where it is asked for, so it does not change other images.
func (r *rig) placeModule(t vm.Tree) error {
	const dir = "usr/lib/dracut/modules.d/79preroot"
	for from, name := range map[string]string{"dracut/79preroot/module-setup.sh": "module-setup.sh", r.o.init: "init"} {
		data, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		to := filepath.Join(t.Root(), dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, data, 0o755); err != nil {
			return err
		}
	}
	return nil
}

// withOurInit returns the image of a cell with our /init in it.
func (r *rig) withOurInit(c Cell, stock string) (string, error) {
	if c.Module {
		return stock, nil
	}
	path := filepath.Join(r.work, "ours.img")
	init, err := vm.ReadEntry("init", r.o.init)
	if err != nil {
		return "", err
	}
	return path, vm.Extend(stock, path, []vm.Entry{init})
}

// move is a rename that may cross file systems.
func move(from, to string) error {
	part := to + ".part"
	if err := vm.Clone(from, part); err != nil {
		return err
	}
	os.Remove(from)
	return os.Rename(part, to)
}
