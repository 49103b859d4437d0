package kmod

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"testing"
	"testing/fstest"
)

// TestLater: the list has every module that is not in, behind those that it needs, with the parameters of modprobe.d; what is built in, barred, or cannot be unpacked is left out.
func TestLater(t *testing.T) {
	ix, _ := testIndex(t, "k/a.ko: k/b.ko.gz\nk/b.ko.gz:\nk/c.ko.xz: k/b.ko.gz\nk/d.ko.zst:\nk/in.ko:\nk/barred.ko:\n", "alias pci:1* a\nalias pci:2* c\nalias pci:2* d\nalias pci:3* in\nalias pci:4* barred\nalias pci:5* built\n", "", "k/built.ko\n")
	policy := Policy{Forbidden: map[string]bool{"barred": true}, Options: map[string]string{"a": "one=1 two=2"}}
	l := NewLoader(ix, policy, &fakeKernel{live: map[string]bool{"in": true}}, Options{Decompresses: "xz\n"})
	list := l.Later([]string{"pci:1", "pci:2", "pci:3", "pci:4", "pci:5", "pci:none"}, []string{"b", "unknown"})
	dir := "/" + testDir + "/k/"
	if got, want := fmt.Sprint(list), "[g"+dir+"b.ko.gz  i"+dir+"a.ko one=1 two=2 k"+dir+"c.ko.xz ]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestSend: the helper gets the files themselves; one that is not there ends it.
func TestSend(t *testing.T) {
	ix, files := testIndex(t, "k/a.ko:\nk/b.ko:\n", "alias pci:1* a\nalias pci:2* b\n", "", "")
	files[testDir+"/k/a.ko"] = &fstest.MapFile{Data: []byte("module a")}
	l := NewLoader(ix, Policy{Options: map[string]string{"a": "one=1"}}, &fakeKernel{}, Options{})
	var out bytes.Buffer
	if err := l.Send(&out, l.Later([]string{"pci:1"}, nil)); err != nil {
		t.Fatal(err)
	}
	if want := "i/" + testDir + "/k/a.ko\x00one=1\x00\x08\x00\x00\x00\x00\x00\x00\x00module a\x00"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
	delete(files, testDir+"/k/b.ko")
	if err := l.Send(&out, l.Later([]string{"pci:2"}, nil)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}
