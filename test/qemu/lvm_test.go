package qemu

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/preroot/preroot/internal/vm"
)

// volumes are the kinds of logical volumes that may hold a root, as lvm2 makes them: in the group $vg on the disks $1 and $2, the volume root-fs.
var volumes = []struct{ name, make string }{
	{"linear", "lvm lvcreate -y -l 10 -n root-fs $vg"},
	{"striped", "lvm lvcreate -y -i 2 -l 10 -n root-fs $vg"},
	{"raid1", "lvm lvcreate -y --type raid1 -m 1 --nosync -l 10 -n root-fs $vg"},
	{"snapshot", "lvm lvcreate -y -l 10 -n root-fs $vg"},
	{"thin", "lvm lvcreate -y --type thin-pool -l 14 -n pool $vg; lvm lvcreate -y --thin -V 40M -n root-fs $vg/pool"},
	{"thin-snapshot", "lvm lvcreate -y --type thin-pool -l 14 -n pool $vg; lvm lvcreate -y --thin -V 40M -n root-fs $vg/pool"},
	{"cached", "lvm lvcreate -y -l 10 -n root-fs $vg $1; lvm lvcreate -y --type cache-pool -l 4 -n fast $vg $2; lvm lvconvert -y --type cache --cachepool fast $vg/root-fs"},
}

// after is what follows when root is in the volume.
var after = map[string]string{
	"thin-snapshot": "lvm lvcreate -y -s -kn -n before $vg/root-fs",
	"snapshot":      "lvm lvcreate -y -s -l 4 -n before $vg/root-fs",
}

// volumesScript makes all of them, from the root file system on /dev/vda. Without udevd nobody answers to device-mapper's cookies.
func volumesScript() string {
	var b strings.Builder
	b.WriteString(`volume() {
    lvm pvcreate -y $1 $2; lvm vgcreate -s 4M $vg $1 $2
    eval "$3"
    dd if=/dev/vda of=/dev/$vg/root-fs bs=1M || bad="$bad $vg:dd"
    eval "$4"
    lvm vgchange -an $vg
}
bad=
`)
	disk := 'b'
	for _, v := range volumes {
		fmt.Fprintf(&b, "vg=my-%s; volume /dev/vd%c /dev/vd%c '%s' '%s'\n", v.name, disk, disk+1, v.make, after[v.name])
		disk += 2
	}
	return b.String()
}

// smallRoot is a root that fits into ten extents of 4 MiB.
func smallRoot(t *testing.T) string {
	t.Helper()
	init := program(t, benchDir+"/rootinit.c")
	return makeOnce(t, "root-small.img", vm.Root{Init: init, SizeMiB: 32, Block: 4096}.Make)
}

// volumeDisks are the disks of one kind: a guest fills those of all kinds, by the lvm2 of this machine.
func volumeDisks(t *testing.T, kind string) (disks []vm.Disk) {
	t.Helper()
	root := smallRoot(t)
	dir := makeOnce(t, "volumes", func(dir string) error { return fillVolumes(root, dir) })
	for i := 1; i <= 2; i++ {
		disks = append(disks, vm.Disk{Path: filepath.Join(dir, fmt.Sprintf("%s-%d.img", kind, i)), Serial: fmt.Sprintf("pv%d", i), Snapshot: true})
	}
	return disks
}

// fillVolumes has them made.
func fillVolumes(root, dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	disks := []vm.Disk{{Path: root, Snapshot: true}}
	for _, v := range volumes {
		for i := 1; i <= 2; i++ {
			path := filepath.Join(dir, fmt.Sprintf("%s-%d.img", v.name, i))
			if err := errors.Join(os.WriteFile(path, nil, 0o644), os.Truncate(path, 80<<20)); err != nil {
				return err
			}
			disks = append(disks, vm.Disk{Path: path})
		}
	}
	return vm.Workbench{
		Tools: []string{"/usr/sbin/lvm"}, Modules: strings.Fields("dm_mod dm_raid raid1 dm_snapshot dm_thin_pool dm_cache dm_cache_smq"), Script: volumesScript(), Disks: disks,
	}.Run(dir)
}

// TestLVM: a root on each kind of volume is found by its UUID, by the helper of an image without lvm2.
func TestLVM(t *testing.T) {
	for _, name := range []string{"6.1-cloud", "6.12-cloud"} {
		for _, v := range volumes {
			if name != "6.1-cloud" && v.name != "linear" && v.name != "thin" {
				continue
			}
			t.Run(name+"/"+v.name, func(t *testing.T) {
				t.Parallel()
				k := kernel(t, name)
				s := machine(t, k, image{drivers: known, lvm: true}.build(t, k), serial)
				s.Disks = volumeDisks(t, v.name)
				r := boot(t, s)
				if !r.Reached() {
					fail(t, r, "root was not reached")
				}
				mustSay(t, r, "logical volume my-"+v.name+"/root-fs is active")
			})
		}
	}
}

// TestLVMClone: a copy of a physical volume beside it is refused, and both are named: nobody knows which one is the right one.
func TestLVMClone(t *testing.T) {
	t.Parallel()
	k := kernel(t, "6.1-cloud")
	s := machine(t, k, image{drivers: known, lvm: true}.build(t, k), serial+" rd.retry=10 rd.shell=0 rd.emergency=poweroff")
	s.Disks = volumeDisks(t, "linear")
	clone := s.Disks[0]
	clone.Serial = "clone"
	s.Disks = append(s.Disks, clone)
	r := boot(t, s)
	if r.Reached() {
		fail(t, r, "root was reached")
	}
	mustSay(t, r, "/dev/vda", "/dev/vdc", "end: POWERED OFF")
}
