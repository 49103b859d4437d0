package qemu

import (
	"strings"
	"testing"

	"github.com/preroot/preroot/internal/vm"
)

// arm is the usual machine on arm64.
func arm(t *testing.T, i image, words string) vm.Spec {
	t.Helper()
	k := kernel(t, "6.1-cloud-arm64")
	if i.launcher != nil {
		words += " rdinit=/launcher printk.devkmsg=on"
	}
	return machine(t, k, i.build(t, k), k.Arch.Serial()+" "+words)
}

// TestARM64 boots the /init of arm64: by a device tree, and behind UEFI by
// ACPI tables with an image that has to find out what the machine is made of.
func TestARM64(t *testing.T) {
	for _, c := range []struct {
		name     string
		image    image
		firmware vm.Firmware
		others   int // that may run beside the real init: what loads modules
	}{
		{"device tree", image{drivers: known}, vm.BIOS, 0},
		{"ACPI, generic image", image{}, vm.UEFI, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := arm(t, c.image, "")
			s.Firmware = c.firmware
			b := mustReach(t, s)
			t.Logf("%.2f s from /init, %d kB left", b.InitSeconds, b.LeftKB)
			if b.LeftKB > 64 || b.FDs != 3 || b.Processes > 1+c.others || b.Argv != "[/sbin/init]" {
				t.Errorf("handed over: %d kB left, %d descriptors, %d processes, argv %s", b.LeftKB, b.FDs, b.Processes, b.Argv)
			}
		})
	}
}

// TestARM64NoRoot: a root that does not come ends the machine, with its reason.
func TestARM64NoRoot(t *testing.T) {
	t.Parallel()
	s := arm(t, image{drivers: known}, "rd.retry=3 rd.shell=0")
	s.Cmdline = strings.Replace(s.Cmdline, vm.RootUUID, vm.RootUUID[:35]+"6", 1)
	mustRefuse(t, s, "REBOOTED", vm.RootUUID[:35]+"6")
}

// TestARM64EngineKilled: a second engine boots what the first left.
func TestARM64EngineKilled(t *testing.T) {
	t.Parallel()
	s := arm(t, image{drivers: known, launcher: []string{"engine", "ms 30", "kill-engine 9"}}, "")
	s.EngineCrash = true
	r := boot(t, s)
	mustSay(t, r, "launcher: done: kill-engine")
	if ending(r) != "BOOTED" {
		fail(t, r, "root was not reached")
	}
}

// TestForeignInit boots a root whose /sbin/init is of the other machine: it is
// refused before the initramfs is given up.
func TestForeignInit(t *testing.T) {
	t.Parallel()
	s := plain(t, image{}, serial+" rd.shell=0")
	s.Disks[0].Path = rootDiskFor(t, vm.ARM64, vm.Root{FS: "ext4"})
	mustRefuse(t, s, "REBOOTED", "another kind of machine (aarch64, this is x86-64)")
}
