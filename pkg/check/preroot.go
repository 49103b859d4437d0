package check

import (
	"io/fs"
	"strings"

	"github.com/preroot/preroot/pkg/cmdline"
	"github.com/preroot/preroot/pkg/hooks"
	"github.com/preroot/preroot/pkg/kmod"
	"github.com/preroot/preroot/pkg/stock"
	"github.com/preroot/preroot/pkg/udevd"
)

// preroot judges an image of preroot: /init does all itself, and needs modules and their indexes. In one that dracut made it leaves
// the drivers to udevd, and runs the hooks (docs/dracut.md).
func (j *judge) preroot() {
	if j.udevdMode() {
		j.drivers(j.dracutWays(""))
		j.need(need{program, "sh", "it runs the hooks of dracut", ""})
		j.openLayers(j.hooksOf())
		j.problems()
		return
	}
	named := map[string]bool{}
	for _, word := range j.forced() {
		for _, name := range j.modules.index.Resolve(word) {
			named[name] = true
		}
	}
	j.drivers(ways{named: named}) // what the kernel may ask for, /init loads itself
	for _, layer := range j.target.Layers {
		j.helper(layer)
	}
	j.problems()
}

// udevdMode says whether /init leaves devices to the udevd of the image, as it decides itself (pkg/boot, mode.go).
func (j *judge) udevdMode() bool {
	if udevd.Find(j.tree, nil) == nil {
		return false
	}
	return stock.Find(j.tree) != nil || hooks.Find(j.tree).Any() || udevd.CallsInitqueue(j.tree)
}

// hooksOf says by whose way layers are opened in that mode: dracut's hooks, or its systemd, which the boot is left to where only that can do it.
func (j *judge) hooksOf() string {
	if stock.Find(j.tree) != nil && j.which("cryptroot-ask") == "" {
		return Systemd
	}
	return Dracut
}

// problems judges what is known of the machine beside devices and layers.
func (j *judge) problems() {
	for _, text := range j.target.Fatal {
		j.beyond("way to root", text, "a hook for a stage before mount that does it: preroot build --hooks DIR")
	}
	for _, text := range j.target.Doubt {
		j.doubt("way to root", "it could not be found out", text)
	}
}

// beyond judges what /init does not do: that fails, unless a hook of the image may do it.
func (j *judge) beyond(what, is, hint string) {
	const why = "no boot comes to the real init without it"
	if hook := j.hook(); hook != "" {
		j.doubt(what, why+"; it cannot be told whether the hooks of the image do it ("+hook+" is the first)", is)
		return
	}
	j.bad(what, why, hint, is)
}

// hook is the first hook that runs before root is mounted, or mounts it; "" for none.
func (j *judge) hook() string {
	finder := hooks.Find(j.tree)
	for _, stage := range hooks.Stages {
		if list := finder.Scripts(stage); len(list) > 0 {
			return list[0].Path
		}
		if stage == "mount" {
			break
		}
	}
	return ""
}

// forced are the modules that /init loads first: rd.driver.pre= of the image's own command line, and modules-load.d.
func (j *judge) forced() []string {
	var words []string
	for _, f := range j.glob("etc/cmdline.d/*.conf") {
		data, err := j.tree.ReadFile(f)
		if err != nil {
			continue
		}
		for _, word := range cmdline.Split(string(data)) {
			if word.Key == "rd.driver.pre" {
				words = append(words, strings.Split(word.Value, ",")...)
			}
		}
	}
	return append(words, kmod.ReadModulesLoad(fs.FS(j.tree))...)
}

// helper judges the program that opens a layer.
func (j *judge) helper(layer string) {
	name := map[string]string{"luks": "unlock", "lvm": "lvm"}[layer]
	if name == "" {
		j.beyond("layer "+layer, "root lies on an array of MD, and /init does not assemble one", "mdadm, and a hook for a stage before mount that calls it: preroot build --install mdadm --hooks DIR")
		return
	}
	file := "usr/lib/preroot/" + name
	if err := j.runsAt(file); err != nil {
		j.bad("layer "+layer, "it is opened by this program", "preroot build --"+layer, err.Error())
		return
	}
	j.good("layer "+layer, "%s", file)
}
