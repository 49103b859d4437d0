package blkid

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"testing"
)

// TestAmbiguous puts a second signature on a device and expects blkid's
// verdict: RAID and LUKS win, ISO 9660 tolerates, else nobody does.
func TestAmbiguous(t *testing.T) {
	v0swap := func(t *testing.T, p string) { patch(t, p, 4086, []byte("SWAP-SPACE")) }
	suspended := func(t *testing.T, p string) { patch(t, p, 0xfff6, []byte("S1SUSPEND\x00")) }
	btrfs := func(t *testing.T, p string) { transplant(t, p, 128*mib, 65536, 4096, "mkfs.btrfs", "-q", "-f") }
	ext4 := func(t *testing.T, p string) { transplant(t, p, 8*mib, 1024, 1024, "mke2fs", "-q", "-F", "-t", "ext4") }
	md := func(off int64) func(*testing.T, string) {
		return func(t *testing.T, p string) { patch(t, p, off, md1Super(off, "n:0")) }
	}
	for _, c := range []struct {
		name      string
		base      string // of images
		then      func(t *testing.T, path string)
		typ       string
		ambiguous []string
	}{
		{"swap and ext4", "ext4/no label/65536k", v0swap, "", []string{"swap", "ext4"}},
		{"hibernation and ext4", "ext4/no label/65536k", suspended, "", []string{"swsuspend", "ext4"}},
		{"ext4 and btrfs", "ext4/no label/65536k", btrfs, "", []string{"ext4", "btrfs"}},
		{"xfs and btrfs", "xfs/no label/307200k", btrfs, "", []string{"xfs", "btrfs"}},
		{"btrfs and ext4", "btrfs/no label/131072k", ext4, "", []string{"ext4", "btrfs"}},
		{"fat and ext4", "fat16/no label/65536k", ext4, "", []string{"vfat", "ext4"}},
		{"squashfs and ext4", "squashfs/5120k", ext4, "", []string{"ext4", "squashfs"}},
		{"iso9660 and ext4", "iso9660/MY_ROOT -J 5120k", ext4, "", []string{"ext4", "iso9660"}},
		{"ntfs and ext4", "ntfs/no label/65536k", ext4, "", []string{"ext4", "ntfs"}},
		{"f2fs and btrfs", "f2fs/no label/65536k", btrfs, "", []string{"btrfs", "f2fs"}},
		{"udf and ext4", "udf/no label/65536k", ext4, "", []string{"ext4", "udf"}},
		{"zfs and ext4", "zfs/My Root/65536k", ext4, "", []string{"ext4", "zfs_member"}},
		{"bcache and ext4", "bcache backing/no label/65536k", ext4, "", []string{"bcache", "ext4"}},
		{"bitlocker and ext4", "bitlocker/no label/65536k", ext4, "BitLocker", nil},
		{"bitlocker to go and fat", "fat32/no label/65536k", func(t *testing.T, p string) {
			patch(t, p, 0, []byte(bdeToGo))
			patch(t, p, 424, bitlockerBoot(bdeToGo, bdeToGoMetadata)[424:])
			patch(t, p, mib, bitlockerMetadata())
		}, "BitLocker", nil},
		{"bitlocker to go without metadata", "fat32/no label/65536k", func(t *testing.T, p string) {
			patch(t, p, 0, []byte(bdeToGo))
		}, "vfat", nil},
		{"udf and iso9660", "udf/bridge", func(*testing.T, string) {}, "udf", nil},
		{"xfs and minix", "xfs/no label/307200k", func(t *testing.T, p string) {
			transplant(t, p, 8*mib, minixOffset, minixSize, "mkfs.minix", "-2")
		}, "", []string{"xfs", "minix"}},
		{"romfs and btrfs", "romfs/My Root/5120k", btrfs, "", []string{"romfs", "btrfs"}},
		{"cramfs and ext4", "cramfs little/My Root/5120k", ext4, "", []string{"ext4", "cramfs"}},
		{"nilfs2 and btrfs", "nilfs2/no label/132096k", btrfs, "", []string{"btrfs", "nilfs2"}},
		{"mirror 1.2 and ntfs", "ntfs/no label/65536k", md(4096), "linux_raid_member", nil},
		{"mirror 1.0 and ext4", "ext4/no label/65536k", md(64*mib - 8192), "linux_raid_member", nil},
		{"mirror 1.2 and ext4", "ext4/no label/65536k", md(4096), "linux_raid_member", nil},
		{"luks and ext4", "luks2/no label/65536k", ext4, "crypto_LUKS", nil},
		{"tiny swap and ext2", "ext2/no label/1024k", v0swap, "swap", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := imageNamed(t, c.base).build(t, t.TempDir())
			c.then(t, path)
			in := compare(t, path)
			if in.Type != c.typ || !slices.Equal(in.Ambiguous, c.ambiguous) {
				t.Errorf("type %q, ambiguous %q; want %q, %q", in.Type, in.Ambiguous, c.typ, c.ambiguous)
			}
		})
	}
}

// TestSecondHeader damages the first LUKS2 header: the second one is found
// wherever it may lie, but far ones never over a newer file system.
func TestSecondHeader(t *testing.T) {
	for _, kib := range []int{16, 32, 64, 128, 256, 512, 1024, 2048, 4096} {
		path := image{fmt.Sprint("luks2 ", kib), 64 * mib, nil,
			luksFormat("--type", "luks2", "--luks2-metadata-size", fmt.Sprint(kib, "k"), "--luks2-keyslots-size", "8m")}.build(t, t.TempDir())
		patch(t, path, 0, []byte("XXXX"))
		if in := compare(t, path); in.Type != "crypto_LUKS" || in.UUID == "" {
			t.Errorf("second header at %d KiB not found: %+v", kib, in)
		}
		run(t, "mke2fs", "-q", "-F", "-t", "ext4", path)
		want := "ext4"
		if kib <= 64 && askBlkid(t, path).tags["TYPE"] == "crypto_LUKS" {
			want = "crypto_LUKS" // mke2fs left it in place
		}
		if in := probeFile(t, path); in.Type != want {
			t.Errorf("ext4 over LUKS2 with a second header at %d KiB: %q, want %q", kib, in.Type, want)
		}
	}
}

// TestTableBeside puts a partition table beside a superblock. Only a RAID
// member hides it; a volume in a partition is not one of the disk.
func TestTableBeside(t *testing.T) {
	table := make([]byte, 512)
	putTable(table, 0, mbrEntry{0x80, 0x83, 2048, 64*mib/512 - 2048})
	le.PutUint32(table[mbrID:], 0xdeadbeef)
	md0 := func(t testing.TB, p string) { patch(t, p, 64*mib-64*kib, md0Super(63*mib, le)) }
	for _, c := range []struct {
		base  image
		typ   string
		table string
	}{
		{imageNamed(t, "iso9660/MY_ROOT -J 5120k"), "iso9660", "dos"},
		{imageNamed(t, "ext4/no label/65536k"), "ext4", "dos"},
		{imageNamed(t, "luks2/no label/65536k"), "crypto_LUKS", "dos"},
		{imageNamed(t, "lvm2/sector 1/65536k"), "", "dos"},
		{imageNamed(t, "md 1.2/no label/65536k"), "linux_raid_member", ""},
		{imageNamed(t, "btrfs/no label/131072k"), "btrfs", "dos"},
		{image{"md 0.90 of the last partition", 64 * mib, nil, md0}, "", "dos"},
		{image{"md 0.90 of a disk a little larger", 64*mib + 64*kib, nil, func(t testing.TB, p string) {
			patch(t, p, 64*mib, md0Super(64*mib+64*kib, le))
		}}, "linux_raid_member", ""},
	} {
		t.Run(c.base.name, func(t *testing.T) {
			path := c.base.build(t, t.TempDir())
			patch(t, path, mbrID, table[mbrID:])
			in := compare(t, path)
			if in.Type != c.typ || in.PTType != c.table {
				t.Errorf("type %q, table %q; want %q, %q", in.Type, in.PTType, c.typ, c.table)
			}
		})
	}
}

// TestLVMAndGPT: unlike an MBR, a GPT does not make an LVM label a leftover.
func TestLVMAndGPT(t *testing.T) {
	gpt := makeGPT(64*mib, 512, []gptEntry{{1, 100, 200, "one"}})
	copy(gpt[1536:], lvmLabel(3)) // among the entries, which are damaged by it
	path := image{"gpt", 64 * mib, nil, func(t testing.TB, p string) { patch(t, p, 0, gpt) }}.build(t, t.TempDir())
	if in := compare(t, path); in.Type != "LVM2_member" || in.PTType != "gpt" || !in.PTBackup {
		t.Errorf("%+v", in)
	}
}

func imageNamed(t *testing.T, name string) image {
	t.Helper()
	for _, m := range images() {
		if m.name == name {
			return m
		}
	}
	t.Fatalf("no image %q in images()", name)
	return image{}
}

// transplant makes a file system elsewhere and copies its superblock.
func transplant(t *testing.T, path string, size, off int64, n int, name string, args ...string) {
	t.Helper()
	donor := image{"donor", size, nil, cmd(name, args...)}.build(t, t.TempDir())
	data, err := os.ReadFile(donor)
	if err != nil {
		t.Fatal(err)
	}
	patch(t, path, off, bytes.Clone(data[off:off+int64(n)]))
}
