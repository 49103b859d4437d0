package vm

import (
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A Root says what root disk to make. No privilege and no loop device is
// needed: each mkfs fills its image from a folder.
type Root struct {
	FS    string // ext4 (if ""), or another of Filesystems; iso9660 is a disc
	Table string // "" for a bare file system, "gpt" or "mbr"
	Label string // "benchroot" if "", in capitals on vfat; squashfs and erofs have none
	UUID  string // RootUUID if ""; squashfs has none, vfat always has RootFATID

	// Init is a static program that becomes /sbin/init.
	Init string
	// Files are put into the root as well: path inside -> host file.
	Files map[string]string
	// Dirs are more empty folders, beside those that every root has.
	Dirs []string

	SizeMiB int // size of the file system; the smallest usual one if 0
	Block   int // that of an ext4, in bytes; what mkfs takes for the size if 0

	// Card makes the image's size a power of two, as QEMU wants of an SD card.
	Card bool
}

// RootUUID is the UUID of a root made without one.
const RootUUID = "11111111-2222-3333-4444-555555555555"

// RootFATID is the number of every vfat root, as blkid writes it.
const RootFATID = "1111-2222"

// Identities of the partition tables that Root makes.
const (
	DiskGUID = "0FC63DAF-0000-4000-8000-0000000000AA" // the GPT itself
	PartUUID = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee" // its one partition
	PartName = "rootpart"
	DiskID   = "1234abcd" // of the MBR; its partition is DiskID-01
)

// Filesystems lists what Root.FS may be.
func Filesystems() []string {
	return []string{"ext4", "xfs", "btrfs", "f2fs", "squashfs", "erofs", "vfat"}
}

// UUIDOf is the UUID of a root made without one, as blkid writes it; "" where
// the file system has none.
func UUIDOf(fs string) string {
	switch fs {
	case "squashfs", "iso9660": // that of a disc is the time of its making
		return ""
	case "vfat":
		return RootFATID
	}
	return RootUUID
}

// Make writes the image to path, which must not exist.
func (r Root) Make(path string) error {
	r = r.withDefaults()
	tree, err := r.tree(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer os.RemoveAll(tree)
	if r.Table == "" {
		if err := r.mkfs(tree, path); err != nil || !r.Card {
			return err
		}
		return growToPower(path)
	}
	part := path + ".part"
	defer os.Remove(part)
	if err := r.mkfs(tree, part); err != nil {
		return err
	}
	return r.partition(part, path)
}

func (r Root) withDefaults() Root {
	if r.FS == "" {
		r.FS = "ext4"
	}
	if r.Label == "" {
		r.Label = "benchroot"
		if r.FS == "vfat" {
			r.Label = "BENCHROOT"
		}
	}
	if r.UUID == "" {
		r.UUID = RootUUID
	}
	if r.SizeMiB == 0 {
		r.SizeMiB = 256
		if r.FS == "xfs" {
			r.SizeMiB = 320 // mkfs.xfs refuses less than 300
		}
	}
	return r
}

// rootDirs are the empty folders that every root has.
var rootDirs = []string{"dev", "proc", "sys", "run", "tmp", "etc", "sbin", "usr/lib", "mnt"}

// tree lays the content out in a temporary folder.
func (r Root) tree(near string) (string, error) {
	tree, err := os.MkdirTemp(near, "tree-")
	if err != nil {
		return "", err
	}
	// MkdirTemp makes 0700, and mkfs takes that for the root folder's mode.
	if err := os.Chmod(tree, 0o755); err != nil {
		return tree, err
	}
	for _, d := range slices.Concat(rootDirs, r.Dirs) {
		if err := os.MkdirAll(filepath.Join(tree, d), 0o755); err != nil {
			return tree, err
		}
	}
	if err := os.WriteFile(filepath.Join(tree, "usr/lib/os-release"), []byte("ID=benchroot\nNAME=benchroot\n"), 0o644); err != nil {
		return tree, err
	}
	if r.Init != "" {
		if err := copyFile(r.Init, filepath.Join(tree, "sbin/init"), 0o755); err != nil {
			return tree, err
		}
	}
	for inside, host := range r.Files {
		to := filepath.Join(tree, inside)
		st, err := os.Stat(host)
		if err != nil {
			return tree, err
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return tree, err
		}
		if err := copyFile(host, to, st.Mode().Perm()); err != nil {
			return tree, err
		}
	}
	return tree, nil
}

// mkfs makes a bare file system.
func (r Root) mkfs(tree, path string) error {
	switch r.FS {
	case "squashfs", "erofs", "iso9660": // sized by their content
	default:
		if err := sparse(path, int64(r.SizeMiB)<<20); err != nil {
			return err
		}
	}
	var err error
	switch r.FS {
	case "ext4":
		args := []string{"-q", "-F", "-d", tree, "-L", r.Label, "-U", r.UUID}
		if r.Block > 0 {
			args = append(args, "-b", strconv.Itoa(r.Block))
		}
		_, err = run("mkfs.ext4", append(args, path)...)
	case "btrfs":
		_, err = run("mkfs.btrfs", "-q", "-f", "--rootdir", tree, "-L", r.Label, "-U", r.UUID, path)
	case "squashfs":
		_, err = run("mksquashfs", tree, path, "-noappend", "-quiet", "-no-progress", "-all-root", "-comp", "zstd")
	case "erofs":
		_, err = run("mkfs.erofs", "--quiet", "--all-root", "-U", r.UUID, path, tree)
	case "iso9660": // with Rock Ridge, all of root
		_, err = run("genisoimage", "-quiet", "-r", "-V", r.Label, "-o", path, tree)
	case "xfs":
		err = r.mkfsXFS(tree, path)
	case "f2fs":
		_, err = run("mkfs.f2fs", "-q", "-f", "-l", r.Label, "-U", r.UUID, path)
		if err == nil {
			_, err = run("sload.f2fs", "-f", tree, path)
		}
	case "vfat":
		err = r.mkfsVFAT(tree, path)
	default:
		err = fmt.Errorf("root: no file system %q: write one of %s", r.FS, strings.Join(Filesystems(), ", "))
	}
	return err
}

func (r Root) mkfsVFAT(tree, path string) error {
	if _, err := run("mkfs.vfat", "-n", r.Label, "-i", strings.ReplaceAll(RootFATID, "-", ""), path); err != nil {
		return err
	}
	entries, err := filepath.Glob(filepath.Join(tree, "*"))
	if err != nil {
		return err
	}
	args := append([]string{"-s", "-i", path}, entries...)
	_, err = run("mcopy", append(args, "::/")...)
	return err
}

// mkfsXFS fills the file system from a prototype file (mkfs.xfs(8), -p).
func (r Root) mkfsXFS(tree, path string) error {
	var b strings.Builder
	b.WriteString("/\n0 0\nd--755 0 0\n")
	if err := protoDir(&b, tree, 1); err != nil {
		return err
	}
	b.WriteString("$\n")
	proto := path + ".proto"
	defer os.Remove(proto)
	if err := os.WriteFile(proto, []byte(b.String()), 0o644); err != nil {
		return err
	}
	_, err := run("mkfs.xfs", "-q", "-f", "-L", r.Label, "-m", "uuid="+r.UUID, "-p", proto, path)
	return err
}

func protoDir(b *strings.Builder, dir string, depth int) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	indent := strings.Repeat(" ", depth)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return err
		}
		host := filepath.Join(dir, e.Name())
		if !e.IsDir() {
			fmt.Fprintf(b, "%s%s ---%03o 0 0 %s\n", indent, e.Name(), info.Mode().Perm(), host)
			continue
		}
		fmt.Fprintf(b, "%s%s d--%03o 0 0\n", indent, e.Name(), info.Mode().Perm())
		if err := protoDir(b, host, depth+1); err != nil {
			return err
		}
		fmt.Fprintf(b, "%s$\n", indent)
	}
	return nil
}

const partStart = 1 << 20 // bytes; sfdisk's own choice

// partition makes a disk with one partition that holds the file system.
func (r Root) partition(part, path string) error {
	st, err := os.Stat(part)
	if err != nil {
		return err
	}
	size := (st.Size() + partStart - 1) / partStart * partStart
	// The second MiB of slack holds the backup GPT.
	whole := partStart + size + partStart
	if r.Card {
		whole = power(whole)
	}
	if err := sparse(path, whole); err != nil {
		return err
	}
	script, err := r.table(size)
	if err != nil {
		return err
	}
	in := path + ".sfdisk"
	defer os.Remove(in)
	if err := os.WriteFile(in, []byte(script), 0o644); err != nil {
		return err
	}
	if _, err := run("sh", "-c", `sfdisk -q --no-reread --no-tell-kernel "$1" <"$2"`, "sh", path, in); err != nil {
		return err
	}
	_, err = run("dd", "if="+part, "of="+path, "bs=1M", "seek=1", "conv=notrunc,sparse", "status=none")
	return err
}

// table returns sfdisk's input.
func (r Root) table(size int64) (string, error) {
	sectors := strconv.FormatInt(size/512, 10)
	switch r.Table {
	case "gpt":
		return "label: gpt\nlabel-id: " + DiskGUID + "\nstart=2048, size=" + sectors +
			", type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, uuid=" + PartUUID + ", name=\"" + PartName + "\"\n", nil
	case "mbr":
		return "label: dos\nlabel-id: 0x" + DiskID + "\nstart=2048, size=" + sectors + ", type=83\n", nil
	}
	return "", fmt.Errorf("root: no partition table %q: write gpt or mbr", r.Table)
}

// power returns the least power of two that is not less than size.
func power(size int64) int64 { return 1 << bits.Len64(uint64(size-1)) }

// growToPower appends a hole to a file.
func growToPower(path string) error {
	st, err := os.Stat(path)
	if err != nil {
		return err
	}
	return os.Truncate(path, power(st.Size()))
}

// sparse makes a file of holes.
func sparse(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Truncate(size)
}

func copyFile(from, to string, mode os.FileMode) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, mode)
}

// MakeExt4 makes an ext4 in a file that has its size already, with the content and the owners of a folder.
func MakeExt4(tree, path string) error {
	_, err := run("mkfs.ext4", "-q", "-F", "-d", tree, path)
	return err
}

// Clone copies an image and keeps its holes; for boots that write.
func Clone(from, to string) error {
	_, err := run("cp", "--sparse=always", from, to)
	return err
}

// FileInRoot tells whether a bare ext4 image holds a file: the oracle of boots
// whose console says nothing.
func FileInRoot(image, file string) (bool, error) {
	out, err := run("debugfs", "-R", "stat "+file, image)
	return strings.Contains(out, "Inode:"), err
}

// CompileC builds a static C program with the host's compiler.
func CompileC(source, out string) error { return CompileFor(AMD64, source, out) }

// CompileFor builds a static C program for a kind of machine.
func CompileFor(a Arch, source, out string) error {
	_, err := run(a.cc(), "-O2", "-static", "-Wall", "-o", out, source)
	return err
}
