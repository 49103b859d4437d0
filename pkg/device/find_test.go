package device

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/preroot/preroot/pkg/blkid"
)

// build makes an inventory out of lines: a name, then words:
//
//	fs=TYPE uuid= label= sub= raid=TYPE crypt=TYPE swap=TYPE  what the probe found
//	table=gpt|dos ptuuid= part=N:START:UUID:NAME             the partition table of a disk
//	size= start= serial= wwid= model= transport= id= path=   facts
//	slaves=a,b holders=a,b dm=NAME dmuuid=UUID members=N
//	ambiguous=a,b  error=TEXT  unprobed
func build(t *testing.T, lines string) *Inventory {
	t.Helper()
	inv := NewInventory()
	for line := range strings.Lines(lines) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		inv.Apply(blockEvent("add", words[0]))
		d := inv.ByName(words[0])
		info, facts, err, probed := describe(t, words[1:])
		inv.SetFacts(d.Name, d.Seq, facts)
		if probed {
			inv.SetProbe(d.Name, d.Seq, info, err)
		}
	}
	return inv
}

func describe(t *testing.T, words []string) (*blkid.Info, Facts, error, bool) {
	t.Helper()
	info, f := &blkid.Info{}, Facts{Size: 1 << 30, SectorSize: 512}
	var probeErr error
	probed := true
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		if key != "id" {
			value = strings.ReplaceAll(value, "_", " ")
		}
		list := strings.Split(value, ",")
		n, _ := strconv.ParseInt(value, 10, 64)
		switch key {
		case "fs":
			info.Type, info.Usage = value, blkid.UsageFilesystem
		case "raid":
			info.Type, info.Usage = w[5:], blkid.UsageRAID
		case "crypt":
			info.Type, info.Usage = w[6:], blkid.UsageCrypto
		case "swap":
			info.Type, info.Usage = value, blkid.UsageOther
		case "uuid":
			info.UUID = value
		case "label":
			info.Label = value
		case "sub":
			info.SubUUID = value
		case "members":
			info.Members = int(n)
		case "table":
			info.PTType = value
		case "ptuuid":
			info.PTUUID = value
		case "part":
			p := strings.SplitN(value, ":", 4)
			number, _ := strconv.Atoi(p[0])
			start, _ := strconv.ParseInt(p[1], 10, 64)
			info.Parts = append(info.Parts, blkid.Part{Number: number, Start: start, UUID: p[2], Name: p[3]})
		case "size":
			f.Size = n
		case "start":
			f.PartStart = n
		case "serial":
			f.Serial = value
		case "wwid":
			f.WWID = value
		case "model":
			f.Model = value
		case "transport":
			f.Transport = value
		case "id":
			f.IDs = list
		case "path":
			f.IDPath = value
		case "slaves":
			f.Slaves = list
		case "holders":
			f.Holders = list
		case "dm":
			f.DMName = value
		case "dmuuid":
			f.DMUUID = value
		case "hidden":
			f.Hidden = true
		case "ambiguous":
			info.Ambiguous = list
		case "error":
			info, probeErr = nil, errors.New(value)
		case "ptbackup":
			info.PTBackup = true
		case "ptdamaged":
			info.PTDamaged = true
		case "unprobed":
			probed = false
		default:
			t.Fatalf("unknown word %q", w)
		}
	}
	return info, f, probeErr, probed
}

const (
	disk1 = `
sda table=gpt ptuuid=aaaa part=1:1048576:11111111-0000-0000-0000-000000000001:EFI part=2:2097152:11111111-0000-0000-0000-000000000002:my_root serial=S1 model=Disk id=ata-Disk_S1 path=pci-0000:00:1f.2-ata-1.0 size=100000000000
sda1 fs=vfat uuid=ABCD-1234 start=1048576
sda2 fs=ext4 uuid=0a1b2c3d-0000-1111-2222-333344445555 label=root start=2097152 size=20000000000
`
	disk2 = `
sdb table=dos ptuuid=1234abcd part=1:1048576:1234abcd-01: part=2:2097152:1234abcd-02: part=17:4194304:1234abcd-11: serial=S2 model=Other
sdb1 fs=xfs uuid=bbbbbbbb-0000-1111-2222-333344445555 label=data start=1048576
sdb2 crypt=crypto_LUKS uuid=cccccccc-0000-1111-2222-333344445555 label=secret start=2097152
sdb17 swap=swap uuid=dddddddd-0000-1111-2222-333344445555 start=4194304
`
)

// find runs one reference and writes the answer as "sda1", "TWINS sda1 sdb1", "sda1 of sda1 sdb1" or "none".
func find(t *testing.T, inv *Inventory, text string) string {
	t.Helper()
	ref, err := ParseRef(text)
	if err != nil {
		t.Fatal(err)
	}
	c := inv.Find(ref)
	switch {
	case len(c.Twins) > 0:
		return "TWINS " + names(c.Twins)
	case len(c.Members) > 1 || c.Missing > 0:
		return c.Device.Name + " of " + names(c.Members) + " missing " + itoa(c.Missing)
	case c.Device != nil:
		return c.Device.Name
	}
	return "none"
}

func TestFindForms(t *testing.T) {
	inv := build(t, disk1+disk2+`
dm-0 fs=ext4 uuid=eeeeeeee-0000-1111-2222-333344445555 label=lv dm=my--vg-root dmuuid=LVM-x slaves=sdb1
dm-1 dm=a-b dmuuid=CRYPT-LUKS2-x
vda label=Gruesse fs=ext4
vdb fs=ext4 label=a/b_c
vdc fs=ext4 label=a\x20b
`)
	inv.ByName("vda").Probe.Label = "Gr\u00fc\u00dfe"
	for _, c := range []struct{ ref, want string }{
		{"/dev/sda2", "sda2"}, {"/dev/sda", "sda"}, {"/dev/sda3", "none"}, {"/dev/dm-0", "dm-0"},
		{"/dev/mapper/my--vg-root", "dm-0"}, {"/dev/my-vg/root", "dm-0"}, {"/dev/a/b", "none"}, {"/dev/mapper/a-b", "dm-1"},
		{"UUID=0a1b2c3d-0000-1111-2222-333344445555", "sda2"},
		{"UUID=0A1B2C3D-0000-1111-2222-333344445555", "sda2"},
		{`UUID="abcd-1234"`, "sda1"}, {"UUID=ABCD-1234", "sda1"}, {"UUID=ABCD1234", "none"},
		{"/dev/disk/by-uuid/ABCD-1234", "sda1"},
		{"UUID=cccccccc-0000-1111-2222-333344445555", "sdb2"}, {"LABEL=secret", "sdb2"}, // LUKS: udev names it too
		{"UUID=dddddddd-0000-1111-2222-333344445555", "sdb17"},
		{"LABEL=root", "sda2"}, {"LABEL=Root", "none"}, {"/dev/disk/by-label/root", "sda2"},
		{"LABEL=Gr\u00fc\u00dfe", "vda"}, {`LABEL=Gr\xc3\xbc\xc3\x9fe`, "vda"},
		{"LABEL=a/b c", "vdb"}, {`LABEL=a\x2fb\x20c`, "vdb"}, {`/dev/disk/by-label/a\x2fb\x20c`, "vdb"},
		{`LABEL=a\x20b`, "vdc"}, {`/dev/disk/by-label/a\x5cx20b`, "vdc"}, {"LABEL=a b", "none"},
		{"PARTUUID=11111111-0000-0000-0000-000000000002", "sda2"},
		{"PARTUUID=1234ABCD-02", "sdb2"}, {"PARTUUID=1234abcd-11", "sdb17"}, {"PARTUUID=1234abcd-17", "none"},
		{"PARTUUID=11111111-0000-0000-0000-000000000001/PARTNROFF=1", "sda2"},
		{"PARTUUID=11111111-0000-0000-0000-000000000002/PARTNROFF=-1", "sda1"},
		{"PARTUUID=11111111-0000-0000-0000-000000000002/PARTNROFF=1", "none"},
		{"PARTUUID=11111111-0000-0000-0000-000000000002/PARTNROFF=0", "sda2"},
		{"PARTLABEL=my root", "sda2"}, {`PARTLABEL=my\x20root`, "sda2"}, {`/dev/disk/by-partlabel/my\x20root`, "sda2"},
		{"ID=ata-Disk_S1-part2", "sda2"}, {"/dev/disk/by-id/ata-Disk_S1", "sda"},
		{"/dev/disk/by-path/pci-0000:00:1f.2-ata-1.0-part1", "sda1"},
		{inv.ByName("sdb1").Number.String(), "sdb1"}, {"4:1", "none"},
	} {
		if got := find(t, inv, c.ref); got != c.want {
			t.Errorf("%s: %s, want %s", c.ref, got, c.want)
		}
	}
}

// What sysfs of Linux 6.1 shows of an LVM volume with two snapshots (lvm2 2.03.16), and while one of them is merged into it: the origin lies
// on both hidden devices then, and the snapshot's own is gone from /sys/block.
const (
	originUUID = "LVM-47jOxVEutNLSHDMfa3nkyh5vkWxclfeQpYdcn3gf9h60fGr3ola5Yyg2M77wQG0N"
	snapUUID   = "LVM-47jOxVEutNLSHDMfa3nkyh5vkWxclfeQxrP2E5Za2vmwodX3rm9PJH7ZqbLwswry"
	otherUUID  = "LVM-47jOxVEutNLSHDMfa3nkyh5vkWxclfeQHCH9ITROmUsnY6fagvtGel82GylnwpEO"

	snapshots = `
sda2 raid=LVM2_member uuid=p holders=dm-1,dm-2,dm-4
dm-0 fs=ext4 uuid=u dm=vg-origin dmuuid=` + originUUID + ` slaves=dm-1
dm-1 fs=ext4 uuid=u dm=vg-origin-real dmuuid=` + originUUID + `-real slaves=sda2 holders=dm-0,dm-3,dm-5
dm-2 dm=vg-snap-cow dmuuid=` + snapUUID + `-cow slaves=sda2 holders=dm-3
dm-3 fs=ext4 uuid=u dm=vg-snap dmuuid=` + snapUUID + ` slaves=dm-1,dm-2
dm-4 dm=vg-other-cow dmuuid=` + otherUUID + `-cow slaves=sda2 holders=dm-5
dm-5 fs=ext4 uuid=u dm=vg-other dmuuid=` + otherUUID + ` slaves=dm-1,dm-4`
	merging = `
sda2 raid=LVM2_member uuid=p holders=dm-1,dm-4
dm-0 fs=ext4 uuid=u dm=vg-origin dmuuid=` + originUUID + ` slaves=dm-1,dm-2
dm-1 fs=ext4 uuid=u dm=vg-origin-real dmuuid=` + originUUID + `-real slaves=sda2 holders=dm-0,dm-5
dm-4 dm=vg-other-cow dmuuid=` + otherUUID + `-cow slaves=sda2 holders=dm-5
dm-5 fs=ext4 uuid=u dm=vg-other dmuuid=` + otherUUID + ` slaves=dm-1,dm-4`
)

// The twin rule of the design: candidates are file systems, not nodes.
func TestTwins(t *testing.T) {
	for _, c := range []struct{ name, machine, ref, want string }{
		{"copy on another disk", `
sda1 fs=ext4 uuid=u
sdb1 fs=ext4 uuid=u`, "UUID=u", "TWINS sda1 sdb1"},
		{"copy on the same disk", `
sda
sda1 fs=ext4 uuid=u
sda2 fs=ext4 uuid=u`, "UUID=u", "TWINS sda1 sda2"},
		{"three, two of them layered", `
sda1 fs=ext4 uuid=u
dm-0 fs=ext4 uuid=u slaves=sda1
sdb1 fs=ext4 uuid=u`, "UUID=u", "TWINS dm-0 sdb1"},
		{"label only", `
sda1 fs=ext4 uuid=u1 label=root
sdb1 fs=xfs uuid=u2 label=root`, "LABEL=root", "TWINS sda1 sdb1"},
		{"cloned partition table", `
sda table=gpt part=1:0:p1:root
sda1
sdb table=gpt part=1:0:p1:root
sdb1`, "PARTUUID=p1", "TWINS sda1 sdb1"},
		{"the same by name", `
sda table=gpt part=1:0:p1:root
sda1
sdb table=gpt part=1:0:p2:root
sdb1`, "PARTLABEL=root", "TWINS sda1 sdb1"},
		{"a holder shows what its member holds", `
sda1 fs=ext4 uuid=u
dm-0 fs=ext4 uuid=u slaves=sda1`, "UUID=u", "dm-0"},
		{"known from the member's side only", `
sda1 fs=ext4 uuid=u holders=dm-0
dm-0 fs=ext4 uuid=u`, "UUID=u", "dm-0"},
		{"snapshot stack of three", `
sda1 fs=ext4 uuid=u
dm-0 fs=ext4 uuid=u slaves=sda1
dm-1 fs=ext4 uuid=u slaves=dm-0`, "UUID=u", "dm-1"},
		{"RAID1 with the data first", `
sda1 raid=linux_raid_member uuid=m label=root
sdb1 raid=linux_raid_member uuid=m label=root
md-0 fs=ext4 uuid=u label=root slaves=sda1,sdb1`, "LABEL=root", "md-0"},
		{"members of a mirror read as the file system", `
sda1 fs=ext4 uuid=u
sdb1 fs=ext4 uuid=u
md-0 fs=ext4 uuid=u slaves=sda1,sdb1`, "UUID=u", "md-0"},
		{"hybrid ISO", `
sda fs=iso9660 uuid=2024-01-02-03-04-05-00 label=LIVE
sda1 fs=iso9660 uuid=2024-01-02-03-04-05-00 label=LIVE`, "LABEL=LIVE", "sda1"},
		{"two hybrid ISOs", `
sda fs=iso9660 uuid=2024-01-02-03-04-05-00
sda1 fs=iso9660 uuid=2024-01-02-03-04-05-00
sdb fs=iso9660 uuid=2024-01-02-03-04-05-00
sdb1 fs=iso9660 uuid=2024-01-02-03-04-05-00`, "UUID=2024-01-02-03-04-05-00", "TWINS sda1 sdb1"},
		{"multipath, not assembled", `
sda fs=ext4 uuid=u wwid=naa.5 size=1000 transport=fc
sdb fs=ext4 uuid=u wwid=naa.5 size=1000 transport=fc`, "UUID=u", "sda"},
		{"multipath partitions", `
sda wwid=naa.5 size=1000
sda1 fs=ext4 uuid=u size=500 start=100
sdb wwid=naa.5 size=1000
sdb1 fs=ext4 uuid=u size=500 start=100`, "UUID=u", "sda1"},
		{"multipath assembled, kernel partitions on the paths", `
sda wwid=naa.5 holders=dm-0
sda1 fs=ext4 uuid=u
sdb wwid=naa.5 holders=dm-0
sdb1 fs=ext4 uuid=u
dm-0
dm-1 fs=ext4 uuid=u slaves=dm-0`, "UUID=u", "dm-1"},
		{"a logical volume is not over its neighbour partition", `
sda
sda1 fs=ext4 uuid=u
sda2 raid=LVM2_member uuid=p
dm-0 fs=ext4 uuid=u slaves=sda2`, "UUID=u", "TWINS dm-0 sda1"},
		{"one WWID, two sizes", `
sda fs=ext4 uuid=u wwid=naa.5 size=1000
sdb fs=ext4 uuid=u wwid=naa.5 size=2000`, "UUID=u", "TWINS sda sdb"},
		{"one WWID, two sizes of disks, one layout", `
sda wwid=naa.5 size=1000
sda1 fs=ext4 uuid=u size=500 start=100
sdb wwid=naa.5 size=2000
sdb1 fs=ext4 uuid=u size=500 start=100`, "UUID=u", "TWINS sda1 sdb1"},
		{"one WWID, two serial numbers", `
sda fs=ext4 uuid=u wwid=naa.5 serial=A
sdb fs=ext4 uuid=u wwid=naa.5 serial=B`, "UUID=u", "TWINS sda sdb"},
		{"USB bridges with one WWID", `
sda fs=ext4 uuid=u wwid=naa.5 transport=usb
sdb fs=ext4 uuid=u wwid=naa.5 transport=usb`, "UUID=u", "TWINS sda sdb"},
		{"no WWID at all", `
vda fs=ext4 uuid=u
vdb fs=ext4 uuid=u`, "UUID=u", "TWINS vda vdb"},
		{"hidden NVMe path", `
sda fs=ext4 uuid=u
sdb fs=ext4 uuid=u hidden`, "UUID=u", "sda"},
		{"btrfs over three", `
sda fs=btrfs uuid=u sub=a members=3
sdb fs=btrfs uuid=u sub=b members=3
sdc fs=btrfs uuid=u sub=c members=3`, "UUID=u", "sda of sda sdb sdc missing 0"},
		{"btrfs over three, one has not come yet", `
sda fs=btrfs uuid=u sub=a members=3
sdb fs=btrfs uuid=u sub=b members=3`, "UUID=u", "sda of sda sdb missing 1"},
		{"btrfs over two, one has not come yet", `
sdb fs=btrfs uuid=u sub=b members=2`, "UUID=u", "sdb of sdb missing 1"},
		{"copy of a btrfs", `
sda fs=btrfs uuid=u sub=a members=1
sdb fs=btrfs uuid=u sub=a members=1`, "UUID=u", "TWINS sda sdb"},
		{"copy of one member", `
sda fs=btrfs uuid=u sub=a members=2
sdb fs=btrfs uuid=u sub=b members=2
sdc fs=btrfs uuid=u sub=b members=2`, "UUID=u", "TWINS sda sdb sdc"},
		{"btrfs members on opened LUKS", `
sda1 crypt=crypto_LUKS uuid=c1
sdb1 crypt=crypto_LUKS uuid=c2
dm-0 fs=btrfs uuid=u sub=a members=2 slaves=sda1
dm-1 fs=btrfs uuid=u sub=b members=2 slaves=sdb1`, "UUID=u", "dm-0 of dm-0 dm-1 missing 0"},
		{"zfs over two", `
sda1 fs=zfs_member uuid=1 sub=2 label=rpool
sdb1 fs=zfs_member uuid=1 sub=3 label=rpool`, "LABEL=rpool", "sda1 of sda1 sdb1 missing 0"},
		{"bcachefs over two, one has not come yet", `
sda1 fs=bcachefs uuid=u sub=a members=2`, "UUID=u", "sda1 of sda1 missing 1"},
		{"copy of a member of a bcachefs", `
sda1 fs=bcachefs uuid=u sub=a members=2
sdb1 fs=bcachefs uuid=u sub=a members=2`, "UUID=u", "TWINS sda1 sdb1"},
		{"bcache and what is in it", `
sda1 swap=bcache uuid=b label=root holders=bcache-0
bcache-0 fs=ext4 uuid=u label=root slaves=sda1`, "LABEL=root", "bcache-0"},
		{"a snapshot and its origin", snapshots, "UUID=u", "dm-0"},
		{"a snapshot and its origin, being merged", merging, "UUID=u", "dm-0"},
		{"a snapshot whose origin is not there", `
sda2 raid=LVM2_member uuid=p
dm-0 fs=ext4 uuid=u dmuuid=LVM-vgorigin-real slaves=sda2
dm-2 dmuuid=LVM-vgsnap-cow slaves=sda2
dm-3 fs=ext4 uuid=u dmuuid=LVM-vgsnap slaves=dm-0,dm-2`, "UUID=u", "dm-3"},
		{"two snapshots without their origin", `
dm-0 fs=ext4 uuid=u dmuuid=LVM-vgorigin-real
dm-2 dmuuid=LVM-vgsnap-cow
dm-3 fs=ext4 uuid=u dmuuid=LVM-vgsnap slaves=dm-0,dm-2
dm-4 dmuuid=LVM-vgother-cow
dm-5 fs=ext4 uuid=u dmuuid=LVM-vgother slaves=dm-0,dm-4`, "UUID=u", "TWINS dm-3 dm-5"},
		{"a snapshot of an origin and a copy elsewhere", snapshots + `
sdb1 fs=ext4 uuid=u`, "UUID=u", "TWINS dm-0 sdb1"},
		{"snapshot by dmsetup, without UUIDs", `
dm-0 fs=ext4 uuid=u
dm-1 fs=ext4 uuid=u slaves=dm-0
dm-2
dm-3 fs=ext4 uuid=u slaves=dm-0,dm-2`, "UUID=u", "TWINS dm-1 dm-3"},
		{"a thin snapshot", `
sda2 raid=LVM2_member uuid=p
dm-0 dm=vg-pool_tmeta dmuuid=LVM-pool1-tmeta slaves=sda2
dm-1 dm=vg-pool_tdata dmuuid=LVM-pool2-tdata slaves=sda2
dm-2 dm=vg-pool-tpool dmuuid=LVM-pool3-tpool slaves=dm-0,dm-1
dm-3 dm=vg-pool dmuuid=LVM-pool3-pool slaves=dm-2
dm-4 fs=ext4 uuid=u dm=vg-thin dmuuid=LVM-thin slaves=dm-2
dm-5 fs=ext4 uuid=u dm=vg-tsnap dmuuid=LVM-tsnap slaves=dm-2`, "UUID=u", "TWINS dm-4 dm-5"},
		{"LUKS and its content with one label", `
sda1 crypt=crypto_LUKS uuid=c label=root
dm-0 fs=ext4 uuid=u label=root slaves=sda1`, "LABEL=root", "dm-0"},
		{"a closed LUKS is no file system", `
sda1 crypt=crypto_LUKS uuid=c label=root
sdb1 fs=ext4 uuid=u label=root`, "LABEL=root", "sdb1"},
		{"two closed LUKS", `
sda1 crypt=crypto_LUKS uuid=c label=root
sdb1 crypt=crypto_LUKS uuid=d label=root`, "LABEL=root", "TWINS sda1 sdb1"},
		{"an ambiguous device is no candidate", `
sda1 ambiguous=ext4,swap
sdb1 fs=ext4 uuid=u`, "UUID=u", "sdb1"},
		{"RAID members do not answer to the array's UUID", `
sda1 raid=linux_raid_member uuid=u
sdb1 raid=linux_raid_member uuid=u`, "UUID=u", "none"},
		{"a stale table entry", `
sda table=gpt part=1:1048576:p1:root
sda1 start=2097152`, "PARTUUID=p1", "none"},
	} {
		if got := find(t, build(t, c.machine), c.ref); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		// The order in which devices arrive changes nothing.
		lines := strings.Split(strings.TrimSpace(c.machine), "\n")
		for i, j := 0, len(lines)-1; i < j; i, j = i+1, j-1 {
			lines[i], lines[j] = lines[j], lines[i]
		}
		if got := find(t, build(t, strings.Join(lines, "\n")), c.ref); got != c.want {
			t.Errorf("%s, arrived backwards: %s, want %s", c.name, got, c.want)
		}
	}
}

// A loop in what devices say of each other must not be walked for ever.
func TestLayerLoop(t *testing.T) {
	inv := build(t, `
dm-0 fs=ext4 uuid=u slaves=dm-1,dm-0
dm-1 fs=ext4 uuid=u slaves=dm-0
dm-2 fs=ext4 uuid=u slaves=dm-1
sda fs=ext4 uuid=u`)
	inv.Find(Ref{Kind: RefUUID, Value: "u"})
}

func TestTwinsError(t *testing.T) {
	inv := build(t, `
sda table=gpt part=1:0:p1:root serial=S1 model=Disk_One size=500000000000
sda1 fs=ext4 uuid=u
sdb table=gpt part=1:0:p2:root serial=S2 model=Disk_Two id=ata-Disk_Two_S2
sdb1 fs=ext4 uuid=u size=250000000000`)
	ref, _ := ParseRef("UUID=u")
	err := inv.Find(ref).Err(ref)
	const want = "UUID=u: more than one device answers: /dev/sda1 (ext4, UUID u, 1.1 GB, on Disk One, serial S1) and " +
		"/dev/sdb1 (ext4, UUID u, 250.0 GB, on Disk Two, serial S2); take one away, or name one: PARTUUID=p1 or PARTUUID=p2"
	if !errors.Is(err, ErrTwins) || err.Error() != want {
		t.Errorf("%v", err)
	}
	if err := (Choice{Device: &Device{}}).Err(ref); err != nil {
		t.Error(err)
	}
	inv = build(t, `
sda fs=ext4 uuid=u id=ata-A_1
sdb fs=ext4 uuid=u id=ata-B_2,wwn-0x5
vdc fs=ext4 uuid=u`)
	if err := inv.Find(ref).Err(ref); !strings.HasSuffix(err.Error(), "name one: /dev/disk/by-id/ata-A_1 or /dev/disk/by-id/ata-B_2 or /dev/vdc") {
		t.Errorf("%v", err)
	}
}

// Foreign text in a description cannot move the cursor of the console that shows it.
func TestDescribeHarmless(t *testing.T) {
	inv := build(t, "sda fs=ext4 uuid=u")
	d := inv.ByName("sda")
	d.Probe.Label, d.Model, d.Serial = "\x1b[2J", "evil\nline", "\xff"
	if s := d.Describe(); strings.ContainsAny(s, "\x1b\n") || strings.IndexByte(s, 0xff) >= 0 {
		t.Errorf("%q", s)
	}
}
