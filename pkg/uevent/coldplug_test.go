package uevent

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

func link(to string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(to), Mode: fs.ModeSymlink} }

// machine is a small /sys: one virtio disk with a partition, a CPU, a keyboard, a device that has just gone.
func machine() fstest.MapFS {
	return fstest.MapFS{
		"kernel/uevent_seqnum":                                          file("4711\n"),
		"class/block/vda":                                               link("../../devices/pci0000:00/0000:00:02.0/virtio1/block/vda"),
		"class/block/vda1":                                              link("../../devices/pci0000:00/0000:00:02.0/virtio1/block/vda/vda1"),
		"class/block/gone":                                              link("../../devices/virtual/block/gone"),
		"devices/pci0000:00/0000:00:02.0/modalias":                      file("pci:v00001AF4d00001001sv00001AF4sd00000002bc01sc00i00\n"),
		"devices/pci0000:00/0000:00:02.0/virtio1/modalias":              file("virtio:d00000002v00001AF4\n"),
		"devices/pci0000:00/0000:00:02.0/virtio1/block/vda/uevent":      file("MAJOR=254\nMINOR=0\nDEVNAME=vda\nDEVTYPE=disk\nDISKSEQ=9\n"),
		"devices/pci0000:00/0000:00:02.0/virtio1/block/vda/vda1/uevent": file("MAJOR=254\nMINOR=1\nDEVNAME=vda1\nDEVTYPE=partition\nDISKSEQ=9\nPARTN=1\nPARTNAME=\x1b[2J\n"),
		"bus/pci/devices/0000:00:02.0":                                  link("../../../devices/pci0000:00/0000:00:02.0"),
		"bus/virtio/devices/virtio1":                                    link("../../../devices/pci0000:00/0000:00:02.0/virtio1"),
		"bus/virtio/devices/virtio9":                                    link("../../../devices/gone/virtio9"),
		"bus/cpu/devices/cpu0":                                          link("../../../devices/system/cpu/cpu0"),
		"bus/cpu/devices/cpu1":                                          link("../../../devices/system/cpu/cpu1"),
		"devices/system/cpu/cpu0/uevent":                                file("MODALIAS=cpu:type:x86,ven0000fam0006mod0055:feature:,0000\n"),
		"devices/system/cpu/cpu1/uevent":                                file("MODALIAS=cpu:type:x86,ven0000fam0006mod0055:feature:,0000\n"),
		"bus/memory/devices/memory0":                                    link("../../../devices/system/memory/memory0"),
		"devices/system/memory/memory0/uevent":                          file("MODALIAS=never:read\n"),
		"class/input/input0":                                            link("../../devices/platform/i8042/serio0/input/input0"),
		"devices/platform/i8042/serio0/input/input0/modalias":           file("input:b0011v0001p0001eAB41-e0,1,4,11,14,k71,72,ram4,l0,1,2,sfw\n"),
		"class/dmi/id/modalias":                                         file("dmi:bvnX:pnbad\x01:\n"),
	}
}

func TestScan(t *testing.T) {
	var got []string
	for ev := range Scan(machine(), "block", "nosuchclass") {
		if ev.Seqnum != 4711 {
			t.Errorf("%v: seqnum %d", ev.String(), ev.Seqnum)
		}
		got = append(got, ev.String()+" "+ev.Get("DEVNAME")+" "+ev.Get("PARTN")+ev.Get("PARTNAME"))
	}
	want := []string{
		"add /devices/pci0000:00/0000:00:02.0/virtio1/block/vda (block) vda ",
		"add /devices/pci0000:00/0000:00:02.0/virtio1/block/vda/vda1 (block) vda1 1",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for range Scan(machine(), "block") {
		break // ending early must be possible
	}
}

func TestModaliases(t *testing.T) {
	var got []string
	Modaliases(machine(), func(dir, modalias, subsystem string) {
		got = append(got, dir+" "+modalias)
	})
	want := []string{
		"bus/cpu/devices/cpu0 cpu:type:x86,ven0000fam0006mod0055:feature:,0000",
		"bus/pci/devices/0000:00:02.0 pci:v00001AF4d00001001sv00001AF4sd00000002bc01sc00i00",
		"bus/virtio/devices/virtio1 virtio:d00000002v00001AF4",
		"class/input/input0 input:b0011v0001p0001eAB41-e0,1,4,11,14,k71,72,ram4,l0,1,2,sfw",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// What QuickModaliases visits is a part of what Modaliases does, with every device of KindQuick.
func TestQuickModaliases(t *testing.T) {
	sys := machine()
	for dir, alias := range map[string]string{
		"platform/devices/LNRO0005:00": "acpi:LNRO0005:", "platform/devices/a000000.virtio_mmio": "of:Nvirtio_mmioT(null)Cvirtio,mmio", "acpi/devices/VMBUS:00": "acpi:VMBUS:",
		"xen/devices/vbd-51712": "xen:vbd", "scsi/devices/0:0:0:0": "scsi:t-0x00", "nd/devices/region0": "nd:t4", "vmbus/devices/1": "vmbus:d96361baa104294db60572e2ffb1dc7f",
		"platform/devices/serial8250": "platform:serial8250", "acpi/devices/PNP0303:00": "acpi:PNP0303:",
	} {
		sys["bus/"+dir+"/modalias"] = &fstest.MapFile{Data: []byte(alias + "\n")}
	}
	all, quick := map[string]bool{}, map[string]bool{}
	Modaliases(sys, func(dir, alias, _ string) { all[dir+" "+alias] = Wave(alias) == KindQuick })
	QuickModaliases(sys, func(dir, alias, _ string) { quick[dir+" "+alias] = true })
	for device, is := range all {
		if is && !quick[device] {
			t.Errorf("%s is not visited", device)
		}
	}
	for device := range quick {
		if _, there := all[device]; !there || strings.Contains(device, "serial8250") || strings.Contains(device, "PNP0303") {
			t.Errorf("%s is visited", device)
		}
	}
	if len(quick) != 9 {
		t.Errorf("%d are visited: %v", len(quick), quick)
	}
}

// sysfs mounts a sysfs of our own: the tests may run where /sys is not mounted.
func sysfs(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat("/sys/class/block"); err == nil {
		return "/sys"
	}
	dir := t.TempDir()
	if err := mountSysfs(dir); err != nil {
		t.Fatalf("these tests need /sys mounted, or root to mount one: %v", err)
	}
	t.Cleanup(func() { unmount(dir) })
	return dir
}

func TestScanThisMachine(t *testing.T) {
	dir := sysfs(t)
	entries, err := os.ReadDir(filepath.Join(dir, "class/block"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for ev := range Scan(os.DirFS(dir), "block") {
		n++
		text, err := os.ReadFile(filepath.Join(dir, ev.DevPath, "dev"))
		if err != nil || strings.TrimSpace(string(text)) != ev.Get("MAJOR")+":"+ev.Get("MINOR") || ev.Dropped != 0 {
			t.Errorf("%v: %q, %v", ev, text, err)
		}
	}
	if n != len(entries) {
		t.Errorf("%d devices seen, %d there", n, len(entries))
	}
	t.Logf("%d block devices", n)
}

// The lists of the buses must name every modalias that a walk over all devices finds.
func TestModaliasesComplete(t *testing.T) {
	dir := sysfs(t)
	got := map[string]bool{}
	Modaliases(os.DirFS(dir), func(devpath, modalias, _ string) {
		got[modalias] = true
		if _, err := os.Stat(filepath.Join(dir, devpath)); err != nil {
			t.Error(err)
		}
	})
	walked := map[string]bool{}
	filepath.WalkDir(filepath.Join(dir, "devices"), func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		alias := ""
		switch d.Name() {
		case "modalias":
			text, _ := os.ReadFile(p)
			alias = strings.TrimSpace(string(text))
		case "uevent":
			text, _ := os.ReadFile(p)
			for line := range strings.Lines(string(text)) {
				if v, ok := strings.CutPrefix(line, "MODALIAS="); ok {
					alias = strings.TrimSpace(v)
				}
			}
		}
		if alias != "" {
			walked[alias] = true
			if !got[alias] {
				t.Errorf("%s: %s was not visited", p, alias)
			}
		}
		return nil
	})
	t.Logf("%d modaliases, %d by the walk", len(got), len(walked))
	kinds := map[Kind][]string{}
	for a := range got {
		kinds[Wave(a)] = append(kinds[Wave(a)], a)
	}
	for k := KindQuick; k <= KindOther; k++ {
		slices.Sort(kinds[k])
		t.Logf("%v: %d %.100q", k, len(kinds[k]), kinds[k])
	}
}

func BenchmarkScan(b *testing.B) {
	for b.Loop() {
		for range Scan(os.DirFS("/sys"), "block") {
		}
	}
}

func BenchmarkModaliases(b *testing.B) {
	for b.Loop() {
		Modaliases(os.DirFS("/sys"), func(_, _, _ string) {})
	}
}
