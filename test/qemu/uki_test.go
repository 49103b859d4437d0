package qemu

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/preroot/preroot/internal/vm"
)

// TestUKI boots the UEFI executable of preroot build --uefi: the firmware finds it on a disk, and it has the kernel, its words and the image.
func TestUKI(t *testing.T) {
	t.Parallel()
	k := kernel(t, "6.1-cloud")
	dir := t.TempDir()
	file := filepath.Join(dir, "uki.efi")
	s := machine(t, k, "", serial)
	err := vm.Build{Builder: *builtBuilder, Init: initFor(k.Arch), Drivers: known,
		Args: []string{"--uefi", "--kernel-image", k.Image(), "--kernel-cmdline", s.Cmdline + " panic=-1"}}.Make(k, file)
	if err != nil {
		t.Fatal(err)
	}
	esp := filepath.Join(dir, "esp.img")
	if err := os.WriteFile(esp, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(esp, 64<<20); err != nil {
		t.Fatal(err)
	}
	for _, words := range [][]string{
		{"mkfs.vfat", "-F", "32", esp},
		{"mmd", "-i", esp, "::/EFI", "::/EFI/BOOT"},
		{"mcopy", "-i", esp, file, "::/EFI/BOOT/BOOTX64.EFI"},
	} {
		cmd := exec.Command(words[0], words[1:]...)
		cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v: %s", words, err, out)
		}
	}
	s.Kernel, s.Cmdline, s.Firmware = "", "", vm.UEFI
	s.Disks = append(s.Disks, vm.Disk{Path: esp, ReadOnly: true})
	mustReach(t, s)
}
