package initrd

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

//go:embed linuxrc
var scripts embed.FS

// Sources are the C programs of the roots and initrds, below the folder of the project.
const (
	initSource    = "test/initrd/init.c"
	linuxrcSource = "test/initrd/linuxrc.c"
)

// folders are the directories of every image; modules lie in m, where there are any.
const folders = "bin dev etc m mnt proc root sbin sys sysroot tmp"

// applets are the commands of busybox that the scripts use.
const applets = "cat chroot echo grep insmod mknod mount pivot_root printf sed sh sleep umount"

// A Maker makes images and disks in a workshop, and boots them.
type Maker struct {
	Shop *vm.Workshop
	// Virtual lets a guest count instructions instead of seconds, where it talks to nobody: slower, but no time limit of the guest passes while the host does
	// something else.
	Virtual bool
}

// program compiles a C program, once.
func (m Maker) program(source string) (string, error) {
	return m.Shop.Make(filepath.Base(source)+".static", func(path string) error { return vm.CompileC(source, path) })
}

// Image makes the initrd of a case at path, with the modules of a kernel; what lies there is replaced.
func (m Maker) Image(c Case, k vm.Kernel, path string) error {
	entries, err := m.content(c, k)
	if err != nil {
		return err
	}
	tree, err := os.MkdirTemp(filepath.Dir(path), "tree-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tree)
	if err := layOut(entries, tree); err != nil {
		return err
	}
	plain := path + ".plain"
	defer os.Remove(plain)
	if err := MakeFS(c.FS, tree, plain); err != nil {
		return err
	}
	return Compress(c.Pack, plain, path)
}

// content is what is in an image.
func (m Maker) content(c Case, k vm.Kernel) ([]vm.Entry, error) {
	var entries []vm.Entry
	for _, d := range strings.Fields(folders) {
		entries = append(entries, vm.Entry{Name: d, Mode: fs.ModeDir | 0o755})
	}
	entries = append(entries, vm.Entry{Name: "etc/disk", Mode: 0o644, Data: []byte("initrd\n")})
	if c.Init {
		init, err := m.entry("sbin/init", initSource)
		if err != nil {
			return nil, err
		}
		entries = append(entries, init)
	}
	switch c.Linuxrc {
	case "":
		return entries, nil
	case filepath.Base(linuxrcSource):
		e, err := m.entry("linuxrc", linuxrcSource)
		return append(entries, e), err
	}
	more, err := scripted(c, k)
	return append(entries, more...), err
}

// entry is a compiled program as a file of an image.
func (m Maker) entry(name, source string) (vm.Entry, error) {
	path, err := m.program(source)
	if err != nil {
		return vm.Entry{}, err
	}
	e, err := vm.ReadEntry(name, path)
	e.Mode = 0o755
	return e, err
}

// scripted is a /linuxrc for the shell with all that it needs.
func scripted(c Case, k vm.Kernel) ([]vm.Entry, error) {
	script, err := scripts.ReadFile("linuxrc/" + c.Linuxrc)
	if err != nil {
		return nil, err
	}
	lib, err := scripts.ReadFile("linuxrc/lib.sh")
	if err != nil {
		return nil, err
	}
	busybox, err := vm.ReadEntry("bin/busybox", "/bin/busybox")
	if err != nil {
		return nil, fmt.Errorf("%w: apt-get install busybox-static", err)
	}
	modules, err := vm.LoadList(k, "modules", "m", c.ModuleNames()...)
	if err != nil {
		return nil, err
	}
	entries := append(modules, busybox, vm.Entry{Name: "linuxrc", Mode: 0o755, Data: script}, vm.Entry{Name: "lib.sh", Mode: 0o644, Data: lib})
	for _, a := range strings.Fields(applets) {
		entries = append(entries, vm.Entry{Name: "bin/" + a, Mode: fs.ModeSymlink | 0o777, Data: []byte("busybox")})
	}
	return entries, nil
}

// epoch is the time of every file in an image.
var epoch = time.Date(1996, 6, 1, 0, 0, 0, 0, time.UTC)

// layOut writes the entries below a folder, all of one time.
func layOut(entries []vm.Entry, dir string) error {
	if err := os.Chmod(dir, 0o755); err != nil { // mkfs takes its mode for that of the root folder
		return err
	}
	if err := vm.Unpack(entries, dir); err != nil {
		return err
	}
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Type()&fs.ModeSymlink != 0 {
			return err
		}
		return os.Chtimes(path, epoch, epoch)
	})
}

// Filesystems are what an image can be made of from a folder, which mkfs.minix cannot.
func Filesystems() []string { return []string{"ext2", "ext4", "squashfs", "romfs", "cramfs"} }

// imageKiB is the size of images that are not sized by their content: bigger than what is in them, so that memory that is not given back shows.
const imageKiB = 8192

// MakeFS makes a file system image at path with the content of a folder.
func MakeFS(kind, tree, path string) error {
	switch kind {
	case "ext2", "ext4":
		return run("mke2fs", "-q", "-F", "-t", kind, "-b", "1024", "-m", "0", "-U", vm.RootUUID, "-E", "root_owner=0:0,hash_seed="+vm.RootUUID,
			"-d", tree, path, fmt.Sprint(imageKiB))
	case "squashfs":
		return run("mksquashfs", tree, path, "-noappend", "-quiet", "-no-progress", "-all-root", "-comp", "xz", "-mkfs-time", "0")
	case "romfs":
		return run("genromfs", "-f", path, "-d", tree, "-V", "initrd")
	case "cramfs":
		return run("mkfs.cramfs", "-n", "initrd", tree, path)
	}
	return fmt.Errorf("initrd: no file system %q: write one of %s", kind, strings.Join(Filesystems(), ", "))
}

// packers are the programs that compress, with what the unpackers of the kernel need: xz with the check of four bytes, lz4 in its old format.
var packers = map[string][]string{
	"gzip": {"gzip", "-9", "-n"}, "xz": {"xz", "--check=crc32"}, "zstd": {"zstd", "-q", "-19"}, "lz4": {"lz4", "-q", "-l", "-9"}, "bzip2": {"bzip2"},
}

// Packers are what an image can be compressed with.
func Packers() []string { return slices.Sorted(maps.Keys(packers)) }

// Compress writes a file compressed to another; pack is one of Packers, or "" for a copy.
func Compress(pack, from, to string) error {
	words := []string{"cat"}
	if pack != "" {
		var known bool
		if words, known = packers[pack]; !known {
			return fmt.Errorf("initrd: no compression %q: write one of %s", pack, strings.Join(Packers(), ", "))
		}
		words = append(words[:len(words):len(words)], "-c")
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", words[0], err)
	}
	return nil
}

// run runs a program of the host; Debian's mkfs programs lie where a plain user's PATH does not lead.
func run(name string, args ...string) error {
	cmd := exec.Command("env", append([]string{"PATH=" + os.Getenv("PATH") + ":/usr/sbin:/sbin", "LC_ALL=C", name}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, out)
	}
	return nil
}
