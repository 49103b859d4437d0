package qemu

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/preroot/preroot/internal/vm"
)

// withVFAT is a machine whose root's fstab wants a vfat disk mounted by us. The kernel asks for the code page (nls_cp437) by
// request_module while it mounts; nobody else names that module.
func withVFAT(t *testing.T, extra ...vm.Entry) vm.Spec {
	t.Helper()
	const serialNumber = "1234-ABCD"
	fat := makeOnce(t, "fat.img", func(path string) error {
		return exec.Command("mkfs.vfat", "-C", "-i", "1234ABCD", path, "16384").Run()
	})
	fstab := filepath.Join(t.TempDir(), "fstab")
	if err := writeFile(fstab, "UUID="+serialNumber+" /tmp vfat x-initrd.mount 0 0\n"); err != nil {
		t.Fatal(err)
	}
	init := program(t, benchDir+"/rootinit.c")
	root := filepath.Join(t.TempDir(), "root.img")
	if err := (vm.Root{FS: "ext4", Init: init, Files: map[string]string{"/etc/fstab": fstab}}).Make(root); err != nil {
		t.Fatal(err)
	}
	k := kernel(t, "6.1-cloud")
	s := machine(t, k, image{extra: extra}.build(t, k), serial+" loglevel=7")
	s.Disks = []vm.Disk{{Path: root, Snapshot: true}, {Path: fat, Snapshot: true}}
	return s
}

// TestRequestModule answers the kernel when it asks for a module itself: the applet /sbin/modprobe.
func TestRequestModule(t *testing.T) {
	t.Parallel()
	r := boot(t, withVFAT(t))
	mustSay(t, r, "on /sysroot/tmp (vfat")
	if !r.Reached() {
		fail(t, r, "root was not reached")
	}
}

// TestRequestModuleUnanswered is its control: without the applet the same mount fails, in the kernel's words.
func TestRequestModuleUnanswered(t *testing.T) {
	t.Parallel()
	nothing := vm.Entry{Name: "sbin/modprobe", Mode: 0o755, Data: []byte("nothing\n")}
	s := withVFAT(t, nothing)
	s.Cmdline += " rd.preroot.unattended=1"
	mustRefuse(t, s, "REBOOTED", "/tmp (the root's /etc/fstab): ", "as vfat")
}
