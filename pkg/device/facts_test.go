package device

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/google/go-cmp/cmp"

	"github.com/preroot/preroot/pkg/uevent"
)

func TestReadFacts(t *testing.T) {
	s := newTree()
	s.device("pci0000:00/0000:00:02.0", "pci")
	s.device("pci0000:00/0000:00:02.0/virtio1", "virtio")
	s.link("devices/pci0000:00/0000:00:02.0/virtio1/driver", "../../../../bus/virtio/drivers/virtio_blk")
	s.block("pci0000:00/0000:00:02.0/virtio1", "vda", "vda1", "queue/logical_block_size", "4096\n", "ro", "1\n", "removable", "1\n",
		"serial", "disk1", "holders/dm-0/x", "")
	s.device("virtual/block/dm-0", "block", "size", "8\n", "dm/name", "root\n", "dm/uuid", "CRYPT-LUKS2-x-root\n", "slaves/vda/x", "",
		"uevent", "MAJOR=254\nMINOR=0\nDEVNAME=dm-0\nDEVTYPE=disk\n")
	s.link("class/block/dm-0", "../../devices/virtual/block/dm-0")
	s.device("virtual/block/loop0", "block", "size", "0\n", "ro", "1\n")
	s.link("class/block/loop0", "../../devices/virtual/block/loop0")
	for _, c := range []struct {
		name string
		want Facts
	}{
		{"vda", Facts{Size: 1 << 30, SectorSize: 4096, ReadOnly: true, Removable: true, Serial: "disk1", Driver: "virtio_blk", Transport: "virtio",
			IDs: []string{"virtio-disk1"}, IDPath: "pci-0000:00:02.0", Holders: []string{"dm-0"}}},
		{"vda1", Facts{Size: 1 << 20, PartStart: 1 << 20, SectorSize: 4096}},
		{"dm-0", Facts{Size: 4096, SectorSize: 512, DMName: "root", DMUUID: "CRYPT-LUKS2-x-root", Slaves: []string{"vda"}}},
		{"loop0", Facts{SectorSize: 512}},
		{"gone", Facts{SectorSize: 512}},
	} {
		if diff := cmp.Diff(c.want, ReadFacts(s.MapFS, c.name)); diff != "" {
			t.Errorf("%s: want -, got +\n%s", c.name, diff)
		}
	}
	for _, bad := range []string{"-5\n", "x\n", "99999999999999999999\n", "18014398509481984\n"} {
		s.MapFS["devices/virtual/block/dm-0/size"].Data = []byte(bad)
		if f := ReadFacts(s.MapFS, "dm-0"); f.Size != 0 {
			t.Errorf("size %q: %d bytes", bad, f.Size)
		}
	}
}

// sysfs is /sys, or one mounted for the test where it runs without.
func sysfs(t testing.TB) string {
	t.Helper()
	if _, err := os.Stat("/sys/class/block"); err == nil {
		return "/sys"
	}
	dir := t.TempDir()
	if err := unix.Mount("sysfs", dir, "sysfs", unix.MS_RDONLY, ""); err != nil {
		t.Fatalf("this test needs /sys mounted, or root to mount one: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

func TestThisMachine(t *testing.T) {
	dir := sysfs(t)
	sys := os.DirFS(dir)
	inv := NewInventory()
	for ev := range uevent.Scan(sys, "block") {
		inv.Apply(ev)
	}
	for _, d := range inv.Devices() {
		inv.SetFacts(d.Name, d.Seq, ReadFacts(sys, d.Name))
		text, err := os.ReadFile(filepath.Join(dir, "class/block", d.Name, "size"))
		sectors, _ := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		if err != nil || d.Size != sectors*512 {
			t.Errorf("%s: %d bytes, %d sectors, %v", d.Name, d.Size, sectors, err)
		}
		if d.Size > 0 {
			t.Log(d.Describe(), d.SectorSize, d.Transport, d.Driver, Links(d))
		}
	}
	if len(inv.Devices()) == 0 {
		t.Error("no block devices")
	}
}

func BenchmarkReadFacts(b *testing.B) {
	sys := os.DirFS(sysfs(b))
	name := ""
	for ev := range uevent.Scan(sys, "block") {
		if !strings.Contains(ev.DevPath, "/virtual/") {
			name = baseName(ev.DevPath)
			break
		}
	}
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			ReadFacts(sys, name)
		}
	})
	b.Run("geometry", func(b *testing.B) {
		for b.Loop() {
			ReadGeometry(sys, name)
		}
	})
}
