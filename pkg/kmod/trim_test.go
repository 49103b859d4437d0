package kmod

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// image writes index files into a folder, as an initramfs would hold them.
func image(t *testing.T, k testKernel, files map[string][]byte) testKernel {
	t.Helper()
	img := testKernel{t.TempDir(), k.version}
	dir := filepath.Join(img.dir, img.modules())
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return img
}

// touch makes an empty file for each module: modprobe passes over needs whose files are not there.
func (k testKernel) touch(t *testing.T) {
	t.Helper()
	entries, err := ReadIndex(os.DirFS(k.dir), k.modules()+"/modules.dep.bin")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		file, _, _ := strings.Cut(e.Value, ":")
		file = filepath.Join(k.dir, k.modules(), file)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// packed is the name of a module file in an image whose kernel unpacks none.
func packed(file string) string { return strings.TrimSuffix(file, ".xz") + ".gz" }

// TestTrimmedIndexAgainstModprobe trims the indexes to some modules, with packed files, and asks modprobe and
// this package about all of them, and about aliases of present and absent ones.
func TestTrimmedIndexAgainstModprobe(t *testing.T) {
	conf := emptyConf(t)
	for _, k := range kernels(t) {
		whole := k.index(t)
		inside, _ := LoadOrder(whole, nil, "ext4", "vfat", "virtio_blk", "virtio_pci", "nls_iso8859-1", "btrfs", "dm-crypt")
		keep := func(name string) bool { return slices.Contains(inside, name) }
		files, err := Trim(os.DirFS(k.dir), k.modules(), keep, packed)
		if err != nil {
			t.Fatal(err)
		}
		img := image(t, k, files)
		img.touch(t)
		ix := img.index(t)
		words := slices.Concat(inside, []string{"fs-ext4", "crc32c", "virtio:d00000002v00001AF4", "xfs", "fs-xfs",
			"pci:v00001AF4d00001001sv00001AF4sd00000002bc01sc00i00", "pci:v00008086d00002922sv0sd0bc01sc06i01", "virtio_net"})
		for _, word := range words {
			lines, _ := modprobe(t, conf, "-S", img.version, "-d", img.dir, "--show-depends", word)
			var want, got []string
			for _, line := range lines {
				if w := strings.Fields(line); len(w) >= 2 && w[0] == "insmod" {
					if file := strings.TrimPrefix(w[1], filepath.Join(img.dir, img.modules())+"/"); !slices.Contains(want, file) {
						want = append(want, file)
					}
				}
			}
			order, _ := LoadOrder(ix, nil, word)
			for _, name := range order {
				file, _ := ix.Path(name)
				got = append(got, file)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s %s:\n got  %v\n want %v", k.version, word, got, want)
			}
		}
		if err := ix.Err(); err != nil {
			t.Error(err)
		}
		size := 0
		for _, data := range files {
			size += len(data)
		}
		t.Logf("%s: %d words, %d modules inside, %d bytes of indexes", k.version, len(words), len(inside), size)
	}
}

// TestWrittenIndexesAgainstModprobe writes the whole indexes anew: modprobe must read ours as depmod's.
func TestWrittenIndexesAgainstModprobe(t *testing.T) {
	conf := emptyConf(t)
	for _, k := range kernels(t) {
		files, err := Trim(os.DirFS(k.dir), k.modules(), func(string) bool { return true }, nil)
		if err != nil {
			t.Fatal(err)
		}
		img := image(t, k, files)
		img.touch(t)
		var names []string
		for _, e := range DepEntries(k.read(t, "modules.dep")) {
			names = append(names, e.Key)
		}
		for batch := range slices.Chunk(names, 500) {
			if got, want := showDepends(t, img, conf, batch...), showDepends(t, k, conf, batch...); !slices.Equal(got, want) {
				t.Errorf("%s: modprobe reads our indexes differently", k.version)
			}
		}
		for _, word := range append(hostModaliases(t), "crypto-crc32c", "fs-xfs", "loop", "net-pf-10") {
			want, _ := modprobe(t, conf, "-S", k.version, "-d", k.dir, "-R", word)
			if got, _ := modprobe(t, conf, "-S", img.version, "-d", img.dir, "-R", word); !slices.Equal(got, want) {
				t.Errorf("%s %s: got %v, want %v", k.version, word, got, want)
			}
		}
		for file := range 4 {
			name, _ := indexName(file)
			t.Logf("%s %s: %d bytes, by depmod %d", k.version, name, len(files[name]), len(k.read(t, name)))
		}
	}
}

func TestTrimRefusesHalfAModule(t *testing.T) {
	_, files := testIndex(t, "a.ko: b.ko\nb.ko:\n", "", "softdep a pre: b\nsoftdep b pre: a\n", "")
	only := func(names string) func(string) bool { return func(n string) bool { return strings.Contains(names, n) } }
	if _, err := Trim(files, testDir, only("a"), nil); err == nil || !strings.Contains(err.Error(), "needs b") {
		t.Errorf("err = %v", err)
	}
	out, err := Trim(files, testDir, only("b"), nil)
	if err != nil || string(out["modules.softdep"]) != "softdep b pre: a\n" {
		t.Errorf("%q, %v", out["modules.softdep"], err)
	}
	if _, err := Trim(fstest.MapFS{}, testDir, only("a"), nil); err == nil {
		t.Error("indexes out of nothing")
	}
}

func TestWriteIndexRefuses(t *testing.T) {
	for _, e := range []Entry{
		{Key: "a\x00b"}, {Key: "\u00fc"}, {Key: strings.Repeat("a", maxDepth+1)},
		{Key: "a", Value: "b\x00"}, {Key: "a", Value: strings.Repeat("b", maxString+1)},
	} {
		if err := WriteIndex(&bytes.Buffer{}, []Entry{e}); err == nil {
			t.Errorf("%.20q was written", e.Key)
		}
	}
}

func TestAllSoftdeps(t *testing.T) {
	ix, _ := testIndex(t, "a.ko:\n", "", "softdep a pre: b\nsoftdep a-* pre: x\nsoftdep a pre: c post: d\n", "")
	if got := ix.AllSoftdeps("a"); !slices.Equal(got, []string{"b", "c", "d"}) {
		t.Errorf("all: %v", got)
	}
	if pre, post := ix.Softdeps("a"); !slices.Equal(pre, []string{"b"}) || post != nil {
		t.Errorf("first: %v %v", pre, post)
	}
}
