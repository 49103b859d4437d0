package vm

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// StagedImage is the image for a test that preroot's own builder is no part
// of: /init, the chain of some modules unpacked, depmod's indexes over them
// and the word that loads them. Extra entries are added.
func StagedImage(k Kernel, init string, modules []string, extra ...Entry) ([]byte, error) {
	files, err := k.Chain(modules...)
	if err != nil {
		return nil, err
	}
	program, err := ReadEntry("init", init)
	if err != nil {
		return nil, err
	}
	entries := append(emptyDirs("dev", "proc", "sys", "run", "tmp", "sysroot", "etc/cmdline.d"), program)
	entries = append(entries, Entry{Name: "sbin/modprobe", Mode: fs.ModeSymlink | 0o777, Data: []byte("../init")})
	entries = append(entries, Entry{Name: "etc/cmdline.d/20-drivers.conf", Mode: 0o644, Data: []byte(driverWords(files))})
	mods, err := stageModules(k, files)
	if err != nil {
		return nil, err
	}
	return Archive(append(append(entries, mods...), extra...)), nil
}

func emptyDirs(names ...string) []Entry {
	var dirs []Entry
	for _, n := range names {
		dirs = append(dirs, Entry{Name: n, Mode: fs.ModeDir | 0o755})
	}
	return dirs
}

func driverWords(files []string) string {
	var names []string
	for _, f := range files {
		names = append(names, moduleName(f))
	}
	if len(names) == 0 {
		return ""
	}
	return "rd.driver.pre=" + strings.Join(names, ",") + "\n"
}

// stageModules unpacks the files into a folder, indexes them, and returns the
// folder's content as entries.
func stageModules(k Kernel, files []string) ([]Entry, error) {
	tmp, err := os.MkdirTemp("", "stage-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	dir := filepath.Join(tmp, "lib/modules", k.Version)
	for _, f := range files {
		_, inside, _ := strings.Cut(f, "/"+k.Version+"/")
		data, err := unpackModule(f)
		if err != nil {
			return nil, err
		}
		to := filepath.Join(dir, filepath.Dir(inside), strings.TrimSuffix(strings.TrimSuffix(filepath.Base(inside), ".xz"), ".zst"))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(to, data, 0o644); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	for _, list := range []string{"modules.order", "modules.builtin", "modules.builtin.modinfo"} {
		if err := copyFile(filepath.Join(k.ModulesDir(), list), filepath.Join(dir, list), 0o644); err != nil {
			return nil, err
		}
	}
	if _, err := run("depmod", "-b", tmp, k.Version); err != nil {
		return nil, err
	}
	return readTree(tmp)
}

func readTree(root string) ([]Entry, error) {
	var entries []Entry
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		e, err := ReadEntry(strings.TrimPrefix(p, root+"/"), p)
		entries = append(entries, e)
		return err
	})
	return entries, err
}

// A Build is a call of "preroot build", the product's own builder.
type Build struct {
	Builder string // build/preroot
	Init    string // build/init
	Drivers string // "" for a generic image
	Args    []string
}

// Make builds an image of preroot for this kernel at path.
func (b Build) Make(k Kernel, path string) error {
	args := []string{"build", "-f", "--init", b.Init, "--modules-dir", k.ModulesDir()}
	if b.Drivers == "" {
		args = append(args, "--generic")
	} else {
		args = append(args, "--drivers", b.Drivers)
	}
	// What the host types on, and how it checks file systems, is no part of a test, unless Args says so.
	args = append(args, "--keymap", "none", "--font", "none")
	if !slices.Contains(b.Args, "--fscks") {
		args = append(args, "--nofscks")
	}
	args = append(append(args, b.Args...), path, k.Version)
	out, err := exec.Command(b.Builder, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", b.Builder, strings.Join(args, " "), err, out)
	}
	return nil
}

// Extend writes an image to to that is the image base with more entries behind it: the kernel unpacks one archive after the other.
func Extend(base, to string, entries []Entry) error {
	data, err := os.ReadFile(base)
	if err != nil {
		return err
	}
	// An archive that is not compressed must start at a multiple of four.
	data = append(data, make([]byte, -len(data)&3)...)
	return os.WriteFile(to, append(data, Archive(entries)...), 0o644)
}
