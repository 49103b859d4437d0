package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

// imageMiB is the size of the disk that takes an image out of a guest.
const imageMiB = 256

// hostOnlyImage boots the layout, whose root holds the whole system, by a generic image of the same dracut, and lets dracut make an image for that host.
func (r *rig) hostOnlyImage(c Cell, l Layout, k vm.Kernel, path string) error {
	generic := c
	generic.HostOnly = false
	initrd, err := r.image(generic, l)
	if err != nil {
		return err
	}
	disks, err := r.machineDisks(c, l)
	if err != nil {
		return err
	}
	out := filepath.Join(r.work, "hostonly.out")
	if err := sparse(out, imageMiB); err != nil {
		return err
	}
	defer os.Remove(out)
	s := r.spec(c, l, k, initrd, append(disks, vm.Disk{Path: out}))
	s.Cmdline += " init=/sbin/hostonly"
	s.Limit = 2 * time.Hour
	s.MemoryMiB = 2048
	end, err := r.run(s, l)
	if err != nil {
		return err
	}
	var size int64
	if n, _ := fmt.Sscanf(end.Line("IMAGE "), "IMAGE %d BYTES", &size); n != 1 {
		return fmt.Errorf("dracut of the guest made no image:\n%s", end.Report())
	}
	if err := os.Truncate(out, size); err != nil {
		return err
	}
	return move(out, path)
}
