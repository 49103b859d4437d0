package vm

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestArgs(t *testing.T) {
	base := "-accel tcg -cpu max -smp 1 -m 1024 -display none -monitor none -no-reboot -nic none"
	for _, c := range []struct {
		name string
		spec Spec
		want string
	}{
		{"plain", Spec{Kernel: "k", Cmdline: "quiet"},
			base + " -nodefaults -serial stdio -kernel k -append 'no_timer_check quiet panic=-1'"},
		{"measured", Spec{Kernel: "k", Initrd: "i", Cmdline: "panic=-1", Icount: true, Disks: []Disk{{Path: "d"}}},
			base + " -icount shift=0,sleep=off -serial stdio" +
				" -drive if=none,id=disk0,format=raw,cache=unsafe,file.locking=off,file=d,aio=io_uring" +
				" -device virtio-blk-pci,id=dev0,drive=disk0,ioeventfd=off -kernel k -initrd i -append panic=-1"},
		{"throttled scsi, late nvme", Spec{Kernel: "k", Console: ConsoleNone, Disks: []Disk{
			{Path: "a,b", Bus: VirtioSCSI, Serial: "S", ReadOnly: true, IOPS: 4}, {Path: "c", Bus: NVMe, Late: true, Snapshot: true}}},
			base + " -nodefaults -serial none" +
				" -drive if=none,id=disk0,format=raw,cache=unsafe,file.locking=off,file=a,,b,read-only=on,throttling.iops-total=4" +
				" -device virtio-scsi-pci,id=bus0 -device scsi-hd,bus=bus0.0,id=dev0,drive=disk0,serial=S" +
				" -drive if=none,id=disk1,format=raw,cache=unsafe,file.locking=off,file=c,snapshot=on" +
				" -kernel k -append 'no_timer_check panic=-1'"},
		{"card behind UEFI", Spec{Kernel: "k", Firmware: UEFI, Disks: []Disk{{Path: "d", Bus: SD, Serial: "S"}}},
			base + " -bios /usr/share/ovmf/OVMF.fd -nodefaults -serial stdio" +
				" -drive if=none,id=disk0,format=raw,cache=unsafe,file.locking=off,file=d" +
				" -device sdhci-pci,id=bus0 -device sd-card,id=dev0,drive=disk0 -kernel k -append 'no_timer_check panic=-1'"},
		{"arm64", Spec{Arch: ARM64, Kernel: "k"},
			strings.Replace("qemu-system-aarch64 -machine virt "+base, "max", "max,pauth-impdef=on", 1) +
				" -nodefaults -serial stdio -kernel k -append panic=-1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := strings.TrimPrefix(c.spec.Shell(), "qemu-system-x86_64 ")
			if diff := cmp.Diff(strings.Fields(c.want), strings.Fields(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestQuote(t *testing.T) {
	for in, want := range map[string]string{
		"": "''", "a=b": "a=b", "a b": "'a b'", "it's": `'it'\''s'`, "$x": "'$x'",
	} {
		if got := quote(in); got != want {
			t.Errorf("quote(%q) = %s, want %s", in, got, want)
		}
	}
}
