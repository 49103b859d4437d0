package image

import "github.com/preroot/preroot/pkg/storage"

// lvmModules are what the volumes of LVM need of the kernel (--lvm): plain and striped ones nothing but the first, the others a target, and a raid the levels of MD. A kernel has them by other names,
// or not at all; what is asked for by the first alone must be there.
var lvmModules = []string{"dm_mod", "dm_mirror", "dm_raid", "raid0", "raid1", "raid10", "raid456", "dm_snapshot", "dm_thin_pool", "dm_cache", "dm_cache_smq"}

// addLVM takes in what a root on LVM needs.
func (c *choice) addLVM() error {
	if _, err := c.asked(lvmModules[0], "--lvm"); err != nil {
		return err
	}
	c.wish(lvmModules[1:])
	return nil
}

// lvmFiles are the members of the image for it.
func lvmFiles(o *Options) ([]Entry, error) {
	if !o.hasLVM() {
		return nil, nil
	}
	helper, err := o.helper(storage.LVMHelper)
	return []Entry{helper}, err
}
