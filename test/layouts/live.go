package main

import (
	"fmt"
	"slices"
)

// liveLabel is that of the live medium.
const liveLabel = "LAYOUTS"

// burn is a shell function that makes an ISO 9660 of /run/medium on a disk.
const burn = `
burn() { genisoimage -quiet -R -V ` + liveLabel + ` -o /run/live.iso /run/medium; cat /run/live.iso >"$1"; sync; }
`

// livePackages make the medium, and what dracut's module for live images needs.
const livePackages = "squashfs-tools genisoimage dmsetup fdisk"

// fromLive: the modules for live images had a package of their own before dracut-ng 110.
func fromLive(d Dracut) string {
	if d.Version == newest {
		return livePackages
	}
	return livePackages + " dracut-live"
}

// inDrive puts the first disk of a layout into a CD-ROM drive.
func inDrive(r *rig, c Cell) ([]string, func(), error) {
	l, _ := layout(c.Layout)
	disks, err := r.disks(c, l)
	if err != nil {
		return nil, nil, err
	}
	return []string{
		"-device", "ahci,id=drive", "-drive", fmt.Sprintf("if=none,id=medium,format=raw,media=cdrom,read-only=on,file.locking=off,file=%s", disks[0]),
		"-device", "ide-cd,bus=drive.0,drive=medium",
	}, func() {}, nil
}

// live are roots of a live medium: a file system in a squashfs on an ISO 9660, and a squashfs that is the root, copied to memory.
func live() []Layout {
	return []Layout{
		{
			Name: "dmsquash-live", Title: "live ISO: ext4 in squashfs in a CD-ROM drive, a snapshot over it",
			Modules: same("dmsquash-live dm overlayfs"), Drivers: "isofs ahci sr_mod squashfs loop dm_snapshot overlay", Packages: fromLive,
			Disks: []int{64}, Missing: []int{1},
			Make: put + burn + `mkdir -p /run/squash/LiveOS /run/medium/LiveOS
truncate -s 48M /run/squash/LiveOS/rootfs.img; put /run/squash/LiveOS/rootfs.img
mksquashfs /run/squash /run/medium/LiveOS/squashfs.img -quiet -no-progress; burn $d1`,
			Serve:   inDrive,
			Cmdline: same("root=live:CDLABEL=" + liveLabel + " rd.live.image rd.live.overlay.size=64 rd.overlay.size=64" + patience),
			Memory:  1536, Wall: true,
			Want: facts(factOfRoot("ext4", "/dev/mapper/live-rw"), "need-shutdown"),
		},
		{
			Name: "live-ram", Title: "live ISO copied to memory (rd.live.ram): squashfs, an overlay over it",
			Modules: same("dmsquash-live dm overlayfs"), Drivers: "isofs ahci sr_mod squashfs loop dm_snapshot overlay", Packages: fromLive,
			Disks: []int{64}, Missing: []int{1},
			Make: burn + `mkdir -p /run/squash /run/medium/LiveOS; fill /run/squash
mksquashfs /run/squash /run/medium/LiveOS/squashfs.img -quiet -no-progress; burn $d1`,
			Serve:   inDrive,
			Cmdline: same("root=live:LABEL=" + liveLabel + " rd.live.image rd.live.ram=1 rd.minmem=256 rd.live.overlay.overlayfs=1 rd.overlay=1" + patience),
			Memory:  1536, Wall: true,
			Facts: `[ -e /run/initramfs/squashed.img ] && echo "FACT in memory"`,
			Want:  facts(factOfRoot("overlay", "LiveOS_rootfs"), "in memory"),
		},
	}
}

// remote are the layouts whose root comes over a network, from the host or from a live medium.
func remote() []Layout { return slices.Concat([]Layout{nfs(), nbd(), iscsi(), virtiofs()}, live()) }
