package archive

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fuzzLimits keep one input cheap.
var fuzzLimits = Limits{Unpacked: 1 << 20, Members: 1000, Segments: 10}

// FuzzParse: whatever an image holds, what is read of it lies inside it and in the limits.
func FuzzParse(f *testing.F) {
	plain := writeAll(f, sample(), 4)
	f.Add(plain)
	for _, p := range packers {
		f.Add(slices.Concat(plain, pack(f, p.line, plain)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		// The fuzzer's slices have room behind their ends, where a read too far would do no harm.
		data = slices.Clip(data)
		image, err := Parse(data, fuzzLimits)
		if image == nil {
			t.Fatal("no image")
		}
		var at, unpacked int64
		for _, s := range image.Segments {
			if s.Offset < at || err == nil && s.Size == 0 || s.Offset+s.Size > int64(len(data)) {
				t.Fatalf("segment %+v behind byte %d of %d", s, at, len(data))
			}
			at = s.Offset + s.Size
			if s.Compression != "" {
				unpacked += s.Unpacked
			}
		}
		if unpacked > fuzzLimits.Unpacked || len(image.Entries()) > fuzzLimits.Members || len(image.Segments) > fuzzLimits.Segments+1 {
			t.Fatalf("%d bytes, %d members, %d segments", unpacked, len(image.Entries()), len(image.Segments))
		}
		for _, e := range image.Entries() {
			if e.Check() != nil && e.Name != "." {
				t.Fatalf("name %q", e.Name)
			}
			_ = e.String()
		}
	})
}

// FuzzTree: what is made of an image is a tree, each file is found where the list has it, and written anew it is the same tree.
func FuzzTree(f *testing.F) {
	f.Add(writeAll(f, sample(), 4))
	f.Add(writeAll(f, []Entry{
		{Name: "usr", Kind: Dir}, {Name: "usr/lib", Kind: Dir}, {Name: "lib", Kind: Symlink, Data: []byte("/usr/lib")},
		{Name: "l", Kind: Symlink, Data: []byte("lib/../../usr/./l")}, {Name: "usr/l", Kind: Symlink, Data: []byte("lib")},
		{Name: "lib/a", Kind: Regular, Data: []byte("a")}, {Name: "l/b", Kind: Dir}, {Name: "l/b/c", Kind: FIFO},
	}, 4))
	f.Add(writeAll(f, []Entry{{Name: "l", Kind: Symlink, Data: []byte(".")}, {Name: "l/a", Kind: Dir}}, 4))
	f.Add(hardLinks(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		image, err := Parse(slices.Clip(data), fuzzLimits)
		if err != nil {
			return
		}
		tree, err := image.Tree()
		if err != nil {
			return
		}
		entries := tree.Entries()
		secrets := tree.Secrets()
		var b bytes.Buffer
		w := NewWriter(&b)
		for i, e := range entries {
			if name, err := tree.resolve("resolve", e.Name, false); name != e.Name || err != nil {
				t.Fatalf("%q is at %q, %v", e.Name, name, err)
			}
			if err := w.Add(e); err != nil {
				t.Fatal(err)
			}
			_ = secrets.Of(e)
			entries[i].HardLink = ""
		}
		_ = w.Close(4)
		again, err := Parse(b.Bytes(), fuzzLimits)
		if err != nil {
			t.Fatal(err)
		}
		same, _ := again.Tree()
		if diff := cmp.Diff(entries, same.Entries(), emptyIsNil); diff != "" {
			t.Fatalf("written and read (-want +got):\n%s", diff)
		}
	})
}

// emptyIsNil compares no data with no data.
var emptyIsNil = cmp.Transformer("text", func(b []byte) string { return string(b) })
