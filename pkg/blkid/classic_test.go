package blkid

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// classicImages are the formats of floppies and of the RAM disks of initrd(4).
func classicImages() (all []image) {
	all = append(all, minixImages()...)
	for _, n := range []int{0, 100 * kib, mib, 5 * mib} {
		for _, l := range append(labels, "sixteen letters!", "Grüße", "longer than sixteen") {
			all = append(all, image{fmt.Sprintf("romfs/%s/%dk", l, n/kib), 0, [][2]int64{{0, 32}, {32, 512}}, func(t testing.TB, path string) {
				run(t, "genromfs", "-d", tree(t, n+kib), "-V", l, "-f", path)
			}})
		}
		for _, order := range []string{"little", "big"} {
			for _, l := range append(labels, "sixteen letters!") {
				all = append(all, image{fmt.Sprintf("cramfs %s/%s/%dk", order, l, n/kib), 0, [][2]int64{{0, 4}, {12, 76}}, func(t testing.TB, path string) {
					run(t, "mkfs.cramfs", "-N", order, "-n", l, tree(t, n+kib), path)
				}})
			}
		}
	}
	return all
}

// minixImages have every version with every length of names, and the byte
// order that no mkfs makes on this kind of machine.
func minixImages() (all []image) {
	super := [][2]int64{{minixOffset, minixOffset + minixSize}}
	for _, kind := range []string{"-1 -n 14", "-1 -n 30", "-2 -n 14", "-2 -n 30", "-3 -n 60"} {
		minix := func(t testing.TB, path string) { run(t, "mkfs.minix", append(strings.Fields(kind), path)...) }
		for _, size := range []int64{360 * kib, 1440 * kib, 8 * mib, 63 * mib} {
			all = append(all, image{named("minix "+kind, "", size), size, super, minix})
			if strings.HasPrefix(kind, "-3") {
				continue
			}
			all = append(all, image{named("minix big endian "+kind, "", size), size, super, func(t testing.TB, path string) {
				minix(t, path)
				turnMinix(t, path)
			}})
		}
	}
	for _, block := range []string{"\x00\x08", "\x00\x10"} {
		all = append(all, image{fmt.Sprintf("minix/block %x", block), 8 * mib, super, func(t testing.TB, path string) {
			run(t, "mkfs.minix", "-3", path)
			patch(t, path, minixOffset+minix3Block, []byte(block))
		}})
	}
	return all
}

// turnMinix turns the byte order of a superblock of version 1 or 2.
func turnMinix(t testing.TB, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sb := data[minixOffset : minixOffset+minixSize]
	for _, n := range []int{2, 2, 2, 2, 2, 2, 4, 2, 2, 4} {
		slices.Reverse(sb[:n])
		sb = sb[n:]
	}
	patch(t, path, minixOffset, data[minixOffset:minixOffset+minixSize])
}

// TestMinixByChance: an EROFS of 4991 inodes has the magic of Minix where that
// is looked for, and its checksum may look like the rest of the superblock.
func TestMinixByChance(t *testing.T) {
	path := imageNamed(t, "erofs/label").build(t, t.TempDir())
	patch(t, path, erofsOffset+erofsChecksum, []byte{0x40, 0, 0x40, 0})
	patch(t, path, erofsOffset+minixMagic, []byte{0x7f, 0x13, 0, 0})
	if ref := askBlkid(t, path); ref.tags["TYPE"] != "minix" {
		t.Errorf("blkid says %v: this image shows nothing", ref.tags)
	}
	if in := probeFile(t, path); in.Type != "erofs" {
		t.Errorf("%+v", in)
	}
}
