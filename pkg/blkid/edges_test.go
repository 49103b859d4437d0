package blkid

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// TestEdges changes one thing in an image of the real tools, where chance
// seldom strikes, and compares with blkid.
func TestEdges(t *testing.T) {
	at := func(off int64, data string) func(*testing.T, string) {
		return func(t *testing.T, p string) { patch(t, p, off, []byte(data)) }
	}
	for _, c := range []struct {
		name, base string
		then       func(t *testing.T, path string)
		typ        string
	}{
		{"squashfs 3", "squashfs/5120k", at(squashMajor, "\x03\x00\x01\x00"), "squashfs3"},
		{"squashfs 3 big endian", "squashfs/5120k", func(t *testing.T, p string) {
			patch(t, p, 0, []byte("sqsh"))
			patch(t, p, squashMajor, []byte("\x00\x03\x00\x01"))
		}, "squashfs3"},
		{"squashfs 4 big endian", "squashfs/5120k", func(t *testing.T, p string) {
			patch(t, p, 0, []byte("sqsh"))
			patch(t, p, squashMajor, []byte("\x00\x04\x00\x00"))
		}, ""},
		{"luks2 header elsewhere", "luks2/no label/65536k", at(luksOffset+6, "\x40"), "crypto_LUKS"}, // the second one
		{"luks 3", "luks2/no label/65536k", at(luksVersion+1, "\x03"), "crypto_LUKS"},
		{"fat32 bad info sector", "fat32/no label/65536k", at(512, "X"), ""},
		{"fat32 bad second signature", "fat32/no label/65536k", at(512+484, "X"), ""},
		{"fat32 empty info sector", "fat32/no label/65536k", at(512, strings.Repeat("\x00", 512)), "vfat"},
		{"fat32 other info signature", "fat32/no label/65536k", at(512, "RRdA"), "vfat"},
		{"fat16 boot sector of JFS", "fat16/no label/65536k", at(fatType, "JFS     "), ""},
		{"fat16 without a name", "fat16/no label/65536k", at(fatType, "        "), "vfat"},
		{"fat16 without a jump", "fat16/no label/65536k", func(t *testing.T, p string) {
			patch(t, p, fatType, []byte("        "))
			patch(t, p, 0, []byte{0})
		}, "vfat"},
		{"fat16 unknown media", "fat16/no label/65536k", at(fatMedia, "\xf1"), ""},
		{"fat16 without a serial", "fat16/no label/65536k", at(fatBootSign, "\x00"), "vfat"},
		{"fat16 serial 0", "fat16/no label/65536k", at(fatSerial, "\x00\x00\x00\x00"), "vfat"},
		{"fat16 label behind others", "fat16/My Root/65536k", shiftFATLabel, "vfat"},
		{"fat32 label behind others", "fat32/My Root/65536k", shiftFATLabel, "vfat"},
		{"fat16 label only in the boot sector", "fat16/My Root/65536k", func(t *testing.T, p string) {
			patch(t, p, fatLabelAt(t, p), make([]byte, 32))
		}, "vfat"},
		{"fat16 label with byte 0xe5", "fat16/My Root/65536k", func(t *testing.T, p string) {
			patch(t, p, fatLabelAt(t, p), []byte{5})
		}, "vfat"},
		{"swap of TuxOnIce", "swap 4096/My Root/4096k", at(0, tuxOnIce), "swsuspend"},
		{"swap of the other byte order", "swap 4096/My Root/4096k", at(1024, "\x00\x00\x00\x01"), "swap"},
		{"swap version 2", "swap 4096/My Root/4096k", at(1024, "\x02"), ""},
		{"swap without pages", "swap 4096/My Root/4096k", at(1028, "\x00\x00\x00\x00"), ""},
		{"swap with garbage", "swap 4096/My Root/4096k", at(1024+swapPadding, "x"), "swap"},
		{"high sierra", "iso9660/MY_ROOT -r 5120k", func(t *testing.T, p string) {
			patch(t, p, isoOffset, make([]byte, 100))
			patch(t, p, isoOffset+9, []byte("CDROM"))
			patch(t, p, isoOffset+isoSierraID, []byte("SIERRA    "))
		}, "iso9660"},
		{"iso9660 modified later", "iso9660/MY_ROOT -J 5120k", at(isoOffset+isoModified, "2030010203040506"), "iso9660"},
		{"iso9660 joliet knows better", "iso9660/MY_ROOT -J 5120k", at(isoOffset+isoVolumeID, "_Y__"), "iso9660"},
		{"dos with a strange boot indicator", "dos/no label/65536k", at(mbrTable+mbrEntrySize, "\x01"), ""},
		{"iso9660 never modified", "iso9660/MY_ROOT -J 5120k", at(isoOffset+isoModified, strings.Repeat("0", 16)+"\x00"), "iso9660"},
		{"iso9660 without a date", "iso9660/MY_ROOT -J 5120k", func(t *testing.T, p string) {
			patch(t, p, isoOffset+isoModified, []byte(strings.Repeat("0", 16)+"\x00"))
			patch(t, p, isoOffset+isoCreated, []byte(strings.Repeat("0", 16)+"\x00"))
		}, "iso9660"},
		{"iso9660 joliet says something else", "iso9660/MY_ROOT -J 5120k", at(isoOffset+isoSector+isoVolumeID, "\x00o\x00t\x00h\x00e\x00r\x00 \xd8\x3d\xde\x00"), "iso9660"},
		{"iso9660 joliet in lower case", "iso9660/MY_ROOT -J 5120k", at(isoOffset+isoSector+isoVolumeID, "\x00m\x00y\x00_\x00r"), "iso9660"},
		{"ext2 needs recovery", "ext2/no label/8192k", at(1024+extIncompat, "\x06"), ""},
		{"ext4 of the testing days", "ext4/no checksum", at(1024+extFlags, "\x05"), ""},
		{"ext4 minor revision", "ext4/no checksum", at(1024+extMinorRev, "\x07"), "ext4"},
		{"minix without inodes", "minix -1 -n 14/no label/8192k", at(minixOffset, "\x00\x00"), ""},
		{"minix of large zones", "minix -2 -n 30/no label/8192k", at(minixOffset+10, "\x01"), ""},
		{"minix in a third state", "minix -1 -n 30/no label/8192k", at(minixOffset+minixState, "\x04"), ""},
		{"minix with errors", "minix -1 -n 30/no label/8192k", at(minixOffset+minixState, "\x02"), "minix"},
		{"minix with the magic of ext", "minix -3 -n 60/no label/8192k", at(extOffset+extMagic, "\x53\xef"), "ext2"},
		{"cramfs of blanks", "cramfs big/My Root/1024k", at(cramfsLabel, "  \t \n          "), "cramfs"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := imageNamed(t, c.base).build(t, t.TempDir())
			c.then(t, path)
			if c.name == "ext4 of the testing days" { // ext4dev to blkid
				if in := probeFile(t, path); in.Type != "" {
					t.Errorf("type %q", in.Type)
				}
				return
			}
			if in := compare(t, path); in.Type != c.typ {
				t.Errorf("type %q, want %q", in.Type, c.typ)
			}
		})
	}
}

// fatLabelAt finds the entry of the label in the root directory.
func fatLabelAt(t *testing.T, path string) int64 {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, []byte("MY ROOT    \x08"))
	if at < 0 {
		t.Fatal("no label in the root directory")
	}
	return int64(at)
}

// shiftFATLabel puts a deleted label, a long name, a directory and forty files
// before the label.
func shiftFATLabel(t *testing.T, path string) {
	at := fatLabelAt(t, path)
	entry := func(name string, attr, cluster byte) string {
		return name + string([]byte{attr}) + strings.Repeat("\x00", 14) + string([]byte{cluster}) + strings.Repeat("\x00", 5)
	}
	dir := entry("\xe5ELETED    ", 0x08, 0) + entry("Along name\x00", 0x0f, 0) + entry("DIRECTORY  ", 0x18, 0) +
		entry("NOT EMPTY  ", 0x08, 3) + entry("FILE    TXT", 0x20, 4)
	patch(t, path, at, []byte(dir+strings.Repeat(entry("MORE    TXT", 0x20, 4), 7)+entry("THE LABEL  ", 0x08, 0)))
}

// damage turns the bits of a byte: whatever stood there, something else stands there now.
func damage(t *testing.T, path string, off int64) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b [1]byte
	if _, err := f.ReadAt(b[:], off); err != nil {
		t.Fatal(err)
	}
	patch(t, path, off, []byte{^b[0]})
}

// TestChecksums damages what only a checksum protects: a wrong one means that
// the kernel would refuse too.
func TestChecksums(t *testing.T) {
	for _, c := range []struct {
		base string
		off  int64
		typ  string
	}{
		{"ext4/no label/65536k", 1024 + 0x88, "ext4"}, // last mounted on
		{"ext4/no label/65536k", 1024 + extChecksum, "ext4"},
		{"xfs/no label/307200k", 300, "xfs"},
		{"xfs/4k sectors", 4000, "xfs"},
		{"btrfs/no label/131072k", btrfsOffset + 4000, "btrfs"},
		{"erofs/1024k", 3000, "erofs"},
		{"lvm2/sector 1/65536k", 512 + 500, "LVM2_member"},
		{"exfat/no label/65536k", 5 * 512, "exfat"},
		{"f2fs/checksum", 1024 + 2000, "f2fs"},
		{"bcache backing/no label/65536k", 4096 + 72, "bcache"},
		{"romfs/My Root/1024k", romfsLabel, "romfs"},
		{"romfs/My Root/1024k", romfsSummed - 1, "romfs"},
	} {
		path := imageNamed(t, c.base).build(t, t.TempDir())
		if in := probeFile(t, path); in.Type != c.typ {
			t.Errorf("%s: type %q before the damage", c.base, in.Type)
		}
		damage(t, path, c.off)
		if in := probeFile(t, path); in.Type != "" {
			t.Errorf("%s: type %q with byte %d damaged", c.base, in.Type, c.off)
		}
	}
}

// TestLUKSOffset: a LUKS2 header that belongs elsewhere is none, to cryptsetup
// and to libblkid since 2.39.
func TestLUKSOffset(t *testing.T) {
	path := imageNamed(t, "luks2/no label/65536k").build(t, t.TempDir())
	for _, off := range []int64{0, luksSecondFirst} {
		patch(t, path, off+luksOffset+6, []byte{0x50})
	}
	if in := probeFile(t, path); in.Type != "" {
		t.Errorf("%+v", in)
	}
}

// TestLookalikes: boot sectors of NTFS, exFAT and BitLocker end in 55 AA and
// are no partition table; nor is an AIX disk.
func TestLookalikes(t *testing.T) {
	for name, data := range map[string]string{
		"ntfs": "\xeb\x52\x90NTFS    ", "exfat": "\xeb\x76\x90EXFAT   ", "aix": "\xc9\xc2\xd4\xc1",
	} {
		dev := make([]byte, mib)
		copy(dev, data)
		putTable(dev, 0, mbrEntry{0, 0x83, 1, 10})
		if in, err := Probe(bytes.NewReader(dev), mib, 512); err != nil || in.PTType != "" {
			t.Errorf("%s: %+v, %v", name, in, err)
		}
	}
	path := imageNamed(t, "fat16/no label/65536k").build(t, t.TempDir())
	patch(t, path, fatOEM, []byte("-FVE-FS-"))
	if in := probeFile(t, path); in.Type != "" {
		t.Errorf("BitLocker: %+v", in)
	}
}
