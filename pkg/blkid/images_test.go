package blkid

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/preroot/preroot/internal/crc"
)

// tools are the programs that make and judge the test images, with the Debian
// package of each.
var tools = map[string]string{
	"blkid":       "util-linux",
	"mkswap":      "util-linux",
	"mke2fs":      "e2fsprogs",
	"mkfs.xfs":    "xfsprogs",
	"mkfs.btrfs":  "btrfs-progs",
	"mkfs.vfat":   "dosfstools",
	"mksquashfs":  "squashfs-tools",
	"mkfs.erofs":  "erofs-utils",
	"genisoimage": "genisoimage",
	"cryptsetup":  "cryptsetup-bin",
	"mdadm":       "mdadm",
	"partx":       "util-linux",
	"sfdisk":      "fdisk",
	"sgdisk":      "gdisk",
	"mkfs.exfat":  "exfatprogs",
	"mkntfs":      "ntfs-3g",
	"mkfs.f2fs":   "f2fs-tools",
	"mkudffs":     "udftools",
	"mkfs.nilfs2": "nilfs-tools",
	"make-bcache": "bcache-tools",
	"mkfs.minix":  "util-linux",
	"mkfs.cramfs": "util-linux",
	"genromfs":    "genromfs",
}

// run runs a tool and returns its standard output; /sbin is searched too.
func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := tool(t, name, args...).Output()
	if err != nil {
		if e, ok := err.(*exec.ExitError); ok {
			err = fmt.Errorf("%w\n%s", err, e.Stderr)
		}
		t.Fatalf("%s %s: %v", name, strings.Join(args, " "), err)
	}
	return string(out)
}

func tool(t testing.TB, name string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/" + name)
	}
	if err != nil {
		t.Fatalf("%s is missing: install the Debian package %s", name, tools[name])
	}
	c := exec.Command(path, args...)
	// mkfs.exfat takes labels in the character set of the locale.
	c.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	return c
}

// image is a test image: how it is made and where its superblock lies.
type image struct {
	name  string
	size  int64
	super [][2]int64 // ranges of bytes worth damaging
	make  func(t testing.TB, path string)
}

// build makes the image in dir and returns its path.
func (m image) build(t testing.TB, dir string) string {
	t.Helper()
	path := filepath.Join(dir, strings.NewReplacer("/", "_", " ", "_").Replace(m.name)+".img")
	if m.size > 0 {
		sparse(t, path, m.size)
	}
	m.make(t, path)
	return path
}

func sparse(t testing.TB, path string, size int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
}

// patch writes data into the image at off.
func patch(t testing.TB, path string, off int64, data []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(data, off); err != nil {
		t.Fatal(err)
	}
}

// cmd is an image made by one command with the path as last argument.
func cmd(name string, args ...string) func(t testing.TB, path string) {
	return func(t testing.TB, path string) {
		run(t, name, append(args[:len(args):len(args)], path)...)
	}
}

// tree makes a directory with about n bytes of files.
func tree(t testing.TB, n int) string {
	t.Helper()
	dir := t.TempDir()
	data := make([]byte, n)
	rand.NewChaCha8([32]byte{}).Read(data) // does not compress
	for name, content := range map[string][]byte{"small": []byte("x\n"), "large": data} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const (
	kib = 1 << 10
	mib = 1 << 20
	gib = 1 << 30
)

// labels are the two cases of each format: none and one with a space.
var labels = []string{"", "My Root"}

// images lists every format, without and with a label, in four sizes.
func images() []image {
	var all []image
	all = append(all, extImages()...)
	all = append(all, xfsImages()...)
	all = append(all, btrfsImages()...)
	all = append(all, fatImages()...)
	all = append(all, archiveImages()...)
	all = append(all, swapImages()...)
	all = append(all, luksImages()...)
	all = append(all, mdImages()...)
	all = append(all, lvmImages()...)
	all = append(all, moreImages()...)
	all = append(all, classicImages()...)
	return append(all, tableImages()...)
}

func named(format, label string, size int64) string {
	if label == "" {
		label = "no label"
	}
	return fmt.Sprintf("%s/%s/%dk", format, label, size/kib)
}

func extImages() (all []image) {
	for _, kind := range []string{"ext2", "ext3", "ext4"} {
		for _, size := range []int64{1 * mib, 8 * mib, 64 * mib, 3*gib + 512} {
			for _, l := range labels {
				all = append(all, image{named(kind, l, size), size, [][2]int64{{1024, 2048}},
					cmd("mke2fs", "-q", "-F", "-t", kind, "-L", l)})
			}
		}
	}
	for _, l := range []string{"a/b", `\x2f "$(id)"`, "Grüße", "\xff\xfe=", "  x  ", "sixteen letters!"} {
		all = append(all, image{fmt.Sprintf("ext4/%q", l), 8 * mib, nil, cmd("mke2fs", "-q", "-F", "-t", "ext4", "-L", l)})
	}
	return append(all,
		image{"ext4/no checksum", 8 * mib, [][2]int64{{1024, 2048}}, cmd("mke2fs", "-q", "-F", "-t", "ext4", "-O", "^metadata_csum")},
		image{"ext4/no journal", 8 * mib, [][2]int64{{1024, 2048}}, cmd("mke2fs", "-q", "-F", "-t", "ext4", "-O", "^has_journal")},
		image{"jbd", 8 * mib, [][2]int64{{1024, 2048}}, cmd("mke2fs", "-q", "-F", "-O", "journal_dev")})
}

func xfsImages() (all []image) {
	for _, size := range []int64{300 * mib, 512 * mib, 2 * gib, 17*gib + 4096} {
		for _, l := range labels {
			all = append(all, image{named("xfs", l, size), size, [][2]int64{{0, 512}}, cmd("mkfs.xfs", "-q", "-f", "-L", l)})
		}
	}
	return append(all,
		image{"xfs/version 4", 300 * mib, [][2]int64{{0, 512}}, cmd("mkfs.xfs", "-q", "-m", "crc=0", "-f")},
		image{"xfs/4k sectors", 300 * mib, [][2]int64{{0, 4096}}, cmd("mkfs.xfs", "-q", "-s", "size=4096", "-f")})
}

func btrfsImages() (all []image) {
	super := [][2]int64{{65536, 65536 + 1024}}
	for _, size := range []int64{128 * mib, 256 * mib, 1 * gib, 9*gib + 4096} {
		for _, l := range labels {
			all = append(all, image{named("btrfs", l, size), size, super, cmd("mkfs.btrfs", "-q", "-f", "-L", l)})
		}
	}
	all = append(all, image{"btrfs/longest label", 128 * mib, nil, cmd("mkfs.btrfs", "-q", "-f", "-L", strings.Repeat("x", 255))})
	return append(all, image{"btrfs/xxhash", 128 * mib, super, cmd("mkfs.btrfs", "-q", "--csum", "xxhash", "-f")})
}

func fatImages() (all []image) {
	sizes := map[string][]int64{
		"12": {160 * kib, 1440 * kib, 2 * mib, 8 * mib},
		"16": {16 * mib, 32 * mib, 64 * mib, 512 * mib},
		"32": {40 * mib, 64 * mib, 512 * mib, 3 * gib},
	}
	for _, bits := range []string{"12", "16", "32"} {
		for _, size := range sizes[bits] {
			for _, l := range labels {
				args := []string{"-F", bits}
				if l != "" {
					args = append(args, "-n", strings.ToUpper(l))
				}
				all = append(all, image{named("fat"+bits, l, size), size, [][2]int64{{0, 512}}, cmd("mkfs.vfat", args...)})
			}
		}
	}
	return append(all, image{"fat32/4k sectors", 400 * mib, [][2]int64{{0, 512}}, cmd("mkfs.vfat", "-F", "32", "-S", "4096")})
}

// archiveImages are the formats made from a directory.
func archiveImages() (all []image) {
	for _, n := range []int{0, 100 * kib, mib, 5 * mib} {
		all = append(all, image{fmt.Sprintf("squashfs/%dk", n/kib), 0, [][2]int64{{0, 96}}, func(t testing.TB, path string) {
			run(t, "mksquashfs", tree(t, n), path, "-quiet", "-no-progress", "-comp", "gzip")
		}}, image{fmt.Sprintf("erofs/%dk", n/kib), 0, [][2]int64{{1024, 1152}}, func(t testing.TB, path string) {
			run(t, "mkfs.erofs", "--quiet", path, tree(t, n))
		}})
		for _, l := range []string{"MY_ROOT", "My Root", "A label that is longer than 16", "Grüße_Ελλάς"} {
			for _, joliet := range []string{"-r", "-J"} {
				all = append(all, image{fmt.Sprintf("iso9660/%s %s %dk", l, joliet, n/kib), 0, [][2]int64{{32768, 32768 + 4096}},
					func(t testing.TB, path string) {
						run(t, "genisoimage", "-quiet", "-input-charset", "utf-8", joliet, "-V", l, "-o", path, tree(t, n))
					}})
			}
		}
	}
	return append(all, image{"erofs/label", 0, [][2]int64{{1024, 1152}}, func(t testing.TB, path string) {
		run(t, "mkfs.erofs", "--quiet", "-E", "nosbcrc", path, tree(t, kib))
		patch(t, path, erofsOffset+erofsLabel, []byte("My Root"))
		patch(t, path, erofsOffset+erofsCompat, []byte{0})
	}})
}

func swapImages() (all []image) {
	for _, page := range []string{"4096", "8192", "16384", "65536"} {
		for _, size := range []int64{mib, 4 * mib, 64 * mib, gib} {
			for _, l := range labels {
				end := map[string]int64{"4096": 4096, "8192": 8192, "16384": 16384, "65536": 65536}[page]
				all = append(all, image{named("swap "+page, l, size), size, [][2]int64{{1024, 1024 + 256}, {end - 10, end}},
					cmd("mkswap", "-q", "-p", page, "-L", l)})
			}
		}
	}
	for _, sig := range []string{"S1SUSPEND\x00", "S2SUSPEND\x00", "ULSUSPEND\x00", "LINHIB0001"} {
		all = append(all, image{"swsuspend/" + sig[:9], 4 * mib, [][2]int64{{1024, 1024 + 256}, {4086, 4096}}, func(t testing.TB, path string) {
			run(t, "mkswap", "-q", "-p", "4096", "-L", "sus", path)
			patch(t, path, 4086, []byte(sig))
		}})
	}
	return append(all, image{"swap/version 0", 4 * mib, [][2]int64{{4086, 4096}}, func(t testing.TB, path string) {
		patch(t, path, 4086, []byte("SWAP-SPACE"))
	}})
}

func luksImages() (all []image) {
	for _, size := range []int64{20 * mib, 32 * mib, 64 * mib, 3 * gib} {
		all = append(all, image{named("luks1", "", size), size, [][2]int64{{0, 512}}, luksFormat("--type", "luks1")})
		for _, l := range labels {
			all = append(all, image{named("luks2", l, size), size, [][2]int64{{0, 512}},
				luksFormat("--type", "luks2", "--label", l, "--subsystem", l)})
		}
	}
	return append(all, image{"luks2/large header", 32 * mib, [][2]int64{{0, 512}}, luksFormat("--type", "luks2", "--luks2-metadata-size", "4m", "--luks2-keyslots-size", "8m")})
}

func luksFormat(args ...string) func(t testing.TB, path string) {
	return func(t testing.TB, path string) {
		key := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(key, []byte("pass"), 0o600); err != nil {
			t.Fatal(err)
		}
		args := append([]string{"luksFormat", "-q", "--key-file", key, "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"}, args...)
		run(t, "cryptsetup", append(args, path)...)
	}
}

// mdImages are superblocks written by hand: mdadm writes them only to block
// devices in a running array.
func mdImages() (all []image) {
	for _, size := range []int64{2 * mib, 64*mib + 512, gib - 4096, 5*gib + 61440} {
		v0 := size&^(64*kib-1) - 64*kib
		all = append(all, image{named("md 0.90", "", size), size, [][2]int64{{v0, v0 + 128}}, func(t testing.TB, path string) {
			patch(t, path, v0, md0Super(size, binary.LittleEndian))
		}}, image{named("md 0.90 big endian", "", size), size, [][2]int64{{v0, v0 + 128}}, func(t testing.TB, path string) {
			patch(t, path, v0, md0Super(size, binary.BigEndian))
		}})
		for version, off := range map[string]int64{"1.0": (size&^4095 - 8192), "1.1": 0, "1.2": 4096} {
			for _, l := range labels {
				all = append(all, image{named("md "+version, l, size), size, [][2]int64{{off, off + 256}}, func(t testing.TB, path string) {
					patch(t, path, off, md1Super(off, l))
				}})
			}
		}
	}
	return all
}

func md0Super(size int64, order binary.AppendByteOrder) []byte {
	words := []uint32{mdMagic, 0, 90, 3, 0, 0x01020304, 1, 1, uint32((size&^(64*kib-1) - 64*kib) / kib), 2, 2, 0, 0, 0x05060708, 0x090a0b0c, 0x0d0e0f10}
	var b []byte
	for _, w := range words {
		b = order.AppendUint32(b, w)
	}
	b = append(b, make([]byte, 4096-len(b))...)
	order2 := order.(binary.ByteOrder)
	order2.PutUint32(b[4*38:], md0Sum(b, order2))
	return b
}

// md0Sum is the checksum of version 0.90, with its own field zero.
func md0Sum(b []byte, order binary.ByteOrder) uint32 {
	sum := uint64(0)
	for i := 0; i < len(b); i += 4 {
		sum += uint64(order.Uint32(b[i:]))
	}
	return uint32(sum) + uint32(sum>>32)
}

func md1Super(off int64, name string) []byte {
	b := make([]byte, 1024)
	le.PutUint32(b, mdMagic)
	le.PutUint32(b[4:], 1)
	copy(b[md1UUID:], "0123456789abcdef")
	copy(b[md1Name:], name)
	le.PutUint64(b[80:], 2048)
	le.PutUint32(b[92:], 2)
	le.PutUint64(b[128:], 2048)
	le.PutUint64(b[136:], 2048)
	le.PutUint64(b[md1SuperOffset:], uint64(off/512))
	copy(b[md1DeviceUUID:], "fedcba9876543210")
	le.PutUint32(b[220:], 4)
	le.PutUint32(b[216:], md0Sum(b[:256+2*4], le)) // the roles count too
	return b
}

func lvmImages() (all []image) {
	for i, size := range []int64{2 * mib, 64 * mib, gib, 8 * gib} {
		off := int64(i) * 512
		all = append(all, image{named("lvm2", fmt.Sprint("sector ", i), size), size, [][2]int64{{off, off + 512}}, func(t testing.TB, path string) {
			patch(t, path, off, lvmLabel(i))
		}})
	}
	return all
}

func lvmLabel(sector int) []byte {
	b := make([]byte, 512)
	copy(b, lvmMagic)
	le.PutUint64(b[lvmSectorNumber:], uint64(sector))
	le.PutUint32(b[lvmSummed:], 32)
	copy(b[lvmType:], lvmVersion)
	copy(b[lvmUUID:], "AbCdEf0123456789abcdefghijkLMNOP")
	t := crc.Table(crc.IEEE)
	le.PutUint32(b[lvmCRC:], crc.Update(&t, lvmSeed, b[lvmSummed:]))
	return b
}

func tableImages() (all []image) {
	for _, size := range []int64{2 * mib, 64 * mib, gib, 3*gib + 1536} {
		all = append(all, image{named("gpt", "", size), size, [][2]int64{{440, 512}, {512, 512 + 92}, {1024, 1024 + 256}},
			sfdisk("label: gpt\n,512K,,\n,,L,*\n")})
		all = append(all, image{named("dos", "", size), size, [][2]int64{{440, 512}}, sfdisk("label: dos\n,512K\n,,E\n,64K\n,64K\n,64K\n")})
	}
	return all
}

func sfdisk(script string) func(t testing.TB, path string) {
	return func(t testing.TB, path string) {
		c := tool(t, "sfdisk", "-q", "--no-reread", "--no-tell-kernel", path)
		c.Stdin = strings.NewReader(script)
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("sfdisk: %v\n%s", err, out)
		}
	}
}
