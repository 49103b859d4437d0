package qemu

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

// TestDracutModules: images of our builder, with modules of this machine's dracut unchanged, boot by what these have brought: udevd and its rules, the shell, hooks and programs.
func TestDracutModules(t *testing.T) {
	for _, c := range []struct {
		name, modules, drivers, words string
		disks                         func(t *testing.T) []vm.Disk
		typed                         []string
		says                          []string
	}{
		{"a disk", "dash rootfs-block udev-rules fs-lib usrmount", "", "root=UUID=" + vm.RootUUID,
			func(t *testing.T) []vm.Disk {
				return []vm.Disk{{Path: rootDisk(t, "ext4", ""), Serial: "root0", Snapshot: true}}
			},
			nil, []string{"udevd mode: the image has", "root: mounted by a hook: ext4 /dev/vda"}},
		{"lvm", "dash udev-rules lvm", " dm_mod", "root=/dev/mapper/my--linear-root--fs rd.lvm.lv=my-linear/root-fs",
			func(t *testing.T) []vm.Disk { return volumeDisks(t, "linear") },
			nil, []string{"root: mounted by a hook: ext4 /dev/mapper/my--linear-root--fs"}},
		{"crypt", "dash udev-rules crypt", " " + cipherModules, "root=UUID=" + vm.RootUUID + " rd.luks.uuid=" + lockedUUID,
			func(t *testing.T) []vm.Disk { return []vm.Disk{lockedDisk(t, "pbkdf2")} },
			[]string{"Enter passphrase for", passphrase + "\n"}, []string{"root: mounted by a hook: ext4 /dev/mapper/luks-"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := kernel(t, "6.1-cloud")
			path := filepath.Join(t.TempDir(), "modules.img")
			err := vm.Build{Builder: *builtBuilder, Init: initFor(k.Arch), Drivers: known + c.drivers, Args: []string{"--modules", c.modules}}.Make(k, path)
			if err != nil {
				t.Fatal(err)
			}
			s := machine(t, k, path, serial+" rd.info")
			s.Cmdline = c.words + " rw panic=-1 " + serial + " rd.info"
			s.Disks, s.Limit = c.disks(t), 3*time.Minute
			r := bootTyping(t, s, c.typed...)
			if !r.Reached() {
				fail(t, r, "root was not reached")
			}
			mustSay(t, r, c.says...)
		})
	}
}
