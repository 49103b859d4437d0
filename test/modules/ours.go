package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/preroot/preroot/pkg/dracutmod"
	"github.com/preroot/preroot/pkg/image"
)

// modulesDir is where Debian's dracut has its modules.
const modulesDir = "/usr/lib/dracut/modules.d"

// ours runs modules inside the system, and lists what they put into an image: a line for each file, "d", "f", "l", "c" or "b" and its path. Warnings begin with "!".
func ours(named, kver, prefer string, words []string, out io.Writer) error {
	kernel, err := image.OpenKernel("/lib/modules", kver)
	if err != nil {
		return err
	}
	stage, err := os.MkdirTemp("", "stage-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(stage)
	vars := map[string]string{}
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		vars[name] = value
	}
	r, err := dracutmod.Run(dracutmod.Options{Dirs: []string{modulesDir}, Force: strings.Fields(named), Only: true, Prefer: strings.Fields(prefer), Stage: stage, KVER: kver, Kernel: kernel, Vars: vars})
	if err != nil {
		return err
	}
	for _, m := range r.Modules {
		fmt.Fprintln(out, "@"+m.Number+m.Name)
	}
	for _, w := range r.Warnings {
		fmt.Fprintln(out, "!"+w)
	}
	for _, name := range kernel.With(r.KernelModules...) {
		fmt.Fprintf(out, "f usr/lib/modules/%s/%s\n", kver, kernel.Path(name))
	}
	return filepath.WalkDir(stage, func(file string, d fs.DirEntry, err error) error {
		if err != nil || file == stage {
			return err
		}
		below, err := filepath.Rel(stage, file)
		kind := map[fs.FileMode]string{0: "f", fs.ModeDir: "d", fs.ModeSymlink: "l", fs.ModeDevice | fs.ModeCharDevice: "c", fs.ModeDevice: "b"}[d.Type()]
		fmt.Fprintln(out, kind, below)
		return err
	})
}
