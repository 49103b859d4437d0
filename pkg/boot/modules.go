package boot

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/preroot/preroot/pkg/kmod"
	"github.com/preroot/preroot/pkg/timeline"
)

// modulesDir is the directory of the running kernel's modules.
func (b *Boot) modulesDir() (string, error) { return ModulesDir(b.m.Files) }

// ModulesDir is the directory of the running kernel's modules, relative to the root of files.
func ModulesDir(files fs.FS) (string, error) {
	release, err := fs.ReadFile(files, "proc/sys/kernel/osrelease")
	if err != nil {
		return "", err
	}
	name := strings.TrimSpace(string(release))
	for _, dir := range []string{"lib/modules/", "usr/lib/modules/"} {
		if _, err := fs.Stat(files, dir+name+"/modules.dep.bin"); err == nil {
			return dir + name, nil
		}
	}
	return "", fmt.Errorf("/lib/modules/%s/modules.dep.bin is not in the image", name)
}

func (b *Boot) newLoader(index *kmod.Index) *kmod.Loader {
	policy, problems := kmod.ReadPolicy(b.m.Files)
	for _, p := range problems {
		b.m.Log.Warnf("%v", p)
	}
	c := b.config
	policy.AddCommandLine(append(c.Blacklist, c.DriverPost...), c.ModuleBlacklist, c.ModuleParams)
	compression, _ := fs.ReadFile(b.m.Files, "sys/module/compression")
	return kmod.NewLoader(index, policy, b.m.Kernel, kmod.Options{
		Spawn:        func(name string, f func()) { b.spawn(name, nil, f) },
		Decompresses: string(compression),
		Report:       b.moduleResult,
	})
}

func (b *Boot) moduleResult(r kmod.Result) {
	if r.Already {
		return
	}
	end := b.spans.Now()
	b.spans.Add(timeline.Span{Kind: "module", Name: r.Module, Start: end - r.Duration, Length: r.Duration, Failed: r.Err != nil})
	b.m.Log.Debugf("module %s for %s", r.Module, r.For)
}

// forcedModules are loaded first and in any case: the chain of the image and of rd.driver.pre=, and modules-load.d.
func (b *Boot) forcedModules() []string {
	return append(b.config.DriverPre, kmod.ReadModulesLoad(b.m.Files)...)
}

// loadFileSystem sees to it that the kernel knows a file system type.
func (b *Boot) loadFileSystem(fstype string) error {
	if b.knowsFileSystem(fstype) {
		return nil
	}
	if b.loader == nil {
		return fmt.Errorf("file system %s is not built into this kernel, and the image has no modules", fstype)
	}
	if err := b.loader.Load("fs-" + fstype); err != nil && !b.knowsFileSystem(fstype) {
		if err := b.loader.Load(fstype); err != nil && !b.knowsFileSystem(fstype) {
			return fmt.Errorf("file system %s needs module %s, which is not in this image or does not load: %w", fstype, fstype, err)
		}
	}
	return nil
}

func (b *Boot) knowsFileSystem(fstype string) bool {
	_, known := b.fileSystem(fstype)
	return known
}

// needsNoDevice says whether a type is one like tmpfs, which lies on no block device.
func (b *Boot) needsNoDevice(fstype string) bool {
	nodev, known := b.fileSystem(fstype)
	return known && nodev
}

// fileSystem looks a type up in /proc/filesystems (proc(5)).
func (b *Boot) fileSystem(fstype string) (nodev, known bool) {
	list, err := fs.ReadFile(b.m.Files, "proc/filesystems")
	if err != nil {
		return false, false
	}
	for _, line := range strings.Split(string(list), "\n") {
		if kind, name, ok := strings.Cut(line, "\t"); ok && name == fstype {
			return kind == "nodev", true
		}
	}
	return false, false
}
