package trial

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// fileSystem makes one on a file of its size, with what belongs into it.
func (m *maker) fileSystem(file string, v *Volume) error {
	if m.Log != nil {
		fmt.Fprintf(m.Log, "making %s on %s\n", v.Type, v.Name)
	}
	tree, err := m.tree(v)
	if err != nil {
		return err
	}
	defer os.RemoveAll(tree)
	if err := mkfs(file, tree, v); err != nil {
		return fmt.Errorf("%s on %s: %w", v.Type, v.Name, err)
	}
	return nil
}

// with adds an option with its value, unless that is empty.
func with(args []string, name, value string) []string {
	if value == "" {
		return args
	}
	return append(args, name, value)
}

func mkfs(file, tree string, v *Volume) error {
	id := func(args ...string) []string { return with(with(args, "-L", v.Label), "-U", v.UUID) }
	var err error
	switch v.Type {
	case "ext2", "ext3", "ext4":
		_, err = run("", "mkfs."+v.Type, append(id("-q", "-F", "-d", tree), file)...)
	case "btrfs":
		_, err = run("", "mkfs.btrfs", append(id("-q", "-f", "--rootdir", tree), file)...)
	case "xfs":
		err = mkfsXFS(file, tree, v)
	case "f2fs":
		if _, err = run("", "mkfs.f2fs", append(with(with([]string{"-q", "-f"}, "-l", v.Label), "-U", v.UUID), file)...); err == nil {
			_, err = run("", "sload.f2fs", "-f", tree, file)
		}
	case "swap", "swsuspend":
		_, err = run("", "mkswap", append(id(), file)...)
	case "squashfs":
		if err = os.Remove(file); err == nil {
			_, err = run("", "mksquashfs", tree, file, "-noappend", "-quiet", "-no-progress", "-all-root")
		}
	case "erofs":
		_, err = run("", "mkfs.erofs", append(with([]string{"--quiet", "--all-root"}, "-U", v.UUID), file, tree)...)
	default:
		err = errNoMaker
	}
	return err
}

// mkfsXFS fills the file system from a prototype file (mkfs.xfs(8), -p).
func mkfsXFS(file, tree string, v *Volume) error {
	var b strings.Builder
	b.WriteString("/\n0 0\nd--755 0 0\n")
	if err := prototype(&b, tree); err != nil {
		return err
	}
	b.WriteString("$\n")
	proto := tree + ".proto"
	defer os.Remove(proto)
	if err := os.WriteFile(proto, []byte(b.String()), 0o600); err != nil {
		return err
	}
	args := with([]string{"-q", "-f", "-p", proto}, "-L", v.Label)
	if v.UUID != "" {
		args = append(args, "-m", "uuid="+v.UUID)
	}
	_, err := run("", "mkfs.xfs", append(args, file)...)
	return err
}

func prototype(b *strings.Builder, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.IsDir() {
			fmt.Fprintf(b, "%s ---755 0 0 %s\n", e.Name(), filepath.Join(dir, e.Name()))
			continue
		}
		fmt.Fprintf(b, "%s d--755 0 0\n", e.Name())
		if err := prototype(b, filepath.Join(dir, e.Name())); err != nil {
			return err
		}
		b.WriteString("$\n")
	}
	return nil
}

// tree lays out what a file system holds, in a new folder.
func (m *maker) tree(v *Volume) (string, error) {
	dir, err := os.MkdirTemp(m.dir, "tree-")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // mkfs takes the mode for that of the root
		return dir, err
	}
	for _, mark := range v.Marks {
		g := m.plan.Goal(mark)
		if g == nil || !strings.HasPrefix(mark, "/") {
			continue
		}
		for name, data := range m.files(g) {
			if err := put(filepath.Join(dir, g.Subvolume, name), data); err != nil {
				return dir, err
			}
		}
		if g.Name != "/" {
			continue
		}
		for _, name := range []string{"dev", "proc", "sys", "run", "tmp", "etc", "root", "usr", "mnt", "var"} {
			if err := os.MkdirAll(filepath.Join(dir, g.Subvolume, name), 0o755); err != nil {
				return dir, err
			}
		}
		for _, other := range m.plan.Goals {
			if strings.HasPrefix(other.Name, "/") {
				if err := os.MkdirAll(filepath.Join(dir, g.Subvolume, other.Name), 0o755); err != nil {
					return dir, err
				}
			}
		}
		program, err := os.ReadFile(m.Init)
		if err == nil {
			err = put(filepath.Join(dir, g.Subvolume, m.plan.Init), program)
		}
		if err != nil {
			return dir, err
		}
	}
	return dir, nil
}

const osRelease = "ID=preroot-trial\nNAME=\"preroot trial\"\n"

// files are what lies in the file system of a goal besides the init.
func (m *maker) files(g *Goal) map[string][]byte {
	files := map[string][]byte{markFile: []byte(g.Name + "\n")}
	switch g.Name {
	case "/":
		files["etc/fstab"] = []byte(m.plan.fstab())
		files["etc/os-release"], files["usr/lib/os-release"] = []byte(osRelease), []byte(osRelease)
	case "/usr":
		files["lib/os-release"] = []byte(osRelease)
	}
	return files
}

// put writes a file with the folders above it.
func put(file string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, data, fs.FileMode(0o755))
}

// fstab is that of the stand-in of root: the goals alone.
func (p *Plan) fstab() string {
	var b strings.Builder
	for _, g := range p.Goals {
		if strings.HasPrefix(g.Name, "/") {
			fmt.Fprintf(&b, "%s %s %s %s 0 0\n", escape(g.Spec), escape(g.Name), g.FSType, escape(nonempty(g.Options, "defaults")))
		}
	}
	return b.String()
}

// escape writes a field of fstab(5).
func escape(s string) string { return strings.NewReplacer(" ", `\040`, "\t", `\011`).Replace(s) }

func nonempty(a, b string) string {
	if a == "" {
		return b
	}
	return a
}
