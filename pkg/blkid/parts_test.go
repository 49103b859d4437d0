package blkid

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// askPartx returns the partitions that partx, by libblkid, sees in a file.
func askPartx(t *testing.T, path string, sector int) []Part {
	t.Helper()
	out := run(t, "partx", "--sector-size", strconv.Itoa(sector), "--bytes", "--raw", "--noheadings",
		"--output", "NR,START,SECTORS,TYPE,FLAGS,UUID", path)
	var parts []Part
	for line := range strings.Lines(out) {
		var p Part
		var start, size int64
		if _, err := fmt.Sscanf(strings.TrimSpace(line)+" -", "%d %d %d %s 0x%x %s", &p.Number, &start, &size, &p.Type, &p.Flags, &p.UUID); err != nil {
			t.Fatalf("partx: %q: %v", line, err)
		}
		p.Start, p.Size = start*512, size*512
		parts = append(parts, p)
	}
	return parts
}

// TestParts compares tables made by sfdisk with what partx sees.
func TestParts(t *testing.T) {
	for _, c := range []struct {
		name, script string
		size         int64
	}{
		{"gpt", "label: gpt\n,4M,U,*\n,8M,L\n,,S\n", 64 * mib},
		{"gpt with holes", "label: gpt\n/dev/x3 : size=4M\n/dev/x7 : size=8M\n/dev/x128 : size=1M\n", 64 * mib},
		{"gpt odd size", "label: gpt\n,4M\n", 64*mib + 512*7},
		{"dos", "label: dos\n,4M,c,*\n,8M\n,8M,S\n,8M\n", 64 * mib},
		{"dos logical", "label: dos\n,4M\n,40M,E\n,8M\n,1M\n,1M\n,1M\n,1M\n,1M\n", 64 * mib},
		{"dos first slot empty", "label: dos\n/dev/x2 : size=4M\n/dev/x4 : size=20M, type=5\n/dev/x5 : size=4M\n/dev/x6 : size=4M\n", 64 * mib},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := image{"table", c.size, nil, sfdisk(c.script)}.build(t, t.TempDir())
			comparePartx(t, path, 512)
		})
	}
}

// TestParts4Kn does so with sectors of 4 KiB (fault D13); sfdisk makes none.
func TestParts4Kn(t *testing.T) {
	const size = 64 * mib
	gpt := makeGPT(size, 4096, []gptEntry{{1, 100, 200, "one"}, {4, 300, 16000, "four"}})
	dos := make([]byte, size)
	putTable(dos, 0, mbrEntry{0x80, 0x0c, 256, 1000}, mbrEntry{0, 5, 2000, 4000})
	le.PutUint32(dos[mbrID:], 0x1234abcd)
	putTable(dos, 2000*8, mbrEntry{0, 0x83, 256, 100}, mbrEntry{0, 5, 1000, 300})
	putTable(dos, 3000*8, mbrEntry{0, 0x82, 256, 44})
	for name, data := range map[string][]byte{"gpt": gpt, "dos": dos} {
		path := image{name, 0, nil, func(t testing.TB, p string) {
			if err := os.WriteFile(p, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}}.build(t, t.TempDir())
		comparePartx(t, path, 4096)
	}
}

func comparePartx(t *testing.T, path string, sector int) {
	t.Helper()
	want := askPartx(t, path, sector)
	got := probeSector(t, path, sector)
	if len(want) == 0 {
		t.Fatal("partx sees nothing")
	}
	if diff := cmp.Diff(want, printed(got.Parts)); diff != "" {
		t.Errorf("partx (-) and we (+) differ:\n%s", diff)
	}
	if got.PTBackup || got.PTDamaged {
		t.Errorf("a sound table is called damaged: %+v", got)
	}
}

func probeSector(t *testing.T, path string, sector int) Info {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	in, err := Probe(bytes.NewReader(data), int64(len(data)), sector)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// printed drops what partx does not print.
func printed(parts []Part) []Part {
	var out []Part
	for _, p := range parts {
		p.Name, p.Extended, p.Logical = "", false, false
		out = append(out, p)
	}
	return out
}

func TestPartNames(t *testing.T) {
	names := []string{"EFI system", "Wurzel größer Ελλάς", "a😀b", `C\x "q"/$x`}
	path := image{"table", 64 * mib, nil, func(t testing.TB, p string) {
		args := []string{}
		for i, name := range names {
			args = append(args, "-n", fmt.Sprintf("%d:0:+1M", i+1), "-c", fmt.Sprintf("%d:%s", i+1, name))
		}
		c := tool(t, "sgdisk", append(args, p)...)
		c.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("sgdisk: %v\n%s", err, out)
		}
	}}.build(t, t.TempDir())
	in := probeFile(t, path)
	var got []string
	for _, p := range in.Parts {
		got = append(got, p.Name)
	}
	if diff := cmp.Diff(names, got); diff != "" {
		t.Errorf("names (- wanted):\n%s", diff)
	}
}

// TestGPTDamage checks fault D11: a damaged primary is replaced by the backup,
// said so, and both damaged leave a protective MBR.
func TestGPTDamage(t *testing.T) {
	path := image{"gpt", 64 * mib, nil, sfdisk("label: gpt\n,4M,U\n,,L\n")}.build(t, t.TempDir())
	whole := probeFile(t, path)
	for _, off := range []int64{512, 512 + 60, 1024, 1024 + 33} { // header, GUID, entries
		damaged := image{"damaged", 0, nil, func(t testing.TB, p string) { copyFile(t, path, p) }}.build(t, t.TempDir())
		patch(t, damaged, off, []byte{0xff, 0xfe})
		in := compare(t, damaged)
		if !in.PTBackup || in.PTType != "gpt" {
			t.Errorf("byte %d damaged: %+v", off, in)
		}
		in.PTBackup = false
		if diff := cmp.Diff(whole, in); diff != "" {
			t.Errorf("byte %d damaged: the backup differs:\n%s", off, diff)
		}
		patch(t, damaged, 64*mib-512, []byte("XXXX"))
		if in := compare(t, damaged); in.PTType != "PMBR" || in.Parts != nil {
			t.Errorf("both headers damaged: %+v", in)
		}
	}
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestGPTEntries: more entries than 1024 are no table, however right the sums.
func TestGPTEntries(t *testing.T) {
	for count, want := range map[uint32]string{1024: "gpt", 1025: "PMBR"} {
		dev := makeGPT(4*mib, 512, nil)
		for _, h := range [][]byte{dev[512:], dev[4*mib-512:]} {
			le.PutUint32(h[gptEntryCount:], count)
			le.PutUint64(h[gptEntriesLBA:], 100)
		}
		fixGPT(dev, 512)
		if in, err := Probe(bytes.NewReader(dev), 4*mib, 512); err != nil || in.PTType != want {
			t.Errorf("%d entries: %q, %v; want %q", count, in.PTType, err, want)
		}
	}
}

// TestEBRChain checks fault D12: loops, links out of the parent and too many
// partitions neither hang nor give a partition outside its parent.
func TestEBRChain(t *testing.T) {
	const disk, first, size = 4096, 100, 1000 // sectors
	for _, c := range []struct {
		name    string
		ebr     map[int64][2]mbrEntry
		parts   int // logical ones
		damaged bool
	}{
		{"sound", map[int64][2]mbrEntry{100: {{0, 0x83, 1, 9}, {0, 5, 20, 10}}, 120: {{0, 0x83, 1, 9}, {}}}, 2, false},
		{"no data in the first", map[int64][2]mbrEntry{100: {{}, {0, 5, 20, 10}}, 120: {{0, 0x83, 1, 9}, {}}}, 1, false},
		{"link to itself", map[int64][2]mbrEntry{100: {{0, 0x83, 1, 9}, {0, 5, 0, 10}}}, 1, true},
		{"loop of two", map[int64][2]mbrEntry{100: {{0, 0x83, 1, 9}, {0, 5, 20, 10}}, 120: {{0, 0x83, 1, 9}, {0, 5, 0, 10}}}, 2, true},
		{"link past the parent", map[int64][2]mbrEntry{100: {{0, 0x83, 1, 9}, {0, 5, 1000, 10}}, 1100: {{0, 0x83, 1, 9}, {}}}, 1, true},
		{"link wraps 32 bits to sector 0", map[int64][2]mbrEntry{100: {{0, 0x83, 1, 9}, {0, 5, 1<<32 - 100, 10}}}, 1, true},
		{"data wraps 32 bits to sector 0", map[int64][2]mbrEntry{100: {{0, 0x83, 1<<32 - 100, 9}, {}}}, 0, true},
		{"data past the parent", map[int64][2]mbrEntry{100: {{0, 0x83, 1, 1000}, {0, 5, 20, 10}}, 120: {{0, 0x83, 1, 9}, {}}}, 1, true},
		{"record without signature", map[int64][2]mbrEntry{100: {{0, 0x83, 1, 9}, {0, 5, 20, 10}}}, 1, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dev := make([]byte, disk*512)
			putTable(dev, 0, mbrEntry{0x80, 0x83, 2, 50}, mbrEntry{0, 5, first, size})
			for at, e := range c.ebr {
				putTable(dev, at, e[0], e[1])
			}
			in, err := Probe(bytes.NewReader(dev), int64(len(dev)), 512)
			if err != nil {
				t.Fatal(err)
			}
			if len(in.Parts) != 2+c.parts || in.PTDamaged != c.damaged {
				t.Errorf("%d parts, damaged %v; want %d, %v: %+v", len(in.Parts), in.PTDamaged, 2+c.parts, c.damaged, in.Parts)
			}
			checkParts(t, in, int64(len(dev)))
		})
	}
}

func TestTenThousandPartitions(t *testing.T) {
	dev := make([]byte, 40000*512)
	putTable(dev, 0, mbrEntry{0, 5, 1, 39999})
	for i := int64(0); i < 10000; i++ {
		putTable(dev, 1+3*i, mbrEntry{0, 0x83, 1, 1}, mbrEntry{0, 5, 3 * (i + 1), 3})
	}
	in, err := Probe(bytes.NewReader(dev), int64(len(dev)), 512)
	if err != nil || len(in.Parts) != 1+mbrMaxLinks || !in.PTDamaged {
		t.Errorf("%d partitions, damaged %v, error %v; want %d, true", len(in.Parts), in.PTDamaged, err, 1+mbrMaxLinks)
	}
}

// putTable writes a record with a signature into sector at.
func putTable(dev []byte, at int64, entries ...mbrEntry) {
	b := dev[at*512:][:512]
	for i, e := range entries {
		p := b[mbrTable+i*mbrEntrySize:]
		p[0], p[4] = e.boot, e.kind
		le.PutUint32(p[8:], uint32(e.start))
		le.PutUint32(p[12:], uint32(e.size))
	}
	b[510], b[511] = 0x55, 0xaa
}

// checkParts holds whatever the table says: ranges inside the device, logical
// partitions inside an extended one, a bounded number.
func checkParts(t *testing.T, in Info, size int64) {
	t.Helper()
	if len(in.Parts) > maxParts {
		t.Errorf("%d partitions", len(in.Parts))
	}
	for _, p := range in.Parts {
		if p.Number < 1 || p.Start < 0 || p.Size <= 0 || p.Start > size-p.Size {
			t.Errorf("partition outside the device of %d bytes: %+v", size, p)
		}
		if p.Logical && !insideExtended(p, in.Parts) {
			t.Errorf("logical partition outside its parent: %+v", p)
		}
	}
}

func insideExtended(p Part, parts []Part) bool {
	for _, e := range parts {
		if e.Extended && e.Start < p.Start && p.Start+p.Size <= e.Start+e.Size {
			return true
		}
	}
	return false
}
