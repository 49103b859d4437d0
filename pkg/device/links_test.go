package device

import (
	"encoding/hex"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/preroot/preroot/pkg/blkid"
	"github.com/preroot/preroot/pkg/uevent"
)

// tree is a /sys under construction.
type tree struct{ fstest.MapFS }

func newTree() tree { return tree{fstest.MapFS{}} }

// device adds a directory below devices/ on a bus ("" for none), with attributes.
func (s tree) device(dir, bus string, attrs ...string) {
	dir = "devices/" + dir
	if bus != "" {
		up := strings.Repeat("../", strings.Count(dir, "/")+1)
		s.MapFS[dir+"/subsystem"] = &fstest.MapFile{Data: []byte(up + "bus/" + bus), Mode: fs.ModeSymlink}
	}
	if up := path.Dir(dir); bus == "scsi" && !strings.HasPrefix(path.Base(dir), "host") {
		if _, there := s.MapFS[up+"/uevent"]; !there && strings.Contains(up, "/host") {
			s.device(strings.TrimPrefix(up, "devices/"), "scsi")
		}
	}
	s.MapFS[dir+"/uevent"] = &fstest.MapFile{Data: []byte(deviceType(bus, path.Base(dir)))}
	for i := 0; i+1 < len(attrs); i += 2 {
		s.MapFS[dir+"/"+attrs[i]] = &fstest.MapFile{Data: []byte(attrs[i+1])}
	}
}

// deviceType is what the kernel writes into the uevent file of a SCSI or USB device; udev needs it.
func deviceType(bus, name string) string {
	switch {
	case bus == "scsi" && strings.HasPrefix(name, "host"):
		return "DEVTYPE=scsi_host\n"
	case bus == "scsi" && strings.HasPrefix(name, "target"):
		return "DEVTYPE=scsi_target\n"
	case bus == "scsi":
		return "DEVTYPE=scsi_device\n"
	case bus == "usb" && strings.Contains(name, ":"):
		return "DEVTYPE=usb_interface\n"
	case bus == "usb":
		return "DEVTYPE=usb_device\n"
	}
	return ""
}

// block adds a whole disk, its links, and a partition if it has a number.
func (s tree) block(dir, name string, part string, attrs ...string) {
	full := dir + "/block/" + name
	if strings.HasPrefix(name, "nvme") {
		full = dir + "/" + name
	}
	s.device(full, "block", append([]string{"size", "2097152\n", "ro", "0\n", "queue/logical_block_size", "512\n",
		"uevent", "MAJOR=8\nMINOR=0\nDEVNAME=" + name + "\nDEVTYPE=disk\nDISKSEQ=3\n"}, attrs...)...)
	s.link("class/block/"+name, "../../devices/"+full)
	s.link("devices/"+full+"/device", strings.Repeat("../", strings.Count(strings.TrimPrefix(full, dir+"/"), "/"))+"../../"+path.Base(dir))
	if part == "" {
		return
	}
	partName := strings.TrimPrefix(part, "+")
	s.device(full+"/"+partName, "block", "size", "2048\n", "start", "2048\n", "ro", "0\n", "partition", "1\n",
		"uevent", "MAJOR=8\nMINOR=1\nDEVNAME="+partName+"\nDEVTYPE=partition\nDISKSEQ=3\nPARTN=1\n")
	s.link("class/block/"+partName, "../../devices/"+full+"/"+partName)
}

// ataPort adds the port of the directory "ata3", with its number on the controller.
func (s tree) ataPort(dir, number string) {
	name := path.Base(dir)
	s.device(dir, "")
	s.device(dir+"/ata_port/"+name, "ata_port", "port_no", number+"\n")
	s.link("class/ata_port/"+name, "../../devices/"+dir+"/ata_port/"+name)
}

func (s tree) link(from, to string) {
	s.MapFS[from] = &fstest.MapFile{Data: []byte(to), Mode: fs.ModeSymlink}
}

// inventory reads the whole tree as a boot does.
func (s tree) inventory() *Inventory {
	inv := NewInventory()
	for ev := range uevent.Scan(s.MapFS, "block") {
		inv.Apply(ev)
	}
	for _, d := range inv.Devices() {
		inv.SetFacts(d.Name, d.Seq, ReadFacts(s.MapFS, d.Name))
	}
	return inv
}

func unhex(s string) string {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return string(b)
}

// identifyPage is an ATA Information page with a model, a serial number and a world wide name.
func identifyPage(model, serial, wwn string) string {
	page := make([]byte, 60+512)
	page[1], page[2], page[3] = 0x89, 2, 0x38
	swap := func(at int, text string, n int) {
		padded := text + strings.Repeat(" ", n-len(text))
		for i := range n {
			page[60+at+i^1] = padded[i]
		}
	}
	swap(20, serial, 20)
	swap(54, model, 40)
	for i, c := range []byte(unhex(wwn)) {
		page[60+216+i^1] = c
	}
	return string(page)
}

// page83 is a Device Identification page out of designators in hex.
func page83(designators ...string) string {
	body := ""
	for _, d := range designators {
		body += unhex(d)
	}
	return string([]byte{0, 0x83, byte(len(body) >> 8), byte(len(body))}) + body
}

// The names are those that udev made on machines of these kinds.
func TestLinksOfKnownMachines(t *testing.T) {
	const pci = "pci0000:00/"
	for _, c := range []struct {
		name  string
		build func(s tree)
		dev   string
		want  []string
	}{
		{"virtio-blk with a serial number", func(s tree) {
			s.device(pci+"0000:00:02.0", "pci")
			s.device(pci+"0000:00:02.0/virtio1", "virtio")
			s.block(pci+"0000:00:02.0/virtio1", "vda", "vda1", "serial", "disk 1")
		}, "vda1", []string{"by-id/virtio-disk_1-part1", "by-path/pci-0000:00:02.0-part1"}},
		{"virtio-blk behind a bridge, without a serial number", func(s tree) {
			s.device(pci+"0000:00:02.4", "pci")
			s.device(pci+"0000:00:02.4/0000:05:00.0", "pci")
			s.device(pci+"0000:00:02.4/0000:05:00.0/virtio3", "virtio")
			s.block(pci+"0000:00:02.4/0000:05:00.0/virtio3", "vda", "", "serial", "")
		}, "vda", []string{"by-path/pci-0000:05:00.0"}},
		{"virtio-mmio of QEMU's microvm", func(s tree) {
			s.device("platform/LNRO0005:17", "platform")
			s.device("platform/LNRO0005:17/virtio0", "virtio")
			s.block("platform/LNRO0005:17/virtio0", "vda", "")
		}, "vda", []string{"by-path/platform-LNRO0005:17"}},
		{"NVMe", func(s tree) {
			s.device(pci+"0000:00:1d.0", "pci")
			s.device(pci+"0000:00:1d.0/0000:01:00.0", "pci")
			s.device(pci+"0000:00:1d.0/0000:01:00.0/nvme/nvme0", "nvme", "model", "Samsung SSD 970 EVO 500GB               \n", "serial", "S466NX0K123456A     \n")
			s.block(pci+"0000:00:1d.0/0000:01:00.0/nvme/nvme0", "nvme0n1", "nvme0n1p1", "wwid", "eui.0025385b81b0a2f2\n", "nsid", "1\n")
		}, "nvme0n1p1", []string{
			"by-id/nvme-Samsung_SSD_970_EVO_500GB_S466NX0K123456A-part1",
			"by-id/nvme-Samsung_SSD_970_EVO_500GB_S466NX0K123456A_1-part1",
			"by-id/nvme-eui.0025385b81b0a2f2-part1",
			"by-path/pci-0000:01:00.0-nvme-1-part1"}},
		{"SATA disk", func(s tree) {
			host := pci + "0000:00:1f.2/ata3/host2"
			s.device(pci+"0000:00:1f.2", "pci")
			s.device(host, "scsi")
			s.device(host+"/target2:0:0", "scsi")
			s.device(host+"/target2:0:0/2:0:0:0", "scsi", "vendor", "ATA     \n", "model", "WDC WD10EZEX-08W\n", "wwid", "naa.50014ee2b5e2a1b2\n",
				"vpd_pg89", identifyPage("WDC WD10EZEX-08WN4A0", "WD-WCC6Y0ABCDEF", "50014ee2b5e2a1b2"))
			s.block(host+"/target2:0:0/2:0:0:0", "sda", "sda1")
			s.ataPort(path.Dir(host), "3")
		}, "sda1", []string{
			"by-id/ata-WDC_WD10EZEX-08WN4A0_WD-WCC6Y0ABCDEF-part1",
			"by-id/wwn-0x50014ee2b5e2a1b2-part1",
			"by-path/pci-0000:00:1f.2-ata-3-part1",
			"by-path/pci-0000:00:1f.2-ata-3.0-part1"}},
		{"QEMU's AHCI disk", func(s tree) {
			host := pci + "0000:00:1f.2/ata1/host0"
			s.device(pci+"0000:00:1f.2", "pci")
			s.device(host+"/target0:0:0/0:0:0:0", "scsi", "vendor", "ATA     \n", "model", "QEMU HARDDISK   \n",
				"vpd_pg89", identifyPage("QEMU HARDDISK", "QM00001", "0000000000000000"))
			s.block(host+"/target0:0:0/0:0:0:0", "sda", "")
			s.ataPort(path.Dir(host), "1")
		}, "sda", []string{"by-id/ata-QEMU_HARDDISK_QM00001", "by-path/pci-0000:00:1f.2-ata-1", "by-path/pci-0000:00:1f.2-ata-1.0"}},
		{"slave on an old cable", func(s tree) {
			host := pci + "0000:00:01.1/ata2/host1"
			s.device(pci+"0000:00:01.1", "pci")
			s.device(host+"/target1:0:1/1:0:1:0", "scsi", "vendor", "ATA     \n")
			s.block(host+"/target1:0:1/1:0:1:0", "sdb", "")
			s.ataPort(path.Dir(host), "2")
		}, "sdb", []string{"by-path/pci-0000:00:01.1-ata-2.1"}},
		{"virtio-scsi, second host of the controller's", func(s tree) {
			host := pci + "0000:00:04.0/virtio1/host3"
			s.device(pci+"0000:00:04.0", "pci")
			s.device(pci+"0000:00:04.0/virtio1", "virtio")
			s.device(pci+"0000:00:04.0/virtio1/host2", "scsi")
			s.device(host, "scsi")
			s.device(host+"/target3:0:0", "scsi")
			s.device(host+"/target3:0:0/3:0:0:1", "scsi", "vendor", "QEMU    \n", "model", "QEMU HARDDISK   \n",
				"vpd_pg83", page83("02 00 00 11 64726976652d7363 736930 2d302d302d31"))
			s.block(host+"/target3:0:0/3:0:0:1", "sda", "")
		}, "sda", []string{"by-id/scsi-0QEMU_QEMU_HARDDISK_drive-scsi0-0-0-1", "by-path/pci-0000:00:04.0-scsi-1:0:0:1"}},
		{"RAID controller's volume with an NAA of 16 bytes", func(s tree) {
			host := pci + "0000:00:02.2/0000:03:00.0/host0"
			s.device(pci+"0000:00:02.2", "pci")
			s.device(pci+"0000:00:02.2/0000:03:00.0", "pci")
			s.device(host, "scsi")
			s.device(host+"/target0:2:0/0:2:0:0", "scsi", "vendor", "DELL    \n", "model", "PERC H730 Mini  \n",
				"vpd_pg83", page83("02 01 00 08 44454c4c 20202020", "01 93 00 08 5000000000000001", "01 03 00 10 61866da06f2a3b001f4d5e6c0a1b2c3d"))
			s.block(host+"/target0:2:0/0:2:0:0", "sda", "sda1")
		}, "sda1", []string{
			"by-id/scsi-361866da06f2a3b001f4d5e6c0a1b2c3d-part1",
			"by-id/wwn-0x61866da06f2a3b001f4d5e6c0a1b2c3d-part1",
			"by-path/pci-0000:03:00.0-scsi-0:2:0:0-part1"}},
		{"USB stick", func(s tree) {
			usb := pci + "0000:00:14.0/usb1/1-2"
			s.device(pci+"0000:00:14.0", "pci")
			s.device(pci+"0000:00:14.0/usb1", "usb")
			s.device(usb, "usb", "serial", "4C530001230520112233\n")
			s.device(usb+"/1-2:1.0", "usb")
			s.device(usb+"/1-2:1.0/host6", "scsi")
			s.device(usb+"/1-2:1.0/host6/target6:0:0/6:0:0:0", "scsi", "vendor", "SanDisk \n", "model", "Ultra           \n")
			s.block(usb+"/1-2:1.0/host6/target6:0:0/6:0:0:0", "sdb", "sdb1")
		}, "sdb1", []string{"by-id/usb-SanDisk_Ultra_4C530001230520112233-0:0-part1", "by-path/pci-0000:00:14.0-usb-0:2:1.0-scsi-0:0:0:0-part1"}},
		{"USB disk behind a hub, serial number with a comma", func(s tree) {
			usb := pci + "0000:00:14.0/usb2/2-1/2-1.3"
			s.device(pci+"0000:00:14.0", "pci")
			s.device(pci+"0000:00:14.0/usb2", "usb")
			s.device(pci+"0000:00:14.0/usb2/2-1", "usb")
			s.device(usb, "usb", "serial", "1,2\n")
			s.device(usb+"/2-1.3:1.0", "usb")
			s.device(usb+"/2-1.3:1.0/host7/target7:0:0/7:0:0:1", "scsi", "vendor", "WD      \n", "model", "Elements 25A2   \n")
			s.block(usb+"/2-1.3:1.0/host7/target7:0:0/7:0:0:1", "sdc", "")
		}, "sdc", []string{"by-id/usb-WD_Elements_25A2-0:1", "by-path/pci-0000:00:14.0-usb-0:1.3:1.0-scsi-0:0:0:1"}},
		{"SD card of a Raspberry Pi", func(s tree) {
			s.device("platform/soc", "platform")
			s.device("platform/soc/fe340000.mmc", "platform")
			s.device("platform/soc/fe340000.mmc/mmc_host/mmc0/mmc0:aaaa", "mmc", "name", "SC32G\n", "serial", "0x1a2b3c4d\n")
			s.block("platform/soc/fe340000.mmc/mmc_host/mmc0/mmc0:aaaa", "mmcblk0", "mmcblk0p1")
		}, "mmcblk0p1", []string{"by-id/mmc-SC32G_0x1a2b3c4d-part1", "by-path/platform-fe340000.mmc-part1"}},
		{"boot partition of an eMMC", func(s tree) {
			s.device("platform/fe330000.mmc", "platform")
			s.device("platform/fe330000.mmc/mmc_host/mmc1/mmc1:0001", "mmc", "name", "BJTD4R\n", "serial", "0x1\n")
			s.block("platform/fe330000.mmc/mmc_host/mmc1/mmc1:0001", "mmcblk1boot0", "")
		}, "mmcblk1boot0", nil},
		{"Fibre Channel: left to udev", func(s tree) {
			host := pci + "0000:00:03.0/host1/rport-1:0-0"
			s.device(pci+"0000:00:03.0", "pci")
			s.device(host+"/target1:0:0/1:0:0:0", "scsi", "vendor", "NETAPP  \n", "model", "LUN             \n",
				"vpd_pg83", page83("01 03 00 10 60a98000572d4462"+"6c5a6d4b55386d6b"))
			s.block(host+"/target1:0:0/1:0:0:0", "sda", "")
		}, "sda", []string{"by-id/scsi-360a98000572d44626c5a6d4b55386d6b", "by-id/wwn-0x60a98000572d44626c5a6d4b55386d6b"}},
		{"loop device", func(s tree) {
			s.device("virtual/block/loop0", "block", "size", "2048\n", "uevent", "MAJOR=7\nMINOR=0\nDEVNAME=loop0\nDEVTYPE=disk\n")
			s.link("class/block/loop0", "../../devices/virtual/block/loop0")
		}, "loop0", nil},
		{"serial number that would leave the directory", func(s tree) {
			s.device(pci+"0000:00:02.0", "pci")
			s.device(pci+"0000:00:02.0/virtio1", "virtio")
			s.block(pci+"0000:00:02.0/virtio1", "vda", "", "serial", "../../sda")
		}, "vda", []string{"by-path/pci-0000:00:02.0"}},
	} {
		s := newTree()
		c.build(s)
		d := s.inventory().ByName(c.dev)
		if d == nil {
			t.Errorf("%s: no device %s", c.name, c.dev)
			continue
		}
		var want []string
		for _, l := range c.want {
			want = append(want, "/dev/disk/"+l)
		}
		if diff := cmp.Diff(want, Links(d)); diff != "" {
			t.Errorf("%s: want -, got +\n%s", c.name, diff)
		}
		for _, l := range append(c.want, legacy(c.want, d)...) {
			if got := find(t, s.inventory(), "/dev/disk/"+l); got != c.dev {
				t.Errorf("%s: %s names %s", c.name, l, got)
			}
		}
		dump(t, c.name, s)
	}
}

// legacy is what old versions of udev called a virtio disk: no link, but understood.
func legacy(links []string, d *Device) []string {
	for _, l := range links {
		if p, ok := strings.CutPrefix(l, "by-path/pci-"); ok && d.disk().Transport == "virtio" {
			return []string{"by-path/virtio-pci-" + p}
		}
	}
	return nil
}

// dump writes a tree below PREROOT_DUMP_SYS, for a look at it with the real udevadm.
func dump(t *testing.T, name string, s tree) {
	dir := os.Getenv("PREROOT_DUMP_SYS")
	if dir == "" {
		return
	}
	if err := os.CopyFS(filepath.Join(dir, strings.ReplaceAll(name, " ", "_")), s.MapFS); err != nil {
		t.Fatal(err)
	}
}

func TestLinksOfContent(t *testing.T) {
	inv := build(t, disk1+disk2+`
dm-0 fs=ext4 uuid=u dm=vg-root
dm-1 fs=ext4 uuid=u dm=../evil
`)
	inv.ByName("sdb1").Probe.Label = "my / data"
	inv.ByName("sda").Probe = &blkid.Info{Type: "linux_raid_member", Usage: blkid.UsageRAID, UUID: "m", PTType: "gpt", Parts: inv.ByName("sda").Probe.Parts}
	for _, c := range []struct {
		dev  string
		want []string
	}{
		{"sda", []string{"by-id/ata-Disk_S1", "by-path/pci-0000:00:1f.2-ata-1.0"}},
		{"sda2", []string{"by-id/ata-Disk_S1-part2", "by-label/root", `by-partlabel/my\x20root`, "by-partuuid/11111111-0000-0000-0000-000000000002",
			"by-path/pci-0000:00:1f.2-ata-1.0-part2", "by-uuid/0a1b2c3d-0000-1111-2222-333344445555"}},
		{"sdb1", []string{`by-label/my\x20\x2f\x20data`, "by-partuuid/1234abcd-01", "by-uuid/bbbbbbbb-0000-1111-2222-333344445555"}},
		{"sdb2", []string{"by-label/secret", "by-partuuid/1234abcd-02", "by-uuid/cccccccc-0000-1111-2222-333344445555"}},
		{"dm-0", []string{"by-uuid/u", "../mapper/vg-root"}},
		{"dm-1", []string{"by-uuid/u"}},
	} {
		var want []string
		for _, l := range c.want {
			want = append(want, path.Join("/dev/disk", l))
		}
		if diff := cmp.Diff(want, Links(inv.ByName(c.dev))); diff != "" {
			t.Errorf("%s: want -, got +\n%s", c.dev, diff)
		}
	}
}

// A link that fits two devices goes to the one that is meant, and to none of two twins.
func TestInventoryLinks(t *testing.T) {
	inv := build(t, `
sda fs=iso9660 uuid=2024-01-02-03-04-05-00 label=LIVE id=usb-stick
sda1 fs=iso9660 uuid=2024-01-02-03-04-05-00 label=LIVE
sdb1 fs=ext4 uuid=u label=a
sdc1 fs=ext4 uuid=u label=b
sdd1 fs=btrfs uuid=b sub=1 members=2
sde1 fs=btrfs uuid=b sub=2 members=2`)
	for _, c := range []struct{ dev, want string }{
		{"sda", "/dev/disk/by-id/usb-stick"},
		{"sda1", "/dev/disk/by-id/usb-stick-part1 /dev/disk/by-label/LIVE /dev/disk/by-uuid/2024-01-02-03-04-05-00"},
		{"sdb1", "/dev/disk/by-label/a"}, {"sdc1", "/dev/disk/by-label/b"}, {"sdd1", "/dev/disk/by-uuid/b"}, {"sde1", ""},
	} {
		if got := strings.Join(inv.Links(inv.ByName(c.dev)), " "); got != c.want {
			t.Errorf("%s: %s, want %s", c.dev, got, c.want)
		}
	}
}

// Pages that lie about their lengths end the search and nothing else.
func FuzzSCSIID(f *testing.F) {
	f.Add([]byte(page83("01 03 00 08 5000000000000001")))
	f.Add([]byte(page83("02 00 00 ff 64")))
	f.Add([]byte(identifyPage("A", "B", "5000000000000001")))
	f.Fuzz(func(t *testing.T, page []byte) {
		// The fuzzer's slices have room behind their ends, where a read too far would do no harm.
		page = slices.Clip(page)
		serial, wwn := scsiID(page, "V", "M")
		if len(serial) > 600 || len(wwn) > 34 {
			t.Fatalf("%q %q", serial, wwn)
		}
		var facts Facts
		readATA(page, &facts)
		for _, id := range facts.IDs {
			if strings.ContainsAny(id, "/\x00\n ") {
				t.Fatalf("%q", id)
			}
		}
	})
}
