package config

import "strconv"

// maxRAMDisk bounds ramdisk_size=, in KiB.
const maxRAMDisk = 1 << 32

// initrd reads the words about a classic initrd: the kernel's own (initrd(4), Documentation/admin-guide/blockdev/ramdisk.rst). Those that loaded one from floppy disks are gone.
func (r *reader) initrd(c *Config) {
	c.NoInitrd = r.p.Has("noinitrd")
	if w, ok := r.p.Last("ramdisk_size"); ok {
		kib, err := strconv.ParseInt(w.Value, 0, 64)
		if err != nil || kib <= 0 || kib > maxRAMDisk {
			r.bad(w, "not a number of KiB", "ramdisk_size=KIB")
		} else {
			c.RAMDiskSize = kib << 10
		}
	}
	if w, ok := r.p.Last("rd.preroot.linuxrc_timeout"); ok {
		c.LinuxrcTimeout, _ = r.seconds(w)
	}
	for _, key := range []string{"prompt_ramdisk", "load_ramdisk", "ramdisk_start"} {
		if w, ok := r.p.Last(key); ok && w.Value != "0" {
			r.bad(w, "a RAM disk is loaded by the boot loader only, never from a floppy disk", "initrd= for the boot loader, and leave this out")
		}
	}
}
