package vm

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A Tree is a Debian system unpacked and configured below a folder by debootstrap.
type Tree struct {
	Suite    string
	Dir      string   // holds the tree and its marker
	Packages []string // what it holds besides the required ones
}

// Root is where the tree lies.
func (t Tree) Root() string { return filepath.Join(t.Dir, "tree") }

// marker is written last: a tree that has none is not whole. It lists the packages.
func (t Tree) marker() string { return filepath.Join(t.Dir, "made") }

// Ensure makes the tree unless it is there; what it lacks of the packages is installed. It needs root. Two processes that ask at once take turns.
func (t Tree) Ensure() error {
	if err := os.MkdirAll(t.Dir, 0o755); err != nil {
		return err
	}
	unlock, err := lock(filepath.Join(t.Dir, "lock"))
	if err != nil {
		return err
	}
	defer unlock()
	made, err := os.ReadFile(t.marker())
	if err != nil {
		return t.make()
	}
	have := strings.Fields(string(made))
	missing := slices.DeleteFunc(slices.Clone(t.Packages), func(p string) bool { return slices.Contains(have, p) })
	if len(missing) == 0 {
		return nil
	}
	if err := t.install(missing); err != nil {
		return err
	}
	return t.mark(append(have, missing...))
}

func (t Tree) mark(packages []string) error {
	return os.WriteFile(t.marker(), []byte(strings.Join(packages, "\n")+"\n"), 0o644)
}

// make runs debootstrap from the mirror of the machine's own apt.
func (t Tree) make() error {
	m, err := FindMirror(t.Suite)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(t.Root()); err != nil {
		return err
	}
	args := []string{"LC_ALL=C", "DEBIAN_FRONTEND=noninteractive", "debootstrap", "--variant=minbase", "--include=" + strings.Join(t.Packages, ",")}
	if m.Keys != "" {
		args = append(args, "--keyring="+m.Keys)
	}
	if _, err := run("env", append(args, t.Suite, t.Root(), m.URI)...); err != nil {
		return fmt.Errorf("%w (is the package debootstrap installed?)", err)
	}
	return t.mark(t.Packages)
}

// install adds packages from the mirror that the tree was made from.
func (t Tree) install(packages []string) error {
	// A suite that is no longer written to is as good as any; nothing that is installed may start (invoke-rc.d(8)).
	const script = `printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d
apt-get -q -o Acquire::Check-Valid-Until=false update && exec apt-get -q -y --no-install-recommends install "$@"`
	if err := copyFile("/etc/resolv.conf", filepath.Join(t.Root(), "etc/resolv.conf"), 0o644); err != nil {
		return err
	}
	_, err := t.Inside(nil, append([]string{"env", "DEBIAN_FRONTEND=noninteractive", "sh", "-c", script, "sh"}, packages...)...)
	return err
}

// Inside runs a program of the tree in it, and returns what it printed. /proc and /sys are there, and what binds names: folders of the host by the place
// in the tree that they are to be seen at. All is mounted in a mount namespace of its own, so nothing is left behind.
func (t Tree) Inside(binds map[string]string, words ...string) (string, error) {
	const script = `tree=$1; shift
mount -t proc proc "$tree/proc" && mount -t sysfs sysfs "$tree/sys" || exit
while [ "$1" != -- ]; do mkdir -p "$tree/$2" && mount --bind "$1" "$tree/$2" || exit; shift 2; done
shift
exec chroot "$tree" "$@"`
	args := []string{"LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "unshare", "-m", "sh", "-c", script, "sh", t.Root()}
	for inside, host := range binds {
		args = append(args, host, inside)
	}
	return run("env", append(append(args, "--"), words...)...)
}
