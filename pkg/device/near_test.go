package device

import (
	"errors"
	"strconv"
	"strings"
	"testing"
)

// TestNear: the most telling near miss stands first and ends with what to write.
func TestNear(t *testing.T) {
	const machine = disk1 + disk2 + `
sdc1 ambiguous=ext4,swap
sdd1 error=input/output_error
`
	for _, c := range []struct{ machine, ref, want string }{
		{machine, "UUID=0a1b2c3d-0000-1111-2222-333344445556", "/dev/sda2 has the UUID but for one digit: did you mean UUID=0a1b2c3d-0000-1111-2222-333344445555"},
		{machine, "UUID=0A1B2C3D-0000-1111-2222-33334444555F", "/dev/sda2 has the UUID but for one digit: did you mean UUID=0a1b2c3d-0000-1111-2222-333344445555"},
		{machine, "UUID=0a1b2c3d-0000-1111-2222-33334444", ""}, // four digits are more than a slip
		{machine, "UUID=0a1b2c3d-0000-1111-2222-3333444455", "/dev/sda2 has the UUID but for two digits: did you mean UUID=0a1b2c3d-0000-1111-2222-333344445555"},
		{machine, "UUID=ABCD1234", "/dev/sda1 has the UUID but for one digit: did you mean UUID=ABCD-1234"},
		{machine, "LABEL=Root", "/dev/sda2 has the LABEL but for upper and lower case: did you mean LABEL=root"},
		{machine, "LABEL=root ", "/dev/sda2 has the LABEL but for blanks round it: did you mean LABEL=root"},
		{machine, "LABEL=roots", "/dev/sda2 has the LABEL but for one character: did you mean LABEL=root"},
		{machine, "LABEL=rotos", "/dev/sda2 has the LABEL but for two characters: did you mean LABEL=root"},
		{machine, "LABEL=my root", `/dev/sda2 has that as its PARTLABEL: write PARTLABEL=my\x20root`},
		{machine, "PARTLABEL=root", "/dev/sda2 has that as its LABEL: write LABEL=root"},
		{machine, "PARTUUID=0a1b2c3d-0000-1111-2222-333344445555", "/dev/sda2 has that as its UUID: write UUID=0a1b2c3d-0000-1111-2222-333344445555"},
		{machine, "UUID=1234ABCD-02", "/dev/sdb2 has that as its PARTUUID: write PARTUUID=1234abcd-02"},
		{machine, "PARTUUID=11111111-0000-0000-0000-000000000002/PARTNROFF=5", "/dev/sda2 has that PARTUUID, but on its disk there is no partition 7: write another /PARTNROFF="},
		{machine, "LABEL=far away", "/dev/sdc1 holds signatures of ext4 and swap at once, so its label and UUID do not count: if it is ext4, write root=/dev/sdc1 rootfstype=ext4"},
		{"sdd1 error=input/output_error", "LABEL=x", "/dev/sdd1 could not be read: input/output error"},
		{machine, "/dev/sda7", "/dev/sda is there, but has no such partition; its file systems: UUID=0a1b2c3d-0000-1111-2222-333344445555 (ext4)"},
		{machine, "/dev/sdb5", "/dev/sdb is there, but has no such partition; its file systems: UUID=bbbbbbbb-0000-1111-2222-333344445555 (xfs)"},
		{"vda fs=ext4 uuid=u", "/dev/vda1", "/dev/vda is there, but has no such partition, nor a partition table: write UUID=u"},
		{machine, "/dev/vda2", "/dev/sda2 (ext4, UUID 0a1b2c3d-0000-1111-2222-333344445555, LABEL root, 20.0 GB, on Disk, serial S1) is there: did you mean UUID=0a1b2c3d-0000-1111-2222-333344445555"},
		{machine, "ID=ata-Disk_S2", "/dev/sda has that name but for one character: did you mean /dev/disk/by-id/ata-Disk_S1"},
		{machine, "/dev/disk/by-path/pci-0000:00:1f.2-ata-2.0-part1", "/dev/sda1 has that name but for one character: did you mean /dev/disk/by-path/pci-0000:00:1f.2-ata-1.0-part1"},

		// What is there, but holds no file system.
		{"sda1 raid=LVM2_member uuid=pvpvpv-id", "UUID=pvpvpv-id",
			"/dev/sda1 has that UUID, but is LVM2_member (a physical volume of LVM), in whose volumes it may lie: name one by root=/dev/VG/LV, or by the root=UUID=... of what is in it"},
		{"sda1 raid=linux_raid_member uuid=0a1b2c3d-0000-1111-2222-333344445555 label=root", "LABEL=root",
			"/dev/sda1 has that LABEL, but is linux_raid_member (a member of an MD array), which this preroot cannot assemble, and no word of the command line changes that: start another initramfs"},
		{"sda1 crypt=crypto_LUKS uuid=0a1b2c3d-0000-1111-2222-333344445555 label=root", "PARTLABEL=root",
			"/dev/sda1 has that as its LABEL: write LABEL=root"},
		{"sda1 crypt=crypto_LUKS uuid=0a1b2c3d-0000-1111-2222-333344445555", "UUID=ffffffff-0000-1111-2222-333344445555",
			"/dev/sda1 may hold it: it is crypto_LUKS (an encrypted volume), behind which it may lie; it is opened by an image that was built with preroot build --luks, if rd.luks=0 does not forbid it"},
		{"sda1 crypt=crypto_LUKS uuid=0a1b2c3d-0000-1111-2222-333344445555 holders=dm-0\ndm-0 fs=ext4 uuid=u", "UUID=ffffffff-0000-1111-2222-333344445555", ""},
		{"sda1 raid=LVM2_member uuid=pvpvpv-id", "/dev/mapper/vg-root",
			"/dev/sda1 may hold it: it is LVM2_member (a physical volume of LVM), in whose volumes it may lie: name one by root=/dev/VG/LV, or by the root=UUID=... of what is in it"},
		{"sda1 swap=swap uuid=u1", "UUID=u2-other", ""},

		// Partition tables.
		{"sda table=gpt part=1:0:p1:root ptbackup", "PARTUUID=p1",
			"/dev/sda has that partition in its table, number 1, but the kernel has made no device of it: its backup is good and is used with the word gpt; sgdisk -e or gdisk mends it"},
		{"sda table=gpt part=1:0:p1:root ptbackup", "UUID=u-unknown",
			"/dev/sda has a damaged partition table, so that partitions may be missing: its backup is good and is used with the word gpt; sgdisk -e or gdisk mends it"},
		{"sda table=dos ptdamaged", "UUID=u-unknown",
			"/dev/sda has a damaged partition table, so that partitions may be missing: the disk is smaller than the table says, or a record of it is lost; sfdisk --verify /dev/sda tells which"},
		{"sda table=PMBR", "/dev/sda2",
			"/dev/sda is there, but has no such partition"},
		{"sda table=gpt part=1:0:p1:root", "PARTLABEL=root",
			"/dev/sda has that partition in its table, number 1, but the kernel has made no device of it: partx -a /dev/sda makes it"},
	} {
		ref, err := ParseRef(c.ref)
		if err != nil {
			t.Fatal(err)
		}
		choice := build(t, c.machine).Find(ref)
		got := strings.Join(choice.Near, "\n")
		if choice.Device != nil || c.want != "" && !strings.HasPrefix(got+"\n", c.want+"\n") || c.want == "" && strings.Contains(got, "sda") {
			t.Errorf("%s:\n%s\nwant %s", c.ref, got, c.want)
		}
		if err := choice.Err(ref); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v", c.ref, err)
		}
	}
}

// TestNearBound: not more than a person reads, even of a hundred disks.
func TestNearBound(t *testing.T) {
	var lines strings.Builder
	for i := range 100 {
		lines.WriteString("sda" + strconv.Itoa(i+1) + " fs=ext4 label=root" + strconv.Itoa(i) + "\n")
	}
	if c := build(t, lines.String()).Find(Ref{Kind: RefLabel, Value: "rootx"}); len(c.Near) != maxNear {
		t.Errorf("%d near misses", len(c.Near))
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "abc", 0}, {"abc", "abd", 1}, {"abc", "ab", 1}, {"kitten", "sitting", 3}, {"", "abc", 3}, {"flaw", "lawn", 2}} {
		if got := distance(c.a, c.b); got != c.want || distance(c.b, c.a) != c.want {
			t.Errorf("%s, %s: %d", c.a, c.b, got)
		}
	}
}
