package vm

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A Kernel is a Debian kernel unpacked under the cache folder; it is never
// installed.
type Kernel struct {
	Name    string // our name: "6.1-cloud"
	Arch    Arch
	Version string // what uname -r says: "6.1.0-37-cloud-amd64"
	Dir     string // the unpacked package; holds boot/ and lib/modules/
}

// Image returns the path of the kernel image.
func (k Kernel) Image() string { return filepath.Join(k.Dir, "boot", "vmlinuz-"+k.Version) }

// ModulesDir returns the folder lib/modules/VERSION of the unpacked package.
func (k Kernel) ModulesDir() string { return filepath.Join(k.Dir, "lib", "modules", k.Version) }

// String returns the name with the version that was resolved.
func (k Kernel) String() string { return k.Name + " (" + k.Version + ")" }

// kernelSource says where a kernel comes from. The metapackage always depends
// on the newest kernel of its suite, so the version is not written down here.
type kernelSource struct {
	name, suite, meta string
	arch              Arch
}

var kernelSources = []kernelSource{
	{"6.1-cloud", "bookworm", "linux-image-cloud-amd64", AMD64},
	{"6.1", "bookworm", "linux-image-amd64", AMD64},
	{"6.12-cloud", "trixie", "linux-image-cloud-amd64", AMD64},
	{"6.12", "trixie", "linux-image-amd64", AMD64},
	{"sid", "sid", "linux-image-amd64", AMD64},
	{"sid-cloud", "sid", "linux-image-cloud-amd64", AMD64},
	{"6.1-cloud-arm64", "bookworm", "linux-image-cloud-arm64", ARM64},
	{"6.1-arm64", "bookworm", "linux-image-arm64", ARM64},
}

// KernelNames lists the names that GetKernel knows.
func KernelNames() []string {
	var names []string
	for _, s := range kernelSources {
		names = append(names, s.name)
	}
	return names
}

// kernelAge is how long a cached kernel is used before its suite is asked for
// a newer one.
const kernelAge = 7 * 24 * time.Hour

// CacheDir returns the folder for what tests fetch and may throw away:
// $XDG_CACHE_HOME/preroot, or ~/.cache/preroot.
func CacheDir() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache folder: %w; set HOME or XDG_CACHE_HOME", err)
	}
	return filepath.Join(base, "preroot"), nil
}

// GetKernel returns the kernel of that name, and fetches the newest of its
// suite first when none is cached or the cached one is a week old. Progress
// goes to log. Two processes that ask at once take turns.
func GetKernel(name string, log io.Writer) (Kernel, error) {
	i := slices.IndexFunc(kernelSources, func(s kernelSource) bool { return s.name == name })
	if i < 0 {
		return Kernel{}, fmt.Errorf("no kernel named %q: write one of %s", name, strings.Join(KernelNames(), ", "))
	}
	cache, err := CacheDir()
	if err != nil {
		return Kernel{}, err
	}
	store := filepath.Join(cache, "kernels")
	if err := os.MkdirAll(store, 0o755); err != nil {
		return Kernel{}, err
	}
	unlock, err := lock(filepath.Join(cache, "kernels.lock"))
	if err != nil {
		return Kernel{}, err
	}
	defer unlock()
	return renewKernel(kernelSources[i], cache, log)
}

// renewKernel returns the cached kernel while it is young, otherwise the
// newest one; an old one is better than none when the mirror does not answer.
func renewKernel(src kernelSource, cache string, log io.Writer) (Kernel, error) {
	dir := filepath.Join(cache, "kernels", src.name)
	old, haveOld := openKernel(src.name, dir)
	if haveOld && young(dir) {
		return old, nil
	}
	k, err := fetchKernel(src, cache, log)
	if err != nil && haveOld {
		fmt.Fprintf(log, "kernel %s: no newer one (%v); taking the cached %s\n", src.name, err, old.Version)
		return old, nil
	}
	return k, err
}

func young(dir string) bool {
	st, err := os.Stat(filepath.Join(dir, stampFile))
	return err == nil && time.Since(st.ModTime()) < kernelAge
}

// stampFile is written last, so its presence says the folder is whole; it
// holds the file name of the package.
const stampFile = ".preroot-package"

// openKernel looks at a folder that an earlier fetch left.
func openKernel(name, dir string) (Kernel, bool) {
	if _, err := os.Stat(filepath.Join(dir, stampFile)); err != nil {
		return Kernel{}, false
	}
	images, _ := filepath.Glob(filepath.Join(dir, "boot", "vmlinuz-*"))
	if len(images) != 1 {
		return Kernel{}, false
	}
	version := strings.TrimPrefix(filepath.Base(images[0]), "vmlinuz-")
	return Kernel{Name: name, Arch: archOf(version), Version: version, Dir: dir}, true
}

func fetchKernel(src kernelSource, cache string, log io.Writer) (Kernel, error) {
	apt, err := newApt(filepath.Join(cache, "apt"), src.suite, src.arch)
	if err != nil {
		return Kernel{}, err
	}
	if err := apt.update(); err != nil {
		return Kernel{}, err
	}
	pkg, err := apt.dependency(src.meta, "linux-image-")
	if err != nil {
		return Kernel{}, err
	}
	dir := filepath.Join(cache, "kernels", src.name)
	fmt.Fprintf(log, "kernel %s: %s of %s\n", src.name, pkg, src.suite)
	debs, err := apt.kernelPackages(pkg)
	if err != nil {
		return Kernel{}, err
	}
	defer removeAll(debs)
	if held, _ := os.ReadFile(filepath.Join(dir, stampFile)); string(held) == stamp(debs) {
		now := time.Now()
		os.Chtimes(filepath.Join(dir, stampFile), now, now)
		k, _ := openKernel(src.name, dir)
		return k, nil
	}
	if err := unpackKernel(debs, dir); err != nil {
		return Kernel{}, err
	}
	k, ok := openKernel(src.name, dir)
	if !ok {
		return Kernel{}, fmt.Errorf("kernel %s: package %s holds no single vmlinuz", src.name, pkg)
	}
	return k, nil
}

// stamp names the packages that a folder was unpacked from.
func stamp(debs []string) string {
	var names []string
	for _, d := range debs {
		names = append(names, filepath.Base(d))
	}
	return strings.Join(names, "\n")
}

func removeAll(files []string) {
	for _, f := range files {
		os.Remove(f)
	}
}

// unpackKernel unpacks beside the final folder and renames, so that a folder
// under the final name is always whole.
func unpackKernel(debs []string, dir string) error {
	tmp, err := os.MkdirTemp(filepath.Dir(dir), ".new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	for _, deb := range debs {
		if _, err := run("dpkg", "-x", deb, tmp); err != nil {
			return err
		}
	}
	if err := indexModules(tmp); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(tmp, stampFile), []byte(stamp(debs)), 0o644); err != nil {
		return err
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	// A reader of the replaced kernel keeps its open files; it may find later
	// ones gone, once a week at most.
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.Rename(tmp, dir)
}

// indexModules runs depmod over an unpacked package. Debian 13 ships
// /usr/lib/modules; depmod and everybody else look under /lib.
func indexModules(root string) error {
	lib := filepath.Join(root, "lib")
	if _, err := os.Lstat(lib); errors.Is(err, os.ErrNotExist) {
		if err := os.Symlink("usr/lib", lib); err != nil {
			return err
		}
	}
	versions, _ := filepath.Glob(filepath.Join(lib, "modules", "*"))
	if len(versions) != 1 {
		return fmt.Errorf("unpacked kernel: %d folders under lib/modules, wanted one", len(versions))
	}
	version := filepath.Base(versions[0])
	if err := placeImage(root, version); err != nil {
		return err
	}
	_, err := run("depmod", "-b", root, version)
	return err
}

// placeImage links boot/vmlinuz-VERSION to the kernel, which Debian 14 ships
// beside its modules.
func placeImage(root, version string) error {
	beside := filepath.Join("lib", "modules", version, "vmlinuz")
	if _, err := os.Stat(filepath.Join(root, beside)); err != nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Join(root, "boot"), 0o755); err != nil {
		return err
	}
	return os.Symlink(filepath.Join("..", beside), filepath.Join(root, "boot", "vmlinuz-"+version))
}

// lock takes an exclusive lock on a file; it falls with the process.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { f.Close() }, nil
}

// sbin is searched after PATH: Debian's mkfs, depmod and sfdisk lie there and
// a plain user's PATH does not name it.
const sbin = "/usr/local/sbin:/usr/sbin:/sbin"

// run runs a host tool and returns its standard output; an error holds the
// whole command and what it said.
func run(name string, args ...string) (string, error) { return runIn("", name, args...) }

func runIn(dir, name string, args ...string) (string, error) {
	path, err := lookTool(name)
	if err != nil {
		return "", err
	}
	var out, errs strings.Builder
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &errs
	cmd.Env = append(os.Environ(), "LC_ALL=C", "PATH="+os.Getenv("PATH")+":"+sbin)
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(errs.String()+out.String()))
	}
	return out.String(), nil
}

func lookTool(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	for dir := range strings.SplitSeq(sbin, ":") {
		path := filepath.Join(dir, name)
		if st, err := os.Stat(path); err == nil && st.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", fmt.Errorf("program %s is missing: apt-get install %s", name, packageOf(name))
}

// packageOf names the Debian package of a host tool.
func packageOf(tool string) string {
	switch tool {
	case "qemu-system-x86_64":
		return "qemu-system-x86"
	case "qemu-system-aarch64":
		return "qemu-system-arm"
	case "aarch64-linux-gnu-gcc":
		return "gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
	case "mkfs.f2fs", "sload.f2fs":
		return "f2fs-tools"
	case "mkfs.vfat":
		return "dosfstools"
	case "mcopy":
		return "mtools"
	case "mkfs.ext4", "debugfs", "e2fsck":
		return "e2fsprogs"
	case "mkfs.xfs":
		return "xfsprogs"
	case "mkfs.btrfs":
		return "btrfs-progs"
	case "mksquashfs":
		return "squashfs-tools"
	case "mkfs.erofs":
		return "erofs-utils"
	case "sfdisk":
		return "fdisk"
	case "depmod", "modprobe", "modinfo":
		return "kmod"
	case "cc":
		return "gcc libc6-dev"
	}
	return tool
}
