package vm

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Chain returns the files that modprobe would load for these modules, in load
// order, each once; built-in ones have none.
func (k Kernel) Chain(modules ...string) ([]string, error) {
	var files []string
	seen := map[string]bool{}
	for _, m := range modules {
		out, err := run("modprobe", "-d", k.Dir, "-S", k.Version, "--show-depends", m)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(out) {
			words := strings.Fields(line)
			if len(words) < 2 || words[0] != "insmod" || seen[words[1]] {
				continue
			}
			seen[words[1]] = true
			files = append(files, words[1])
		}
	}
	return files, nil
}

// Has tells whether the kernel has a driver, as a module or built in, by its
// modules.dep and modules.builtin.
func (k Kernel) Has(module string) (bool, error) {
	for _, list := range []string{"modules.dep", "modules.builtin"} {
		text, err := os.ReadFile(filepath.Join(k.ModulesDir(), list))
		if err != nil {
			return false, err
		}
		for line := range strings.Lines(string(text)) {
			file, _, _ := strings.Cut(strings.TrimSpace(line), ":")
			if moduleName(file) == strings.ReplaceAll(module, "-", "_") {
				return true, nil
			}
		}
	}
	return false, nil
}

// moduleName makes "virtio_blk" of "kernel/drivers/block/virtio_blk.ko.xz".
func moduleName(file string) string {
	name, _, _ := strings.Cut(filepath.Base(file), ".ko")
	return strings.ReplaceAll(name, "-", "_")
}

// FloorImage builds the initramfs of the floor (test/bench/floor.c): the
// program, the chain of modules unpacked, and their paths in load order.
func FloorImage(k Kernel, floor string, modules []string, rootdev string) ([]byte, error) {
	init, err := ReadEntry("init", floor)
	if err != nil {
		return nil, err
	}
	chain, err := LoadList(k, "mods", "m", modules...)
	if err != nil {
		return nil, err
	}
	entries := append([]Entry{init}, chain...)
	if rootdev != "" {
		entries = append(entries, Entry{Name: "rootdev", Mode: 0o644, Data: []byte(rootdev + "\n")})
	}
	return Archive(entries), nil
}

// LoadList returns the chain of some modules unpacked below the folder dir of an initramfs, and a file that lists their paths in load order.
func LoadList(k Kernel, list, dir string, modules ...string) ([]Entry, error) {
	files, err := k.Chain(modules...)
	if err != nil {
		return nil, err
	}
	var entries []Entry
	var names strings.Builder
	for _, f := range files {
		data, err := unpackModule(f)
		if err != nil {
			return nil, err
		}
		name := dir + "/" + moduleName(f) + ".ko"
		entries = append(entries, Entry{Name: name, Mode: 0o644, Data: data})
		fmt.Fprintf(&names, "/%s\n", name)
	}
	return append(entries, Entry{Name: list, Mode: 0o644, Data: []byte(names.String())}), nil
}

// unpackModule reads a module file and undoes its compression.
func unpackModule(file string) ([]byte, error) {
	switch filepath.Ext(file) {
	case ".xz":
		out, err := run("xz", "-dc", file)
		return []byte(out), err
	case ".zst":
		out, err := run("zstd", "-dc", file)
		return []byte(out), err
	}
	return os.ReadFile(file)
}

// FloorModules names the modules of the floor: a virtio disk with ext4. A
// kernel with ext4 as a module needs crc32c by name as well, since ext4 asks
// for it when it mounts.
func FloorModules(k Kernel) ([]string, error) {
	chain, err := k.Chain("ext4")
	if err != nil {
		return nil, err
	}
	modules := []string{"virtio_pci", "virtio_blk"}
	if len(chain) > 0 {
		modules = append(modules, "crc32c_generic", "ext4")
	}
	return modules, nil
}
