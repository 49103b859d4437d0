package blkid

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestBcachefs: libblkid of util-linux 2.38 does not know it, so the numbers
// are those of our own image; blkid 2.42 agrees on it.
func TestBcachefs(t *testing.T) {
	for _, sum := range []byte{0, bchSumCRC32C, bchSumCRC64} {
		d := &device{size: 64 * mib, data: map[int64][]byte{bcacheOffset: bcachefsSuper(1, 3, sum)}}
		in, err := Probe(d, d.size, 512)
		want := Info{Type: "bcachefs", Usage: UsageFilesystem, Label: "My Root", UUID: "30313233-3435-3637-3839-616263646566",
			SubUUID: "75756964-206f-6620-6d65-6d6265722031", Version: "1.4", BlockSize: 4096, Members: 3}
		if err != nil || in.Type != want.Type || in.Usage != want.Usage || in.Label != want.Label || in.UUID != want.UUID ||
			in.SubUUID != want.SubUUID || in.Version != want.Version || in.BlockSize != want.BlockSize || in.Members != want.Members {
			t.Errorf("checksum %d: %+v, %v", sum, in, err)
		}
	}
}

// TestBcachefsFlips damages it: with a checksum nothing is left, without one
// there is nothing or the same type.
func TestBcachefsFlips(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, sum := range []byte{0, bchSumCRC32C, bchSumCRC64} {
		sound := bcachefsSuper(0, 2, sum)
		same := 0
		for range 1000 {
			b := append([]byte(nil), sound...)
			b[rnd.IntN(len(b))] ^= 1 << rnd.IntN(8)
			d := &device{size: 64 * mib, data: map[int64][]byte{bcacheOffset: b}}
			switch in := probeAny(t, d, 512); in.Type {
			case "":
			case "bcachefs":
				same++
			default:
				t.Errorf("a damaged bcachefs is %q", in.Type)
			}
		}
		if sum != 0 && same > 20 { // half of the sum's own 16 bytes, and its type, are not covered
			t.Errorf("checksum %d: %d of 1000 damaged superblocks are taken", sum, same)
		}
	}
}

func TestCRC64(t *testing.T) {
	if got := crc64([]byte("123456789")); got != 0x62ec59e3f1a4f00a { // the check value of CRC-64/WE
		t.Errorf("%#x", got)
	}
}

// TestZFSLeftover: mke2fs leaves the labels at the end of what was a device of
// a pool. libblkid then refuses; the kernel mounts it, and so do we.
func TestZFSLeftover(t *testing.T) {
	path := imageNamed(t, "zfs/My Root/65536k").build(t, t.TempDir())
	run(t, "mke2fs", "-q", "-F", "-t", "ext4", path)
	patch(t, path, zfsRing, make([]byte, 128*kib))
	patch(t, path, zfsList, make([]byte, 512))
	if in := probeFile(t, path); in.Type != "ext4" {
		t.Errorf("%+v", in)
	}
}

// TestZFSOfLastPartition: a pool in the last partition is not one of the disk.
func TestZFSOfLastPartition(t *testing.T) {
	const size = 96 * mib
	path := image{"zfs in a partition", size, nil, sfdisk("label: gpt\nstart=2048,size=194526\n")}.build(t, t.TempDir())
	zfsPool(t, path, size-33*512, le, 2, 3)
	for i := range int64(8) {
		patch(t, path, size-2*zfsLabel+zfsRing+i*4096, []byte{0x0c, 0xb1, 0xba, 0})
	}
	if in := probeFile(t, path); in.Type != "" || in.PTType != "gpt" {
		t.Errorf("%+v", in)
	}
}

// TestBitLockerImages lets cryptsetup judge the headers that these tests write.
func TestBitLockerImages(t *testing.T) {
	for _, name := range []string{"bitlocker/no label/4096k", "bitlocker to go/no label/4096k"} {
		path := imageNamed(t, name).build(t, t.TempDir())
		out := run(t, "cryptsetup", "bitlkDump", path)
		if !strings.Contains(out, "BITLK") || !strings.Contains(out, "33323130-3534-3736-3839-616263646566") {
			t.Errorf("%s:\n%s", name, out)
		}
	}
}
