package rescue

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/kmod"
)

const someLog = `<6>[    0.500000] virtio_blk virtio0: [vda] 524288 512-byte logical blocks
<3>[    1.000000] I/O error, dev vda, sector 0 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 2
<3>[    1.100000] I/O error, dev vda, sector 8 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 2
<3>[    1.200000] I/O error, dev vdab, sector 8 op 0x0:(READ)
<4>[    1.300000] e1000e 0000:00:02.0: firmware: failed to load e1000e.bin (-2)
<4>[    1.310000] qla2xxx 0000:00:03.0: Direct firmware load for ql2500_fw.bin failed with error -2
<4>[    1.320000] qla2xxx 0000:00:03.0: Direct firmware load for ql2500_fw.bin failed with error -2
<3>[    2.000000] EXT4-fs (vda): couldn't mount RDWR because of unsupported optional features (400)
<3>[    2.100000] preroot: something about vda
<4>[    2.200000] ext9: Unknown symbol crc32c (err -2)
`

func TestTrouble(t *testing.T) {
	want := []string{
		"I/O error, dev vda, sector 8 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 2",
		"EXT4-fs (vda): couldn't mount RDWR because of unsupported optional features (400)",
		"ext9: Unknown symbol crc32c (err -2)",
	}
	if diff := cmp.Diff(want, Trouble(someLog, []string{"vda"})); diff != "" {
		t.Error(diff)
	}
}

func TestFirmware(t *testing.T) {
	want := []string{"e1000e.bin (for e1000e 0000:00:02.0)", "ql2500_fw.bin (for qla2xxx 0000:00:03.0)"}
	if diff := cmp.Diff(want, Firmware(someLog)); diff != "" {
		t.Error(diff)
	}
}

func TestSince(t *testing.T) {
	want := []string{"EXT4-fs (vda): couldn't mount RDWR because of unsupported optional features (400)", "ext9: Unknown symbol crc32c (err -2)"}
	if diff := cmp.Diff(want, Since(someLog, 1900*time.Millisecond, "vda")); diff != "" {
		t.Error(diff)
	}
}

// TestTitles: the title of a section is the name of a file, so foreign text too.
func TestTitles(t *testing.T) {
	text := Report{Sections: []Section{{Title: "/etc/cmdline.d/\x1b[2J\n.conf", Text: "x"}}}.Text()
	if strings.Contains(text, "\x1b") || !strings.Contains(text, "\n== /etc/cmdline.d/\\x1b[2J\\x0a.conf\nx\n") {
		t.Errorf("%q", text)
	}
}

// TestOneScreen: whatever there is to tell, the report fits on one screen, with the reason first and last.
func TestOneScreen(t *testing.T) {
	r := Report{Stage: "initqueue", Reason: "LABEL=x: no such device", CommandLine: "root=LABEL=x", KernelLog: someLog, Awaited: "LABEL=x", Waited: 180 * time.Second}
	for n := range 60 {
		r.Devices = append(r.Devices, &device.Device{Name: fmt.Sprintf("sd%d", n), Node: fmt.Sprintf("/dev/sd%d", n)})
		r.Missing = append(r.Missing, kmod.Want{Module: "m", For: strings.Repeat("pci:", n)})
		lines := r.Lines()
		used := 0
		for _, l := range lines {
			used += rows(l)
		}
		if used > screenRows {
			t.Fatalf("%d devices: %d rows", n, used)
		}
		if !strings.HasSuffix(lines[0], r.Reason) || !strings.HasSuffix(lines[len(lines)-1], r.Reason) {
			t.Errorf("first %q, last %q", lines[0], lines[len(lines)-1])
		}
	}
	if text := r.Text(); !strings.Contains(text, "/dev/sd59") || !strings.Contains(text, "== kernel log") {
		t.Error("the file lacks something")
	}
}

// TestNoDriver: a machine without disks tells what has kept them away.
func TestNoDriver(t *testing.T) {
	r := Report{Stage: "initqueue", Reason: "no such device", Undriven: []string{"virtio virtio0 (virtio:d00000002v00001AF4)"}, Refused: []string{"module virtio_blk: exec format error"}}
	text := strings.Join(r.Lines(), "\n")
	for _, want := range []string{"without a driver, perhaps because nothing is attached: virtio virtio0 (virtio:d00000002v00001AF4)", "module virtio_blk: exec format error", "no block device was found"} {
		if !strings.Contains(text, want) {
			t.Errorf("not said: %s\n%s", want, text)
		}
	}
	r.Refused = nil
	if want := "storage device virtio virtio0 (virtio:d00000002v00001AF4) has no driver"; !strings.HasPrefix(r.Cause(), want) {
		t.Errorf("the cause is %q, want %q", r.Cause(), want)
	}
	r.Unready = []string{"sda"}
	if want := "disk sda has been found, but does not answer"; !strings.HasPrefix(r.Cause(), want) {
		t.Errorf("the cause is %q, want %q", r.Cause(), want)
	}
}

// FuzzKernelLog: whatever the kernel's log holds is read without a fault.
func FuzzKernelLog(f *testing.F) {
	f.Add(someLog, "vda")
	f.Add("<", "")
	f.Add("<999>[ 1.2", "a")
	f.Fuzz(func(t *testing.T, log, name string) {
		if name == "" {
			return
		}
		if n := len(Trouble(log, []string{name})); n > maxTrouble {
			t.Errorf("%d lines", n)
		}
		Firmware(log)
		Since(log, time.Second, name)
	})
}
