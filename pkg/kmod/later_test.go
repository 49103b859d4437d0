package kmod

import "testing"

// TestLater: the list has every module that is not in, behind those that it needs, with the parameters of modprobe.d; what is built in, barred, or cannot be unpacked is left out.
func TestLater(t *testing.T) {
	ix, _ := testIndex(t, "k/a.ko: k/b.ko.gz\nk/b.ko.gz:\nk/c.ko.xz: k/b.ko.gz\nk/d.ko.zst:\nk/in.ko:\nk/barred.ko:\n", "alias pci:1* a\nalias pci:2* c\nalias pci:2* d\nalias pci:3* in\nalias pci:4* barred\nalias pci:5* built\n", "", "k/built.ko\n")
	policy := Policy{Forbidden: map[string]bool{"barred": true}, Options: map[string]string{"a": "one=1 two=2"}}
	l := NewLoader(ix, policy, &fakeKernel{live: map[string]bool{"in": true}}, Options{Decompresses: "xz\n"})
	list, n := l.Later([]string{"pci:1", "pci:2", "pci:3", "pci:4", "pci:5", "pci:none"}, []string{"b", "unknown"})
	dir := "/" + testDir + "/k/"
	want := "g" + dir + "b.ko.gz\x00\x00i" + dir + "a.ko\x00one=1 two=2\x00k" + dir + "c.ko.xz\x00\x00"
	if string(list) != want || n != 3 {
		t.Errorf("%d: %q, want %q", n, list, want)
	}
}
