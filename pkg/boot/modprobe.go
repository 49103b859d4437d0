package boot

import (
	"io/fs"
	"strings"

	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/pkg/cmdline"
	"github.com/preroot/preroot/pkg/config"
	"github.com/preroot/preroot/pkg/kmod"
)

// Modprobe is the applet that the kernel starts for request_module: "modprobe -q -- NAME". It takes no lock and asks nobody: the
// engine may be inside finit_module of the very module that asks. It returns an exit status.
func Modprobe(args []string) int {
	if loadModules(linux.Tree{}, names(args)) != nil {
		return 1
	}
	return 0
}

// loadModules loads modules by the files of the image and the words of the command line alone.
func loadModules(files fs.FS, names []string) error {
	dir, err := ModulesDir(files)
	if err != nil {
		return err
	}
	index, err := kmod.Open(files, dir)
	if err != nil {
		return err
	}
	policy, _ := kmod.ReadPolicy(files)
	sources, _ := cmdline.Read(files)
	c, _, _ := config.Load(sources)
	policy.AddCommandLine(append(c.Blacklist, c.DriverPost...), c.ModuleBlacklist, c.ModuleParams)
	compression, _ := fs.ReadFile(files, "sys/module/compression")
	loader := kmod.NewLoader(index, policy, linux.Modules{}, kmod.Options{Decompresses: string(compression)})
	return loader.Load(names...)
}

// names leaves out options; only those that change nothing here are known.
func names(args []string) []string {
	var list []string
	for _, a := range args {
		if !strings.HasPrefix(a, "-") {
			list = append(list, a)
		}
	}
	return list
}
