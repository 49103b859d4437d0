package qemu

import (
	"path/filepath"
	"testing"

	"github.com/preroot/preroot/internal/vm"
)

// TestSeparateUsr mounts /usr from the new root's fstab, with the rw of the command line in place of its ro (as dracut does), and
// what is marked x-initrd.mount.
func TestSeparateUsr(t *testing.T) {
	t.Parallel()
	const usrUUID, varUUID = "22222222-2222-3333-4444-555555555555", "33333333-2222-3333-4444-555555555555"
	init := program(t, benchDir+"/rootinit.c")
	fstab := filepath.Join(t.TempDir(), "fstab")
	text := "UUID=" + vm.RootUUID + " / ext4 noatime 0 1\nUUID=" + usrUUID + " /usr ext4 ro 0 2\n" +
		"UUID=" + varUUID + " /tmp auto x-initrd.mount,nosuid 0 0\nLABEL=gone /run ext4 x-initrd.mount,nofail 0 0\n" +
		"tmpfs /etc tmpfs x-initrd.mount,size=1m 0 0\n/usr /mnt none bind,x-initrd.mount 0 0\n"
	if err := writeFile(fstab, text); err != nil {
		t.Fatal(err)
	}
	s := plain(t, image{}, serial+" loglevel=7 rd.retry=4")
	disk := func(name string, r vm.Root) vm.Disk {
		r.FS, r.Init = "ext4", init
		return vm.Disk{Path: makeOnce(t, name, r.Make), Serial: name[:4], Snapshot: true}
	}
	s.Disks = []vm.Disk{
		disk("root-with-fstab.img", vm.Root{Files: map[string]string{"/etc/fstab": fstab}}),
		disk("usr1.img", vm.Root{UUID: usrUUID, Label: "usr"}),
		disk("var1.img", vm.Root{UUID: varUUID, Label: "var"}),
	}
	r := boot(t, s)
	if !r.Reached() {
		fail(t, r, "root was not reached")
	}
	mustSay(t, r, "on /sysroot/usr (ext4, rw", "on /sysroot/tmp (ext4", "/run: ", "it is marked nofail",
		"mounted tmpfs on /sysroot/etc (tmpfs, rw,size=1m", "/mnt: a bind mount is left to the real system")
}
