package boot

import (
	"io/fs"
	"strings"
)

// forgetHost is rd.hostonly=0: what dracut has put into an image for one machine alone goes, so that it boots another one (dracut.cmdline(7)). What was
// typed for rd.cmdline=ask stays.
func (b *Boot) forgetHost() {
	if b.config.HostOnly || !b.hooks.any() {
		return
	}
	list := []string{"etc/cmdline"}
	for _, pattern := range []string{"etc/cmdline.d/*.conf", strings.TrimPrefix(b.hooks.finder.Dir, "/") + "/initqueue/finished/*.sh"} {
		names, _ := fs.Glob(b.m.Files, pattern)
		list = append(list, names...)
	}
	for line := range strings.Lines(b.read("lib/dracut/hostonly-files")) {
		if name := strings.TrimPrefix(strings.TrimSpace(line), "/"); fs.ValidPath(name) && name != "." {
			list = append(list, name)
		}
	}
	for _, name := range list {
		if _, err := fs.Stat(b.m.Files, name); err != nil || strings.HasSuffix(name, "/99-cmdline-ask.conf") {
			continue
		}
		b.m.Log.Infof("rd.hostonly=0: /%s is for another machine", name)
		b.warn(b.m.Scratch.Remove("/" + name))
	}
}
