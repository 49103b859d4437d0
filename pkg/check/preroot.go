package check

import (
	"io/fs"
	"strings"

	"github.com/preroot/preroot/pkg/cmdline"
	"github.com/preroot/preroot/pkg/kmod"
)

// preroot judges an image of preroot: /init does all itself, and needs modules and their indexes. In one that dracut made it leaves
// the drivers to udevd, and runs the hooks (docs/dracut.md).
func (j *judge) preroot() {
	if j.hasDracut() && j.which("udevadm") != "" {
		j.drivers(j.dracutWays(""))
		j.need(need{program, "sh", "it runs the hooks of dracut", ""})
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
		j.bad("layer "+layer, "root lies on it", "", "images of preroot cannot open it yet")
		return
	}
	file := "usr/lib/preroot/" + name
	if err := j.runsAt(file); err != nil {
		j.bad("layer "+layer, "it is opened by this program", "preroot build --"+layer, err.Error())
		return
	}
	j.good("layer "+layer, "%s", file)
}
