// Package oracle builds the kernel that shows what a classic initrd is: Linux 6.1, the last of Debian that has all of initrd(4) in it, with the RAM
// disk built in. Debian's own kernels have it as a module, which switches initrd(4) off.
//
// The source is Debian's package linux-source-6.1, unpacked in the cache folder and never installed; kernel.config says what the kernel has. What is
// built is kept until one of the two inputs is another.
package oracle

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/preroot/preroot/internal/vm"
)

// suite and source name the package; the version is the newest at the time of the build.
const (
	suite  = "bookworm"
	source = "linux-source-6.1"
)

// Name is the kernel's name in tables, beside those of vm.KernelNames.
const Name = "oracle"

//go:embed kernel.config
var config string

// A shop is the folder that the kernel is built in.
type shop struct {
	dir string
	log io.Writer
}

// Get returns the kernel, and builds it first if there is none of this configuration: a matter of minutes on an idle machine. A newer source is taken when the folder
// oracle of the cache is removed. Progress and the version go to log; two processes that ask at once take turns.
func Get(log io.Writer) (vm.Kernel, error) {
	s, unlock, err := open(log)
	if err != nil {
		return vm.Kernel{}, err
	}
	defer unlock()
	return s.kernel()
}

// open finds the folder and locks it.
func open(log io.Writer) (shop, func(), error) {
	cache, err := vm.CacheDir()
	if err != nil {
		return shop{}, nil, err
	}
	s := shop{filepath.Join(cache, "oracle"), log}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return s, nil, err
	}
	f, err := os.OpenFile(s.path("lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return s, nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return s, nil, fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return s, func() { f.Close() }, nil
}

func (s shop) path(name string) string { return filepath.Join(s.dir, name) }

// stamp is written last, so a kernel beside it is whole. It holds the key of the inputs and the file name of the package.
func (s shop) stamp() string { return s.path("kernel/.inputs") }

// kernel returns the built kernel, or builds it.
func (s shop) kernel() (vm.Kernel, error) {
	held, _ := os.ReadFile(s.stamp())
	if key, pkg, _ := strings.Cut(string(held), "\n"); key == key256(config) {
		k, err := s.opened()
		if err == nil {
			fmt.Fprintf(s.log, "kernel %s of %s\n", k, pkg)
		}
		return k, err
	}
	pkg, err := s.unpack()
	if err != nil {
		return vm.Kernel{}, err
	}
	if err := s.build(); err != nil {
		return vm.Kernel{}, err
	}
	if err := os.WriteFile(s.stamp(), []byte(key256(config)+"\n"+pkg), 0o644); err != nil {
		return vm.Kernel{}, err
	}
	return s.opened()
}

// opened is the kernel as the harness knows it.
func (s shop) opened() (vm.Kernel, error) {
	dir := s.path("kernel")
	images, _ := filepath.Glob(filepath.Join(dir, "boot/vmlinuz-*"))
	if len(images) != 1 {
		return vm.Kernel{}, fmt.Errorf("%s: %d kernels in boot, wanted one: remove %s", dir, len(images), s.dir)
	}
	version := strings.TrimPrefix(filepath.Base(images[0]), "vmlinuz-")
	return vm.Kernel{Name: Name, Arch: vm.AMD64, Version: version, Dir: dir}, nil
}

// unpack fetches and unpacks the source, unless it is there, and returns the file name of its package.
func (s shop) unpack() (string, error) {
	mark := s.path("source/.package")
	if held, err := os.ReadFile(mark); err == nil {
		return string(held), nil
	}
	deb, err := vm.GetPackage(suite, source, s.log)
	if err != nil {
		return "", err
	}
	defer os.Remove(deb)
	if err := os.RemoveAll(s.path("source")); err != nil {
		return "", err
	}
	if err := os.MkdirAll(s.path("source"), 0o755); err != nil {
		return "", err
	}
	fmt.Fprintln(s.log, "unpacking it")
	const script = `set -e; mkdir deb; dpkg -x "$1" deb; tar -xf deb/usr/src/"$2".tar.xz --strip-components=1; rm -r deb`
	if err := s.run("source", "sh", "-c", script, "sh", deb, source); err != nil {
		return "", err
	}
	pkg := filepath.Base(deb)
	return pkg, os.WriteFile(mark, []byte(pkg), 0o644)
}

// key256 is a short name for a text.
func key256(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}
