package image

import (
	"fmt"
	"strings"
)

// idle names options that Build knows and does not serve yet; the image is good without.
func (o *Options) idle() (warnings []string) {
	var names []string
	for _, s := range []struct {
		set  bool
		name string
	}{
		{o.MDADMConf == On, "--mdadmconf"},
		{o.LVMConf == On && !o.HostOnly, "--lvmconf without --host-only"},
	} {
		if s.set {
			names = append(names, s.name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%s: not done yet", strings.Join(names, ", "))}
}

// progress tells whoever wants to know.
func (o *Options) progress(what string, done, of int) {
	if o.Progress != nil {
		o.Progress(what, done, of)
	}
}
