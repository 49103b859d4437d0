package chain

import (
	"strings"

	"github.com/preroot/preroot/pkg/config"
	"github.com/preroot/preroot/pkg/mount"
)

// Checks lists the goals whose file systems are checked before the boot mounts them, by fstab and the kernel's command line: with ro it leaves that to the real system.
func (c *Chain) Checks() (list []*Goal) {
	conf, _ := config.Parse(c.params)
	how := mount.Check{Skip: conf.Fsck == config.FsckSkip}
	for _, g := range c.Goals {
		if name, _ := mount.Checker(g.FSType, "", how); name == "" || !strings.HasPrefix(g.Name, "/") || len(g.On) == 0 {
			continue
		}
		if mount.WantsCheck(how, g.Entry, g.InFstab, conf.Write == config.ReadOnly) {
			list = append(list, g)
		}
	}
	return list
}
