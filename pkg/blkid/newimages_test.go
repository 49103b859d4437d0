package blkid

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/preroot/preroot/internal/crc"
)

// moreImages are the formats that hold no root as a rule, or one of a person
// who knows: all made by their own tools but ZFS and BitLocker, whose tools
// need a kernel module and Windows.
func moreImages() (all []image) {
	all = append(all, exfatImages()...)
	all = append(all, ntfsImages()...)
	all = append(all, f2fsImages()...)
	all = append(all, udfImages()...)
	all = append(all, nilfsImages()...)
	all = append(all, bcacheImages()...)
	all = append(all, zfsImages()...)
	return append(all, bitlockerImages()...)
}

func exfatImages() (all []image) {
	for _, size := range []int64{4 * mib, 64 * mib, 512 * mib, 33*gib + 512} {
		for _, l := range labels {
			all = append(all, image{named("exfat", l, size), size, [][2]int64{{0, 128}, {512, 1024}, {11 * 512, 12 * 512}}, cmd("mkfs.exfat", "-L", l)})
		}
	}
	for _, l := range []string{"Grüße €", "eleven char"} {
		all = append(all, image{"exfat/" + l, 8 * mib, nil, cmd("mkfs.exfat", "-L", l)})
	}
	return append(all, image{"exfat/large clusters", gib, nil, cmd("mkfs.exfat", "-L", "x", "-c", "1M")})
}

func ntfsImages() (all []image) {
	for _, size := range []int64{2 * mib, 64 * mib, 512 * mib, 5*gib + 512} {
		for _, l := range labels {
			table := int64(4 * 4096) // where mkntfs puts it
			all = append(all, image{named("ntfs", l, size), size, [][2]int64{{0, 96}, {table, table + 64}, {table + 3*1024, table + 3*1024 + 512}},
				cmd("mkntfs", "-q", "-F", "-f", "-p", "0", "-H", "0", "-S", "0", "-L", l)})
		}
	}
	for _, l := range []string{"Grüße 😀", "a/b=c"} {
		all = append(all, image{"ntfs/" + l, 8 * mib, nil, cmd("mkntfs", "-q", "-F", "-f", "-L", l)})
	}
	for _, args := range [][]string{{"-c", "512"}, {"-c", "65536"}, {"-c", "131072"}, {"-s", "4096"}, {"-s", "1024", "-c", "2048"}} {
		all = append(all, image{fmt.Sprint("ntfs/", args), 256 * mib, nil, cmd("mkntfs", append([]string{"-q", "-F", "-f", "-L", "x"}, args...)...)})
	}
	return all
}

func f2fsImages() (all []image) {
	for _, size := range []int64{64 * mib, 128 * mib, gib, 9*gib + 4096} {
		for _, l := range labels {
			all = append(all, image{named("f2fs", l, size), size, [][2]int64{{1024, 1024 + 256}}, cmd("mkfs.f2fs", "-q", "-f", "-l", l)})
		}
	}
	return append(all,
		image{"f2fs/checksum", 64 * mib, [][2]int64{{1024, 4096}}, cmd("mkfs.f2fs", "-q", "-f", "-O", "extra_attr,sb_checksum", "-l", "sum")},
		image{"f2fs/Grüße €", 64 * mib, nil, cmd("mkfs.f2fs", "-q", "-f", "-l", "Grüße €")})
}

func udfImages() (all []image) {
	super := [][2]int64{{32768, 32768 + 8}, {34816, 34816 + 8}, {96 * 512, 96*512 + 240}, {97 * 512, 97*512 + 480}, {128 * 512, 128*512 + 256}, {256 * 512, 256*512 + 64}}
	for _, size := range []int64{2 * mib, 64 * mib, 512 * mib, 5*gib + 512} {
		for _, l := range labels {
			all = append(all, image{named("udf", l, size), size, super, cmd("mkudffs", "--utf8", "--label="+l)})
		}
	}
	for _, l := range []string{"Grüße", "Ελλάς €"} {
		all = append(all, image{"udf/" + l, 8 * mib, nil, cmd("mkudffs", "--utf8", "--label="+l)})
	}
	for _, option := range []string{"--blocksize=1024", "--blocksize=2048", "--blocksize=4096", "--udfrev=1.02", "--udfrev=1.50", "--media-type=bdr --udfrev=2.50",
		"--uuid=0123456789abcdef", "--vsid=no hex digits in it", "--media-type=cdrw", "--media-type=dvdram", "--vid=other"} {
		all = append(all, image{"udf/" + option, 16 * mib, nil, cmd("mkudffs", append([]string{"--label=x"}, splitWords(option)...)...)})
	}
	return append(all, image{"udf/bridge", 0, [][2]int64{{32768, 32768 + 200}}, func(t testing.TB, path string) {
		run(t, "genisoimage", "-quiet", "-udf", "-J", "-V", "My_Root", "-o", path, tree(t, 100*kib))
	}})
}

// splitWords cuts at " --": other blanks belong to a value.
func splitWords(s string) (words []string) {
	for i := 1; i+2 < len(s); i++ {
		if s[i:i+3] == " --" {
			return append([]string{s[:i]}, splitWords(s[i+1:])...)
		}
	}
	return []string{s}
}

func nilfsImages() (all []image) {
	for _, size := range []int64{129 * mib, 256 * mib, gib, 5*gib + 512} {
		for _, l := range labels {
			all = append(all, image{named("nilfs2", l, size), size, [][2]int64{{1024, 2048}}, cmd("mkfs.nilfs2", "-q", "-f", "-L", l)})
		}
	}
	return append(all, image{"nilfs2/small blocks", 2 * mib, [][2]int64{{1024, 2048}}, cmd("mkfs.nilfs2", "-q", "-f", "-b", "1024", "-B", "16")},
		image{"nilfs2/copy only", 129 * mib, nil, func(t testing.TB, path string) {
			run(t, "mkfs.nilfs2", "-q", "-f", "-L", "copy", path)
			patch(t, path, 1024, make([]byte, 1024))
		}})
}

func bcacheImages() (all []image) {
	for _, size := range []int64{8 * mib, 64 * mib, gib, 5*gib + 512} {
		all = append(all, image{named("bcache backing", "", size), size, [][2]int64{{4096, 4096 + 256}}, cmd("make-bcache", "-B")})
		if size > 8*mib {
			all = append(all, image{named("bcache cache", "", size), size, [][2]int64{{4096, 4096 + 256}}, cmd("make-bcache", "-C")})
		}
	}
	return all
}

// zfsImages writes the labels of OpenZFS: no tool does that without a running
// pool.
func zfsImages() (all []image) {
	for _, size := range []int64{64 * mib, 100*mib + 12345*512, gib, 5*gib + 512} {
		list := [2]int64{zfsList, zfsList + 512}
		ring := [2]int64{zfsRing, zfsRing + 64}
		all = append(all, image{named("zfs", "My Root", size), size, [][2]int64{list, ring}, func(t testing.TB, path string) {
			zfsPool(t, path, size, le, 0, 1, 2, 3)
		}}, image{named("zfs big endian", "My Root", size), size, [][2]int64{list, ring}, func(t testing.TB, path string) {
			zfsPool(t, path, size, be, 0, 1, 2, 3)
		}}, image{named("zfs end", "My Root", size), size, nil, func(t testing.TB, path string) {
			zfsPool(t, path, size, le, 2, 3)
		}})
	}
	return all
}

func zfsPool(t testing.TB, path string, size int64, order binary.ByteOrder, which ...int64) {
	label := make([]byte, zfsLabel)
	copy(label[zfsList:], zfsListOf(order, "My Root", 1234567890123456789, 987654321098765432))
	for i := range 3 {
		b := label[zfsRing+4096*i:]
		order.PutUint64(b, zfsUberMagic)
		order.PutUint64(b[8:], 5000)
		order.PutUint64(b[16:], uint64(4+i)) // txg
	}
	for _, n := range which {
		off := n * zfsLabel
		if n >= 2 {
			off = size&^(zfsLabel-1) - (4-n)*zfsLabel
		}
		patch(t, path, off, label)
	}
}

// zfsListOf packs the list of a label as libnvpair does.
func zfsListOf(order binary.ByteOrder, name string, pool, device uint64) []byte {
	b := []byte{1, 0, 0, 0}
	if order == binary.ByteOrder(le) {
		b[1] = 1
	}
	b = be.AppendUint32(b, 0) // version
	b = be.AppendUint32(b, 1) // unique names
	b = append(b, zfsNumber("version", 5000)...)
	b = append(b, zfsText("name", name)...)
	b = append(b, zfsNumber("state", 0)...)
	b = append(b, zfsNumber("txg", 4)...)
	b = append(b, zfsNumber("pool_guid", pool)...)
	b = append(b, zfsNumber("errata", 0)...)
	b = append(b, zfsText("hostname", "host")...)
	b = append(b, zfsNumber("top_guid", device)...)
	b = append(b, zfsNumber("guid", device)...)
	b = append(b, zfsNumber("vdev_children", 1)...)
	return append(b, make([]byte, 8)...)
}

func zfsNumber(name string, n uint64) []byte {
	return zfsPair(name, zfsUint64, 8, be.AppendUint64(nil, n))
}

func zfsText(name, text string) []byte {
	return zfsPair(name, zfsString, len(text)+1, pad4(append(be.AppendUint32(nil, uint32(len(text))), text...)))
}

// zfsPair packs a pair; size is that of the value in memory.
func zfsPair(name string, kind uint32, size int, value []byte) []byte {
	b := make([]byte, 8)
	b = be.AppendUint32(b, uint32(len(name)))
	b = pad4(append(b, name...))
	b = be.AppendUint32(b, kind)
	b = be.AppendUint32(b, 1)
	b = append(b, value...)
	be.PutUint32(b, uint32(len(b)))
	be.PutUint32(b[4:], uint32((16+len(name)+1+7)&^7+(size+7)&^7)) // unpacked
	return b
}

func pad4(b []byte) []byte { return append(b, make([]byte, -len(b)&3)...) }

// bitlockerImages follow libbde's description of the format.
func bitlockerImages() (all []image) {
	for _, size := range []int64{4 * mib, 64 * mib, gib, 5*gib + 512} {
		for name, serial := range map[string]uint32{"bitlocker": 0, "bitlocker serial": 0x01020304, "bitlocker negative": 0xfffffff0} {
			all = append(all, image{named(name, "", size), size, [][2]int64{{0, 184}, {mib, mib + 64}}, func(t testing.TB, path string) {
				b := bitlockerBoot(bdeWin7, bdeWin7Metadata)
				le.PutUint32(b[bdeWin7Serial:], serial)
				patch(t, path, 0, b)
				patch(t, path, mib, bitlockerMetadata())
			}})
		}
		all = append(all, image{named("bitlocker to go", "", size), size, [][2]int64{{0, 11}, {424, 448}, {mib, mib + 64}}, func(t testing.TB, path string) {
			patch(t, path, 0, bitlockerBoot(bdeToGo, bdeToGoMetadata))
			patch(t, path, mib, bitlockerMetadata())
		}}, image{named("bitlocker vista", "", size), size, [][2]int64{{0, 11}}, func(t testing.TB, path string) {
			patch(t, path, 0, []byte(bdeVista))
		}})
	}
	return all
}

// bitlockerBoot is a boot sector with the GUID and the three places of the
// metadata at and behind pointer.
func bitlockerBoot(magic string, pointer int) []byte {
	b := make([]byte, 512)
	copy(b, magic)
	le.PutUint16(b[11:], 512)
	b[13] = 8
	copy(b[pointer-16:], "\x3b\xd6\x67\x49\x29\x2e\xd8\x4a\x83\x99\xf6\xa3\x39\xe3\xd0\x01")
	for i := range 3 {
		le.PutUint64(b[pointer+8*i:], uint64(mib+i*64*kib))
	}
	b[510], b[511] = 0x55, 0xaa
	return b
}

func bitlockerMetadata() []byte {
	b := make([]byte, 64+48+80) // two headers and one entry, an encrypted key
	copy(b, bdeMagic)
	le.PutUint16(b[8:], uint16(len(b)/16))
	le.PutUint16(b[bdeVersion:], 2)
	le.PutUint16(b[12:], 4) // in normal state
	le.PutUint16(b[14:], 4)
	le.PutUint64(b[16:], 4*mib)
	for i := range 3 {
		le.PutUint64(b[32+8*i:], uint64(mib+i*64*kib))
	}
	h := b[64:]
	le.PutUint32(h, 48+80)
	le.PutUint32(h[4:], 1)
	le.PutUint32(h[8:], 48)
	le.PutUint32(h[12:], 48+80)
	copy(h[16:], "0123456789abcdef")
	le.PutUint32(h[36:], 0x8004) // AES-XTS, 128 bits
	for i, v := range []uint16{80, 3, 5, 1} {
		le.PutUint16(h[48+2*i:], v)
	}
	return b
}

// bcachefsSuper is the superblock of device own of a file system over count.
func bcachefsSuper(own, count byte, sum byte) []byte {
	b := make([]byte, bchFields)
	le.PutUint16(b[bchVersion:], 1028)
	copy(b[bchMagicAt:], bchMagic)
	copy(b[40:], "internal uuid...")
	copy(b[bchUserUUID:], "0123456789abcdef")
	copy(b[bchLabel:], "My Root")
	le.PutUint64(b[bchHere:], bcacheOffset/512)
	le.PutUint16(b[bchBlockSize:], 8)
	copy(b[240:], bchMagic) // the layout: one superblock of up to 1 MiB
	b[240+17], b[240+18], b[240+24] = 11, 1, bcacheOffset/512
	b[bchDevice], b[bchDevices], b[bchFlags] = own, count, sum<<2|3
	b = append(b, bcachefsField(2, make([]byte, 24))...) // a field that nobody wants
	members := append(le.AppendUint16(nil, 64), make([]byte, 6)...)
	for i := range count {
		m := make([]byte, 64)
		copy(m, "uuid of member 0")
		m[15] += i
		members = append(members, m...)
	}
	b = append(b, bcachefsField(bchMembers2, members)...)
	le.PutUint32(b[bchLength:], uint32(len(b)-bchFields)/8)
	switch sum {
	case bchSumCRC32C:
		t := crc.Table(crc.Castagnoli)
		le.PutUint32(b, ^crc.Update(&t, ^uint32(0), b[bchSumSize:]))
	case bchSumCRC64:
		le.PutUint64(b, crc64(b[bchSumSize:]))
	}
	return b
}

func bcachefsField(kind uint32, data []byte) []byte {
	b := le.AppendUint32(nil, uint32(len(data)+8)/8)
	return append(le.AppendUint32(b, kind), data...)
}
