package trial

import (
	"context"
	"crypto/aes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/xts"

	"github.com/preroot/preroot/pkg/blkid"
	"github.com/preroot/preroot/pkg/chain"
	"github.com/preroot/preroot/pkg/check"
	"github.com/preroot/preroot/pkg/luks"
	"github.com/preroot/preroot/pkg/lvm"
	"github.com/preroot/preroot/pkg/mount"
)

const (
	uuid1 = "11111111-1111-4111-8111-111111111111"
	uuid2 = "22222222-1111-4111-8111-111111111111"
	uuid3 = "33333333-1111-4111-8111-111111111111"
	part3 = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
	vgID  = "abcdefghijklmnopqrstuvwxyz012345"
	lvID1 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
	lvID2 = "ZBCDEFGHIJKLMNOPQRSTUVWXYZ012345"
	pvID  = "pvpvpv-pvpv-pvpv-pvpv-pvpv-pvpv-pvpvpv"
)

func disk(name, driver string) *chain.Device {
	return &chain.Device{Name: name, Kind: chain.Disk, Hardware: []chain.Bus{{Path: "devices/pci0000:00/0000:00:0e.0", Driver: driver, Module: driver}}}
}

// locked is LVM on LUKS on the third partition of an NVMe disk behind a controller that QEMU has not, with a separate /usr and swap.
func locked() *chain.Chain {
	d := disk("nvme0n1", "nvme")
	d.Hardware = append([]chain.Bus{{Path: "devices/pci0000:00/0000:00:0d.0", Driver: "vmd", Module: "vmd"}}, d.Hardware...)
	p := &chain.Device{Name: "nvme0n1p3", Kind: chain.Partition, Below: []*chain.Device{d}, PartNumber: 3, PartUUID: part3, PartLabel: "größe", FSType: "crypto_LUKS", UUID: uuid3}
	c := &chain.Device{Name: "dm-0", Kind: chain.Crypt, DMName: "system", DMUUID: "CRYPT-LUKS2-" + strings.ReplaceAll(uuid3, "-", "") + "-system", Below: []*chain.Device{p}, FSType: "LVM2_member", UUID: pvID}
	root := &chain.Device{Name: "dm-1", Kind: chain.LVM, VG: "my-vg", LV: "root", DMUUID: "LVM-" + vgID + lvID1, Below: []*chain.Device{c}, FSType: "ext4", UUID: uuid1, Label: "wurzel"}
	usr := &chain.Device{Name: "dm-2", Kind: chain.LVM, VG: "my-vg", LV: "usr", DMUUID: "LVM-" + vgID + lvID2, Below: []*chain.Device{c}, FSType: "ext4", UUID: uuid2}
	entries, _ := mount.ParseFstab("UUID=" + uuid2 + " /usr ext4 ro,x-initrd.mount 0 2\n")
	return &chain.Chain{
		Devices: []*chain.Device{d, p, c, root, usr},
		Goals:   []*chain.Goal{{Name: "/", Spec: "/dev/mapper/my--vg-root", FSType: "ext4", On: []*chain.Device{root}}, {Name: "/usr", Spec: "UUID=" + uuid2, FSType: "ext4", Entry: entries[0], InFstab: true, On: []*chain.Device{usr}}},
	}
}

// old has root on a logical partition of an MBR.
func old(number int, fs string) *chain.Chain {
	d := disk("sda", "ahci")
	var parts []*chain.Device
	for _, n := range []int{2, number} {
		parts = append(parts, &chain.Device{Name: fmt.Sprintf("sda%d", n), Kind: chain.Partition, Below: []*chain.Device{d}, PartNumber: n, PartUUID: fmt.Sprintf("1234abcd-%02x", n), FSType: fs, UUID: uuid1, Label: "wurzel"})
	}
	parts[0].FSType, parts[0].UUID = "swap", uuid2
	return &chain.Chain{Devices: append([]*chain.Device{d}, parts...), Goals: []*chain.Goal{
		{Name: "/", Spec: "PARTUUID=" + parts[1].PartUUID, FSType: fs, On: parts[1:]}, {Name: "resume", On: parts[:1]}}}
}

// theEnd is what the words end with.
const theEnd = added + " rd.retry=30 rd.timeout=45"

// TestWaits: a wait of the machine is kept if it is short.
func TestWaits(t *testing.T) {
	for words, want := range map[string]string{"rd.retry=5": "rd.retry=5 rd.timeout=45", "rd.retry=500 rd.timeout=0": "rd.retry=30 rd.timeout=45", "rd.timeout=7": "rd.retry=30 rd.timeout=7"} {
		p := &Plan{}
		p.words(words)
		if p.Words != added+" "+want {
			t.Errorf("%s: %s", words, p.Words)
		}
	}
}

// describe writes a plan as a person reads it.
func describe(p *Plan) string {
	var b strings.Builder
	var volume func(v *Volume, indent string)
	volume = func(v *Volume, indent string) {
		fmt.Fprintf(&b, "%s%s %s %s %v\n", indent, v.Type, v.UUID, v.Label, v.Marks)
		if v.Inner != nil {
			volume(v.Inner, indent+"  ")
		}
		if v.Group != nil {
			for _, l := range v.Group.LVs {
				fmt.Fprintf(&b, "%s  %s/%s\n", indent, v.Group.Name, l.Name)
				volume(l.Content, indent+"    ")
			}
		}
	}
	for _, d := range p.Disks {
		fmt.Fprintf(&b, "%s %s %s\n", d.Name, d.Bus, d.Table)
		for _, part := range d.Parts {
			fmt.Fprintf(&b, "  %d %s %s\n", part.Number, part.UUID, part.Label)
			volume(part.Content, "    ")
		}
		if d.Whole != nil {
			volume(d.Whole, "  ")
		}
	}
	fmt.Fprintf(&b, "words %s\nfstab %s", strings.TrimSpace(strings.TrimSuffix(p.Words, theEnd)), p.fstab())
	for _, u := range p.Untried {
		fmt.Fprintf(&b, "untried %s\n", u)
	}
	return b.String()
}

func TestPlan(t *testing.T) {
	for _, c := range []struct {
		name, words string
		chain       *chain.Chain
		want        string
	}{
		{"lvm on luks", `BOOT_IMAGE=/vmlinuz root=/dev/mapper/my--vg-root ro quiet console=tty0 init=/usr/lib/systemd/systemd resume=UUID=1 foo="a b" -- single`, locked(), `
nvme0n1 nvme gpt
  3 aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee größe
    crypto_LUKS 33333333-1111-4111-8111-111111111111  []
      LVM2_member pvpvpv-pvpv-pvpv-pvpv-pvpv-pvpv-pvpvpv  []
        my-vg/root
          ext4 11111111-1111-4111-8111-111111111111 wurzel [/]
        my-vg/usr
          ext4 22222222-1111-4111-8111-111111111111  [/usr]
words root=/dev/mapper/my--vg-root ro init=/usr/lib/systemd/systemd foo="a b"
fstab /dev/mapper/my--vg-root / ext4 defaults 0 0
UUID=22222222-1111-4111-8111-111111111111 /usr ext4 ro,x-initrd.mount 0 0
untried nvme0n1: vmd, the driver of 0000:00:0d.0
untried system: another key, and the cipher aes-xts-plain64: key files, tokens and other ciphers
`},
		{"logical partition", "root=PARTUUID=1234abcd-06 resume=/dev/sda2 rootwait", old(6, "xfs"), `
sda ahci dos
  2 1234abcd-02 
    swap 22222222-1111-4111-8111-111111111111 wurzel [resume]
  6 1234abcd-06 
    xfs 11111111-1111-4111-8111-111111111111 wurzel [/]
words root=PARTUUID=1234abcd-06 resume=/dev/sda2
fstab PARTUUID=1234abcd-06 / xfs defaults 0 0
`},
		{"no such hardware", "root=/dev/sda ro", whole("hv_storvsc"), `
sda virtio-blk 
  ext4 11111111-1111-4111-8111-111111111111  [/]
words root=/dev/sda ro
fstab UUID=11111111-1111-4111-8111-111111111111 / ext4 defaults 0 0
untried sda: QEMU has no disk like it; its stand-in is on virtio-blk
untried sda: hv_storvsc, the driver of 0000:00:0e.0
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := Of(c.chain, c.words)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.TrimPrefix(c.want, "\n"), describe(p)); diff != "" {
				t.Error(diff)
			}
			if !strings.HasSuffix(p.Words, theEnd) {
				t.Errorf("words %q", p.Words)
			}
		})
	}
}

// TestFor: a bus that one kind of machine lacks is exchanged, and that is said.
func TestFor(t *testing.T) {
	for _, c := range []struct {
		driver, arch string
		bus          Bus
	}{{"virtio_mmio", AMD64, VirtioBlk}, {"virtio_mmio", ARM64, VirtioMMIO}, {"ata_piix", ARM64, VirtioBlk}, {"ata_piix", AMD64, IDE}} {
		p, err := Of(whole(c.driver), "root=x")
		if err != nil {
			t.Fatal(err)
		}
		p.For(c.arch)
		if changed := c.bus == VirtioBlk; p.Disks[0].Bus != c.bus || p.Substitute != changed || len(p.Untried) > 0 != changed {
			t.Errorf("%+v: %+v %q", c, p.Disks[0], p.Untried)
		}
	}
}

func whole(driver string) *chain.Chain {
	d := disk("sda", driver)
	d.FSType, d.UUID = "ext4", uuid1
	return &chain.Chain{Devices: []*chain.Device{d}, Goals: []*chain.Goal{{Name: "/", FSType: "ext4", On: []*chain.Device{d}}}}
}

// TestNoStandIn: what cannot be imitated is an error that names it, and never a boot of something else.
func TestNoStandIn(t *testing.T) {
	d := disk("sda", "ahci")
	above := func(k chain.Kind, fs string) *chain.Chain {
		d := disk("sda", "ahci")
		d.FSType = fs
		m := &chain.Device{Name: "md0", Kind: k, Below: []*chain.Device{d}}
		return &chain.Chain{Devices: []*chain.Device{d, m}, Goals: []*chain.Goal{{Name: "/", On: []*chain.Device{m}}}}
	}
	for want, c := range map[string]*chain.Chain{
		"an array of MD":              above(chain.MD, "linux_raid_member"),
		"several paths":               above(chain.Multipath, ""),
		"no LUKS volume":              above(chain.Crypt, ""),
		"IDs are not known":           above(chain.LVM, "LVM2_member"),
		"the chain has no root":       {Devices: []*chain.Device{d}},
		"partition number":            {Devices: []*chain.Device{d, {Name: "sda1", Kind: chain.Partition, Below: []*chain.Device{d}}}},
		"what it lies on is not know": {Goals: []*chain.Goal{{Name: "/"}}},
	} {
		if _, err := Of(c, "root=x"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
}

func TestTarget(t *testing.T) {
	for _, c := range []struct{ text, words, want string }{
		{"virtio-blk ext4 root=UUID=" + uuid1, "", "disk virtio-blk gpt\n  1  \n    ext4 " + uuid1 + "  [/]\nwords root=UUID=" + uuid1 + "\n"},
		{"nvme xfs root=/dev/nvme0n1p2", "ro", "disk nvme gpt\n  2  \n    xfs " + someUUID + "  [/]\nwords root=/dev/nvme0n1p2 ro\n"},
		{"ahci ext4", "root=/dev/sda", "disk ahci \n  ext4 " + someUUID + "  [/]\nwords root=/dev/sda\n"},
		{"usb ext4 root=PARTUUID=1234abcd-03", "", "disk usb dos\n  3 1234abcd-03 \n    ext4 " + someUUID + "  [/]\nwords root=PARTUUID=1234abcd-03\n"},
		{"virtio-scsi btrfs luks lvm root=/dev/mapper/a--b-c", "rd.luks.uuid=luks-" + uuid3, "disk virtio-scsi gpt\n  1  \n    crypto_LUKS " + uuid3 + "  []\n      LVM2_member preroo-tTri-al00-0000-0000-0000-000pv1  []\n        a-b/c\n          btrfs " + someUUID + "  [/]\nwords root=/dev/mapper/a--b-c rd.luks.uuid=luks-" + uuid3 + "\n"},
		{"virtio-blk root=/dev/vda1", "", "error names no file system"},
		{"virtio-blk ext4 luks root=PARTUUID=" + part3, "", "error name root by its UUID"},
		{"virtio-blk ext4 md root=UUID=" + uuid1, "", "error md: a stand-in"},
	} {
		target, err := check.ParseTarget(c.text)
		if err != nil {
			t.Fatal(err)
		}
		p, err := OfTarget(target, c.words)
		if want, ok := strings.CutPrefix(c.want, "error "); ok {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", c.text, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		got, _, _ := strings.Cut(describe(p), "fstab ")
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.text, diff)
		}
	}
}

// make makes the disks of a chain.
func makeDisks(t *testing.T, c *chain.Chain, words string) (*Plan, string) {
	t.Helper()
	p, err := Of(c, words)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	init := filepath.Join(t.TempDir(), "init")
	if err := os.WriteFile(init, []byte("the init"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := p.Make(dir, Tools{Init: init}); err != nil {
		t.Fatal(err)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(left) != len(p.Disks) {
		t.Errorf("what is left beside the disks: %q", left)
	}
	return p, dir
}

// tableOf is what sfdisk(8) reads of a disk.
func tableOf(t *testing.T, file string) (label string, parts []map[string]any) {
	t.Helper()
	out, err := exec.Command("/usr/sbin/sfdisk", "--json", file).CombinedOutput()
	var all struct {
		PartitionTable struct {
			Label      string
			Partitions []map[string]any
		}
	}
	if err != nil || json.Unmarshal(out, &all) != nil {
		t.Fatalf("sfdisk: %v: %s", err, out)
	}
	if out, err := exec.Command("/usr/sbin/sfdisk", "--verify", file).CombinedOutput(); err != nil || strings.Contains(string(out), "overlap") {
		t.Errorf("sfdisk: %v: %s", err, out)
	}
	return all.PartitionTable.Label, all.PartitionTable.Partitions
}

// section is a part of a file from a sector on.
func section(t *testing.T, file string, sectors float64) *sectionReader {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return &sectionReader{f, int64(sectors) * sector}
}

type sectionReader struct {
	f  *os.File
	at int64
}

func (s *sectionReader) ReadAt(b []byte, off int64) (int, error) { return s.f.ReadAt(b, s.at+off) }

// TestLogical: sfdisk reads the numbers, also of a logical partition behind ones that the chain has not; and the file systems have their identifiers.
func TestLogical(t *testing.T) {
	for _, number := range []int{5, 6, 8} {
		_, dir := makeDisks(t, old(number, "ext4"), "root=x")
		file := File(dir, 0)
		label, parts := tableOf(t, file)
		last := parts[len(parts)-1]
		if label != "dos" || !strings.HasSuffix(last["node"].(string), fmt.Sprint(number)) {
			t.Fatalf("%s %v", label, parts)
		}
		swap, extended := parts[0], parts[1]
		if extended["type"] != "5" || extended["start"].(float64) < swap["start"].(float64)+swap["size"].(float64) {
			t.Errorf("the extended partition does not begin behind the swap: %v", parts)
		}
		probe, err := blkid.Probe(section(t, file, last["start"].(float64)), int64(last["size"].(float64))*sector, sector)
		if err != nil || probe.Type != "ext4" || probe.UUID != uuid1 || probe.Label != "wurzel" {
			t.Errorf("%d: %+v, %v", number, probe, err)
		}
	}
}

// TestFileSystems: each has its identifiers and the init.
func TestFileSystems(t *testing.T) {
	for _, fs := range []string{"ext4", "xfs", "btrfs", "f2fs", "erofs", "squashfs"} {
		t.Run(fs, func(t *testing.T) {
			c := whole("virtio_blk")
			c.Devices[0].FSType = fs
			_, dir := makeDisks(t, c, "root=x")
			probe, err := blkid.Probe(section(t, File(dir, 0), 0), sizeOf(&Volume{Type: fs}), sector)
			want := uuid1
			if fs == "squashfs" {
				want = ""
			}
			if err != nil || probe.Type != fs || probe.UUID != want {
				t.Errorf("%+v, %v", probe, err)
			}
		})
	}
}

// TestLayers: the table is GPT with name and number; what LUKS holds is a physical volume that lvm2 reads, with the volumes in it.
func TestLayers(t *testing.T) {
	p, dir := makeDisks(t, locked(), "root=x")
	file := File(dir, 0)
	label, parts := tableOf(t, file)
	if label != "gpt" || len(parts) != 1 || !strings.EqualFold(parts[0]["uuid"].(string), part3) || parts[0]["name"] != "größe" || !strings.HasSuffix(parts[0]["node"].(string), "3") {
		t.Fatalf("%s %v", label, parts)
	}
	out, err := exec.Command("/usr/sbin/sgdisk", "--verify", file).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "No problems found") {
		t.Errorf("sgdisk: %v: %s", err, out)
	}
	v := p.Disks[0].Parts[0].Content
	plain := filepath.Join(dir, "plain")
	decrypt(t, section(t, file, parts[0]["start"].(float64)), sizeOf(v), plain)
	r := section(t, plain, 0)
	pv, err := lvm.ReadPV(r, sizeOf(v.Inner))
	if err != nil || pv.VG == nil || pv.UUID != pvID || len(pv.Notes) > 0 || !pv.Used {
		t.Fatalf("%+v, %v", pv, err)
	}
	out, err = exec.Command("/usr/sbin/pvck", "--dump", "headers", plain).CombinedOutput()
	if err != nil || strings.Contains(string(out), "incorrect") || strings.Contains(string(out), "CHECK:") {
		t.Errorf("pvck: %v: %s", err, out)
	}
	out, err = exec.Command("/usr/sbin/pvck", "--dump", "metadata", plain).CombinedOutput()
	if err != nil || !strings.Contains(string(out), `id = "ZBCDEF-GHIJ-KLMN-OPQR-STUV-WXYZ-012345"`) || !strings.Contains(string(out), "metadata text at") {
		t.Errorf("pvck: %v: %s", err, out)
	}
	g := lvm.Groups([]lvm.Member{{Device: plain, PV: pv}})[0]
	for lv, id := range map[string]string{"root": uuid1, "usr": uuid2} {
		open, err := g.Open(lv, opener(r))
		if err != nil {
			t.Fatal(err)
		}
		probe, err := blkid.Probe(open, 64*mib, sector)
		if err != nil || probe.Type != "ext4" || probe.UUID != id {
			t.Errorf("%s: %+v, %v", lv, probe, err)
		}
	}
}

// opener gives the one physical volume of a group.
func opener(r io.ReaderAt) func(string) (io.ReaderAt, error) {
	return func(string) (io.ReaderAt, error) { return r, nil }
}

// decrypt writes what a LUKS volume holds, as dm-crypt reads it.
func decrypt(t *testing.T, r io.ReaderAt, size int64, to string) {
	t.Helper()
	h, err := luks.Read(r, size)
	if err != nil {
		t.Fatal(err)
	}
	if h.UUID != uuid3 || h.Version != 2 {
		t.Errorf("%+v", h)
	}
	key, err := h.Unlock(context.Background(), r, []byte(Passphrase), luks.Options{})
	if err != nil {
		t.Fatal(err)
	}
	table, err := h.Table(size, false)
	if err != nil {
		t.Fatal(err)
	}
	c, err := xts.NewCipher(aes.NewCipher, key.Key)
	if err != nil {
		t.Fatal(err)
	}
	data := make([]byte, table.Sectors*sector)
	if _, err := r.ReadAt(data, int64(table.Offset)*sector); err != nil {
		t.Fatal(err)
	}
	for n := range table.Sectors {
		s := data[n*sector:][:sector]
		c.Decrypt(s, s, n)
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestContent: root has the init where the words want it, its fstab, and the mark by which it is known.
func TestContent(t *testing.T) {
	_, dir := makeDisks(t, whole("virtio_blk"), "root=x init=/opt/boot/init")
	for file, want := range map[string]string{"/.preroot-trial": "/\n", "/opt/boot/init": "the init", "/etc/fstab": "UUID=" + uuid1 + " / ext4 defaults 0 0\n", "/usr/lib/os-release": osRelease} {
		out, err := exec.Command("/usr/sbin/debugfs", "-R", "cat "+file, File(dir, 0)).Output()
		if err != nil || string(out) != want {
			t.Errorf("%s: %q, %v", file, out, err)
		}
	}
}

// TestSubvolume: a root on a subvolume lies at the top of its stand-in, and the words and fstab say so.
func TestSubvolume(t *testing.T) {
	c := whole("virtio_blk")
	c.Devices[0].FSType = "btrfs"
	entries, _ := mount.ParseFstab("UUID=" + uuid1 + " / btrfs noatime,subvol=@ 0 0\n")
	c.Goals[0].Subvolume, c.Goals[0].Entry, c.Goals[0].InFstab = "/@", entries[0], true
	p, _ := makeDisks(t, c, "root=x rootflags=noatime,subvol=@ ro")
	if !strings.HasSuffix(p.Words, " rootflags=noatime,subvolid=5") || strings.Contains(p.fstab(), "subvol") || !strings.Contains(p.fstab(), "noatime") || len(p.Untried) != 1 {
		t.Errorf("%q %q %q", p.Words, p.fstab(), p.Untried)
	}
}
