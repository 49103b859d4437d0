package blkid

import (
	"flag"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

var flips = flag.Int("flips", 500, "bit flips in superblocks compared with blkid -p in all")

// flipCount says what came out of the comparisons.
type flipCount struct {
	flips, same, none, bothNone, details int
}

// TestBitFlips damages superblocks bit by bit, by fixed seeds. Whatever blkid
// takes the result for, we say the same or nothing.
func TestBitFlips(t *testing.T) {
	var all []image
	seen := map[string]bool{}
	for _, m := range images() { // one image of a kind is enough
		kind := kindOf(m.name)
		if m.super != nil && !seen[kind] && m.size <= gib {
			seen[kind] = true
			all = append(all, m)
		}
	}
	var sum flipCount
	each := (*flips + len(all) - 1) / len(all)
	for _, m := range all {
		was := sum
		t.Run(m.name, func(t *testing.T) { flipImage(t, m, each, &sum) })
		t.Logf("%-24s %4d same, %4d nothing to us, %4d to both", kindOf(m.name), sum.same-was.same, sum.none-was.none, sum.bothNone-was.bothNone)
	}
	t.Logf("%d kinds of image, %d flips: %d same type, %d nothing where blkid finds something, %d nothing in both; %d other differences in a tag",
		len(all), sum.flips, sum.same, sum.none, sum.bothNone, sum.details)
}

// kindOf is the name of an image without label and size, unless it is special.
func kindOf(name string) string {
	dir, rest, _ := cut(name)
	if len(rest) > 0 && rest[len(rest)-1] == 'k' {
		return dir
	}
	return name
}

func cut(name string) (dir, rest string, ok bool) {
	i := slices.Index([]byte(name), '/')
	if i < 0 {
		return name, "", false
	}
	return name[:i], name[i+1:], true
}

func flipImage(t *testing.T, m image, n int, sum *flipCount) {
	path := m.build(t, t.TempDir())
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h := fnv.New64a()
	h.Write([]byte(m.name))
	rnd := rand.New(rand.NewPCG(h.Sum64(), 1))
	for range n {
		r := m.super[rnd.IntN(len(m.super))]
		off, bit := r[0]+rnd.Int64N(r[1]-r[0]), byte(1)<<rnd.IntN(8)
		flipBit(t, f, off, bit)
		judgeFlip(t, path, off, bit, sum)
		flipBit(t, f, off, bit)
	}
}

func flipBit(t *testing.T, f *os.File, off int64, bit byte) {
	var b [1]byte
	if _, err := f.ReadAt(b[:], off); err != nil {
		t.Fatal(err)
	}
	b[0] ^= bit
	if _, err := f.WriteAt(b[:], off); err != nil {
		t.Fatal(err)
	}
}

func judgeFlip(t *testing.T, path string, off int64, bit byte, sum *flipCount) {
	in, ref := probeFile(t, path), askBlkid(t, path)
	ours, theirs := ourTags(in), theirTags(ref)
	sum.flips++
	for _, key := range []string{"TYPE", "PTTYPE"} {
		if ours[key] != "" && ours[key] != theirs[key] {
			t.Errorf("byte %d ^ %#x: %s is %q to us, %q to blkid", off, bit, key, ours[key], theirs[key])
		}
	}
	switch {
	case ours["TYPE"]+theirs["TYPE"]+ours["PTTYPE"]+theirs["PTTYPE"] == "":
		sum.bothNone++
	case ours["TYPE"] != theirs["TYPE"] || ours["PTTYPE"] != theirs["PTTYPE"]:
		sum.none++
	default:
		sum.same++
		countDetails(t, ours, theirs, off, bit, sum)
	}
}

func countDetails(t *testing.T, ours, theirs map[string]string, off int64, bit byte, sum *flipCount) {
	for _, key := range []string{"UUID", "LABEL", "UUID_SUB", "VERSION", "USAGE", "PTUUID", "SEC_TYPE"} {
		if ours[key] != theirs[key] {
			sum.details++
			t.Errorf("byte %d ^ %#x: %s is %q to us, %q to blkid", off, bit, key, ours[key], theirs[key])
		}
	}
}
