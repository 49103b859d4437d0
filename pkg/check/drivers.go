package check

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/preroot/preroot/pkg/kmod"
)

// ways are how an init gets modules into the kernel.
type ways struct {
	alias error           // why no driver is found by the modalias of its device; nil if that works
	named map[string]bool // modules that are loaded by name
	asked error           // why the kernel's own request for a module is not answered (/sbin/modprobe); nil if it is
	asks  bool            // that nothing else loads file systems and ciphers
}

// modprobe is how an image whose init loads no module for a file system answers the kernel.
func (j *judge) modprobe(w *ways) {
	w.asks, w.asked = true, j.runsAt("sbin/modprobe")
}

// drivers judges the drivers of the target: of each device, of the layers, of the file system.
func (j *judge) drivers(w ways) {
	for _, d := range j.target.Devices {
		j.driver(d, w)
	}
	for _, name := range j.target.Modules {
		j.wanted("module "+name, name, ways{})
	}
	for _, layer := range j.target.Layers {
		for _, name := range layerModules()[layer] {
			j.wanted("layer "+layer, name, w)
		}
	}
	j.ciphers(w)
	j.fileSystem(w)
	for _, f := range j.target.Firmware {
		j.firmware(f)
	}
	for _, f := range j.target.Files {
		j.file(f)
	}
}

// driver judges the driver of a device: one of those that the kernel has for it must come.
func (j *judge) driver(d Device, w ways) {
	what := "driver of " + d.Name
	here, all := j.modules.found(d.Modalias)
	if len(all) == 0 {
		all = here
	}
	// The driver that this device has: another one with the same alias may refuse it, as ata_generic does most controllers.
	if name := strings.ReplaceAll(d.Driver, "-", "_"); slices.Contains(all, name) || j.modules.builtin(name) {
		all = []string{name}
	}
	if len(all) == 0 && d.Driver != "" {
		all = []string{d.Driver}
	}
	if len(all) == 0 {
		j.bad(what, "the disk of root hangs on it", "", fmt.Sprintf("no module of kernel %s has the alias %s", j.report.Kernel, d.Modalias))
		return
	}
	var first error
	for _, name := range all {
		err := j.comes(name, slices.Contains(here, name), w)
		if err == nil {
			j.good(what, "%s%s", name, j.where(name))
			return
		}
		if first == nil {
			first = err
		}
	}
	j.bad(what, "the disk of root hangs on it", j.addDriver(all[0]), first.Error())
}

// comes says why a driver that a device needs does not come into the kernel.
func (j *judge) comes(name string, aliased bool, w ways) error {
	if j.modules.builtin(name) {
		return nil
	}
	if err := j.loadable(name); err != nil {
		return err
	}
	if w.named[name] || j.neededByNamed(name, w) {
		return nil
	}
	switch {
	case j.policy.Blacklist[name]:
		return fmt.Errorf("nothing loads %s: modprobe.d of the image has it on the blacklist", name)
	case w.alias != nil:
		return fmt.Errorf("nothing loads %s: %w", name, w.alias)
	case !aliased:
		err := j.modules.index.Err()
		if err == nil {
			err = fmt.Errorf("modules.alias.bin does not know the device")
		}
		return fmt.Errorf("nothing finds %s: %w", name, err)
	}
	return nil
}

// neededByNamed says whether a module comes since one that is loaded by name needs it.
func (j *judge) neededByNamed(name string, w ways) bool {
	for n := range w.named {
		if slices.Contains(j.modules.index.Deps(n), name) {
			return true
		}
	}
	return false
}

// where says where a module is.
func (j *judge) where(name string) string {
	if j.modules.builtin(name) {
		return ", built into the kernel"
	}
	return ", in the image"
}

// wanted judges a module by its name or an alias: one that it leads to must be loadable.
func (j *judge) wanted(what, word string, w ways) {
	_, all := j.modules.found(word)
	if len(all) == 0 {
		all = []string{strings.ReplaceAll(word, "-", "_")}
	}
	var first error
	for _, name := range all {
		err := j.loadable(name)
		if err == nil && w.asks && !j.modules.builtin(name) && !w.named[name] {
			err = j.answered(word, name, w)
		}
		if err == nil {
			j.good(what, "%s%s", name, j.where(name))
			return
		}
		if first == nil {
			first = err
		}
	}
	j.bad(what, "root cannot be mounted without it", j.addDriver(all[0]), first.Error())
}

// answered says why /sbin/modprobe does not load a module that the kernel asks for by a word. That of busybox reads the text files of
// depmod, that of kmod the others.
func (j *judge) answered(word, name string, w ways) error {
	if w.asked != nil {
		return fmt.Errorf("nothing loads %s: %w", name, w.asked)
	}
	data, _ := j.tree.ReadFile("sbin/modprobe")
	if !isBusybox(data) {
		if word != name && !slices.Contains(j.modules.index.Resolve(word), name) {
			return fmt.Errorf("nothing loads %s: modules.alias.bin of the image does not know %s", name, word)
		}
		return nil
	}
	for _, f := range []struct {
		file, key string
		read      func(string) []kmod.Entry
	}{{"modules.dep", name, kmod.DepEntries}, {"modules.alias", strings.ReplaceAll(word, "-", "_"), kmod.AliasEntries}} {
		text, _ := j.tree.ReadFile(path.Join(j.modules.dir, f.file))
		if word != name && !slices.ContainsFunc(f.read(string(text)), func(e kmod.Entry) bool { return e.Key == f.key }) {
			return fmt.Errorf("nothing loads %s: modprobe is busybox's, and %s does not know %s", name, f.file, f.key)
		}
	}
	return nil
}

// checksums are the algorithms that file systems ask the kernel for when they are mounted.
func checksums(fstype string) string {
	switch fstype {
	case "ext4", "ext3", "ext2", "xfs", "btrfs", "nilfs2":
		return "crc32c"
	case "f2fs":
		return "crc32"
	}
	return ""
}

func (j *judge) fileSystem(w ways) {
	fstype := j.target.FSType
	if fstype == "" {
		return
	}
	word := "fs-" + fstype
	if here, all := j.modules.found(word); len(here)+len(all) == 0 {
		word = fstype
	}
	if j.modules.builtin(fstype) {
		word = fstype
	}
	j.wanted("file system "+fstype, word, w)
	if sum := checksums(fstype); sum != "" && !j.modules.builtin(fstype) {
		j.checksum(sum, fstype, w)
	}
}

// checksum judges an algorithm: built in, loaded by name, or found when the kernel asks. Kernels since 6.14 have them as
// functions of their own, which modules need like any other symbol.
func (j *judge) checksum(sum, fstype string, w ways) {
	here, all := j.modules.found("crypto-" + sum)
	if len(all) == 0 || j.modules.builtin(sum+"_generic") { // modules hide what is built in
		return
	}
	if !w.asks && j.softdepLost(sum, fstype) {
		j.bad("checksum "+sum+" of "+fstype, "root cannot be mounted without it", j.addDriver(sum), "nothing loads "+sum+": modules.softdep names it, and modules.alias.bin of the image does not know it")
		return
	}
	// Those that need a certain processor have its alias: they are loaded for it. Every processor of these days has that. An index that is cut off may lack
	// it; that it has the other alias tells.
	for _, name := range all {
		if w.alias == nil && slices.Contains(here, name) && !strings.HasSuffix(name, "_generic") && j.loadable(name) == nil {
			j.good("checksum "+sum+" of "+fstype, "%s%s", name, j.where(name))
			return
		}
	}
	j.wanted("checksum "+sum+" of "+fstype, "crypto-"+sum, w)
}

// softdepLost says whether a file system names an algorithm as a soft dependency, by its own module or one that it needs, and the image's index leads to
// nothing: an image in which nobody answers the kernel has it loaded by that word.
func (j *judge) softdepLost(sum, fstype string) bool {
	index, named := j.modules.index, false
	for _, module := range append(index.Deps(fstype), fstype) {
		for _, word := range index.AllSoftdeps(module) {
			if strings.TrimPrefix(word, "crypto-") != sum {
				continue
			}
			if slices.ContainsFunc(index.Resolve(word), func(name string) bool { return j.loadable(name) == nil }) {
				return false
			}
			named = true
		}
	}
	return named
}

// firmware judges a file that a driver asks the kernel for.
func (j *judge) firmware(name string) {
	for _, dir := range []string{"lib/firmware/updates/", "lib/firmware/"} {
		for _, end := range []string{"", ".xz", ".zst"} {
			if j.has(dir + name + end) {
				j.good("firmware "+name, "%s, in the image", dir+name+end)
				return
			}
		}
	}
	j.bad("firmware "+name, "a driver on the way to root asks for it", j.addFile("/lib/firmware/"+name), "lib/firmware/"+name+" is not in the image")
}

func (j *judge) file(name string) {
	if data, err := j.tree.ReadFile(name); err != nil || len(data) == 0 {
		j.bad("file "+name, "a layer below root is opened with it", j.addFile("/"+name), "/"+name+" is not in the image, or is empty")
		return
	}
	j.good("file "+name, "is there")
}
