package image

import "testing"

// TestBuildID: the same image has the same BUILD_ID, and a byte more gives another, in a driver (the first part of a generic image), in a file, and in the
// words of the kernel command line.
func TestBuildID(t *testing.T) {
	dir := oneKernel(t)
	id := func(o Options) string {
		t.Helper()
		o.ModulesDir = dir
		_, entries := mustBuild(t, o)
		return string(find(entries, releaseFile).Data)
	}
	seen := map[string]int{}
	for i, o := range []Options{
		{Drivers: []string{"virtio_blk"}},
		{Drivers: []string{"virtio_blk"}, AddDrivers: []string{"virtio_pci"}},
		{Drivers: []string{"virtio_blk"}, KernelCmdline: "ro"},
		{Generic: true},
		{Generic: true, OmitDrivers: []string{"virtio_blk"}},
	} {
		text := id(o)
		if text != id(o) {
			t.Errorf("%d: two ids of one image", i)
		}
		if j, there := seen[text]; there {
			t.Errorf("%d and %d are different images of one id", i, j)
		}
		seen[text] = i
	}
}
