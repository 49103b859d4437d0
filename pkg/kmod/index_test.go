package kmod

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

const testDir = "lib/modules/9.9"

// index returns an Index made of the texts of modules.dep, modules.alias, modules.softdep and modules.builtin.
func testIndex(t testing.TB, dep, alias, soft, builtin string) (*Index, fstest.MapFS) {
	t.Helper()
	files := fstest.MapFS{
		testDir + "/modules.dep.bin":     {Data: written(t, DepEntries(dep))},
		testDir + "/modules.alias.bin":   {Data: written(t, AliasEntries(alias))},
		testDir + "/modules.builtin.bin": {Data: written(t, BuiltinEntries(builtin))},
		testDir + "/modules.softdep":     {Data: []byte(soft)},
	}
	ix, err := Open(files, "/"+testDir)
	if err != nil {
		t.Fatal(err)
	}
	return ix, files
}

func written(t testing.TB, entries []Entry) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteIndex(&b, entries); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestIndex(t *testing.T) {
	ix, _ := testIndex(t,
		"kernel/fs/ext4/ext4.ko.gz: kernel/lib/crc16.ko.gz kernel/fs/mbcache.ko.gz kernel/fs/jbd2/jbd2.ko.gz\nkernel/fs/nls/nls_iso8859-1.ko:\n",
		"alias fs-ext4 ext4\nalias pci:v00001AF4d*sv* one\nalias pci:v*d00001001sv* two\nalias of:N*T*Cbrcm,foo-[0-9] foo\n",
		"", "kernel/drivers/block/loop.ko\n")
	if p, ok := ix.Path("ext4"); !ok || p != "kernel/fs/ext4/ext4.ko.gz" {
		t.Errorf("Path(ext4) = %q, %v", p, ok)
	}
	for _, name := range []string{"nls_iso8859-1", "nls-iso8859-1", "nls_iso8859_1"} {
		if got := ix.Resolve(name); !slices.Equal(got, []string{"nls_iso8859_1"}) {
			t.Errorf("Resolve(%s) = %v", name, got)
		}
	}
	if got := ix.Deps("ext4"); !slices.Equal(got, []string{"jbd2", "mbcache", "crc16"}) {
		t.Errorf("Deps(ext4) = %v", got)
	}
	if got := ix.Resolve("fs-ext4"); !slices.Equal(got, []string{"ext4"}) {
		t.Errorf("Resolve(fs-ext4) = %v", got)
	}
	if got := ix.Aliases("pci:v00001AF4d00001001sv00001AF4"); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("an alias of two modules: %v", got)
	}
	if got := ix.Aliases("of:NxTyCbrcm,foo-7"); !slices.Equal(got, []string{"foo"}) {
		t.Errorf("an alias with a class: %v", got)
	}
	if got := ix.Resolve("loop"); !slices.Equal(got, []string{"loop"}) || !ix.Builtin("loop") || ix.Builtin("ext4") {
		t.Errorf("built in: %v", got)
	}
	if got := ix.Resolve("nothing"); got != nil {
		t.Errorf("Resolve(nothing) = %v", got)
	}
	if err := ix.Err(); err != nil {
		t.Error(err)
	}
}

func TestNilIndexKnowsNothing(t *testing.T) {
	var ix *Index
	if ix.Resolve("ext4") != nil || ix.Builtin("ext4") || ix.Deps("ext4") != nil || ix.Err() != nil || ix.Dir() != "" {
		t.Error("a nil Index answers")
	}
	if err := NewLoader(nil, Policy{}, &fakeKernel{}, Options{}).Load("ext4"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Load without an index: %v", err)
	}
}

func TestOpenWithoutFolder(t *testing.T) {
	_, err := Open(fstest.MapFS{}, testDir)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), testDir) {
		t.Errorf("err = %v", err)
	}
}

// TestDamagedIndex cuts, flips and loops a file: the answer is an error with file and offset, and no panic.
func TestDamagedIndex(t *testing.T) {
	whole := written(t, AliasEntries("alias pci:v1* one\nalias pci:v2* two\nalias usb:* three\n"))
	loop := slices.Clone(whole)
	copy(loop[8:], []byte{0x20, 0, 0, 12}) // the root is a table of children that point to the root
	loop = append(loop[:12], '*', '*', 0x20, 0, 0, 12)
	for name, data := range map[string][]byte{
		"empty":       {},
		"short":       whole[:11],
		"magic":       append([]byte("ELF!"), whole[4:]...),
		"version":     append(append(slices.Clone(whole[:4]), 0, 9, 0, 1), whole[8:]...),
		"cut":         whole[:len(whole)-3],
		"root beyond": append(append(slices.Clone(whole[:8]), 0x2f, 0xff, 0xff, 0xff), whole[12:]...),
		"loop":        loop,
	} {
		files := fstest.MapFS{testDir + "/modules.alias.bin": {Data: data}, testDir + "/modules.dep.bin": {Data: written(t, nil)}}
		ix, err := Open(files, testDir)
		if err != nil {
			t.Fatal(err)
		}
		ix.Aliases("usb:x")
		var corrupt *CorruptError
		if err := ix.Err(); !errors.As(err, &corrupt) || corrupt.File != testDir+"/modules.alias.bin" {
			t.Errorf("%s: error %v", name, err)
		}
		err = NewLoader(ix, Policy{}, &fakeKernel{}, Options{}).Load("usb:x")
		if name != "cut" && (!errors.Is(err, ErrNotFound) || !errors.As(err, &corrupt)) {
			t.Errorf("%s: Load says %v", name, err)
		}
	}
}

// TestEmptyOptionalIndex: what depmod leaves without modules.builtin.modinfo is no damage.
func TestEmptyOptionalIndex(t *testing.T) {
	ix, files := testIndex(t, "a.ko:\n", "alias usb:x a\n", "", "")
	for _, name := range []string{"/modules.builtin.bin", "/modules.builtin.alias.bin"} {
		files[testDir+name] = &fstest.MapFile{}
	}
	if got := ix.Resolve("usb:x"); !slices.Equal(got, []string{"a"}) || len(ix.Resolve("fs-none")) > 0 {
		t.Errorf("Resolve(usb:x) = %v", got)
	}
	if err := ix.Err(); err != nil {
		t.Errorf("empty optional files: %v", err)
	}
	files[testDir+"/modules.builtin.alias.bin"] = &fstest.MapFile{Data: []byte("x")}
	ix, _ = Open(files, testDir)
	ix.Resolve("fs-none")
	if ix.Err() == nil {
		t.Error("a damaged modules.builtin.alias.bin is not noted")
	}
}

// FuzzIndex feeds arbitrary bytes as every index file.
func FuzzIndex(f *testing.F) {
	f.Add(written(f, AliasEntries("alias pci:v1* one\nalias usb:[a-c]? two\n")), "pci:v12")
	f.Add(written(f, DepEntries("a.ko: b.ko c.ko\nb.ko:\n")), "a")
	f.Add(written(f, nil), "")
	f.Fuzz(func(t *testing.T, data []byte, key string) {
		files := fstest.MapFS{}
		for file := range 4 {
			name, _ := indexName(file)
			files[testDir+"/"+name] = &fstest.MapFile{Data: data}
		}
		ix, err := Open(files, testDir)
		if err != nil {
			t.Fatal(err)
		}
		LoadOrder(ix, nil, key)
		ix.Aliases(key)
		_ = ix.Err()
		ReadIndex(files, testDir+"/modules.dep.bin")
	})
}

// FuzzWriteIndex reads back what it writes.
func FuzzWriteIndex(f *testing.F) {
	f.Add("alias a-b c\nalias a b\nalias ab d\nalias a c\n")
	f.Add("alias pci:* x\n")
	f.Fuzz(func(t *testing.T, text string) {
		entries := AliasEntries(text)
		var b bytes.Buffer
		if WriteIndex(&b, entries) != nil {
			return
		}
		got, err := ReadIndex(fstest.MapFS{"i": {Data: b.Bytes()}}, "i")
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(entries, compareEntries)
		if !slices.Equal(got, slices.Compact(entries)) {
			t.Errorf("wrote %v, read %v", entries, got)
		}
	})
}

// TestTextAndBinary holds that the text files of depmod give the entries of its binary files.
func TestTextAndBinary(t *testing.T) {
	for _, k := range kernels(t) {
		for _, c := range []struct {
			text, binary string
			entries      func(string) []Entry
		}{
			{"modules.dep", "modules.dep.bin", DepEntries},
			{"modules.alias", "modules.alias.bin", AliasEntries},
			{"modules.symbols", "modules.symbols.bin", AliasEntries},
			{"modules.builtin", "modules.builtin.bin", BuiltinEntries},
		} {
			want := c.entries(k.read(t, c.text))
			got, err := ReadIndex(os.DirFS(k.dir), k.modules()+"/"+c.binary)
			if err != nil {
				t.Fatal(err)
			}
			for _, list := range [][]Entry{got, want} {
				for i := range list {
					list[i].Priority = 0
					// Symbols for named modules (symbol:module:kvm-amd, kernel 7) lie in the binary as they are.
					list[i].Key = normalAlias(list[i].Key)
				}
				slices.SortFunc(list, compareEntries)
			}
			if got, want = slices.Compact(got), slices.Compact(want); !slices.Equal(got, want) {
				t.Errorf("%s %s: %d entries, the text has %d", k.version, c.binary, len(got), len(want))
			}
			t.Logf("%s %s: %d entries", k.version, c.binary, len(got))
		}
	}
}

// linear is the slow, sure way: every pattern of modules.alias, one by one.
func linear(patterns []Entry, key string) []string {
	var names []string
	for _, p := range patterns {
		if match(p.Key, key) && !slices.Contains(names, p.Value) {
			names = append(names, p.Value)
		}
	}
	return names
}

// TestAliasesAgainstLinear compares the walk through the trie with a look at each pattern.
func TestAliasesAgainstLinear(t *testing.T) {
	k := fullKernel(t)
	ix := k.index(t)
	patterns := AliasEntries(k.read(t, "modules.alias"))
	tried := 0
	for i := 0; i < len(patterns); i += max(len(patterns)/700, 1) {
		key := sample(patterns[i].Key)
		got, want := ix.Aliases(key), linear(patterns, normalAlias(key))
		if slices.Sort(got); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
			t.Errorf("%s:\n got  %v\n want %v", key, got, want)
		}
		tried++
	}
	t.Logf("%d aliases against %d patterns", tried, len(patterns))
}

// reads counts what is read of a file system.
type reads struct {
	fs.FS
	count, bytes *int
}

func (r reads) Open(name string) (fs.File, error) {
	f, err := r.FS.Open(name)
	if file, ok := f.(*os.File); ok {
		return countedFile{file, r}, err
	}
	return f, err
}

type countedFile struct {
	*os.File
	r reads
}

func (f countedFile) ReadAt(b []byte, off int64) (int, error) {
	*f.r.count++
	*f.r.bytes += len(b)
	return f.File.ReadAt(b, off)
}

// TestFewReads holds that a question reads a little of an index, not all of it.
func TestFewReads(t *testing.T) {
	k := fullKernel(t)
	var count, size int
	ix, err := Open(reads{os.DirFS(k.dir), &count, &size}, k.modules())
	if err != nil {
		t.Fatal(err)
	}
	LoadOrder(ix, nil, "virtio_blk", "virtio_pci")
	t.Logf("two modules by name: %d reads, %d bytes", count, size)
	if count > 40 {
		t.Errorf("two modules by name took %d reads of %d bytes", count, size)
	}
	ix.Aliases("virtio:d00000002v00001AF4")
	t.Logf("and one alias: %d reads, %d bytes", count, size)
	if count > 80 {
		t.Errorf("with one alias it took %d reads of %d bytes", count, size)
	}
}

func BenchmarkOpenTwoModules(b *testing.B) {
	k := fullKernel(b)
	for b.Loop() {
		LoadOrder(k.index(b), nil, "virtio_blk", "ext4")
	}
}

func BenchmarkAlias(b *testing.B) {
	k := fullKernel(b)
	for name, key := range map[string]string{
		"virtio": "virtio:d00000002v00001AF4",
		"pci":    "pci:v00008086d00002922sv00001AF4sd00001100bc01sc06i01",
		"usb":    "usb:v0951p1666d0110dc00dsc00dp00ic08isc06ip50in00",
		"cpu":    "cpu:type:x86,ven0000fam0006mod0055:feature:,0000,0094,0099",
		"of":     "of:Nserial0T(null)Cbrcm,bcm4345c5",
		"dmi":    "dmi:bvnLENOVO:bvrN2IET94W:bd07/14/2021:br1.72:efr1.22:svnLENOVO:pn20N2CTO1WW:pvrThinkPadT490:rvnLENOVO:rn20N2CTO1WW:rvrSDK0J40697:cvnLENOVO:ct10:cvrNone:",
	} {
		b.Run(name+"/first", func(b *testing.B) {
			for b.Loop() {
				k.index(b).Aliases(key)
			}
		})
		b.Run(name+"/again", func(b *testing.B) {
			ix := k.index(b)
			for b.Loop() {
				ix.Aliases(key)
			}
		})
	}
}
