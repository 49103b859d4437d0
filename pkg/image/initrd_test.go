package image

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// classicFile makes a file system with the program of its name, packed by another, "" for none.
func classicFile(t *testing.T, pack ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "initrd")
	if out, err := exec.Command("mke2fs", "-q", "-t", "ext2", file, "256k").CombinedOutput(); err != nil {
		t.Fatalf("mke2fs: %v: %s", err, out)
	}
	if len(pack) == 0 {
		return file
	}
	out, err := exec.Command(pack[0], append(pack[1:], "-c", file)...).Output()
	if err != nil {
		t.Fatalf("%s: %v", pack[0], err)
	}
	if err := os.WriteFile(file, out, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// helpers is a folder with the helpers of /init.
func helpers(t *testing.T) string {
	t.Helper()
	dir, program := t.TempDir(), anInit(t)
	data, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"initrd", "nfsroot"} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func entry(t *testing.T, list []Entry, name string) Entry {
	t.Helper()
	i := slices.IndexFunc(list, func(e Entry) bool { return e.Name == name })
	if i < 0 {
		t.Fatalf("there is no /%s in the image", name)
	}
	return list[i]
}

// TestInitrd: the image carries the file byte for byte, readable for root alone, the helper, the size for /init, and the drivers of the RAM disk and of its file system.
func TestInitrd(t *testing.T) {
	kernel := oneKernel(t)
	for _, pack := range [][]string{nil, {"gzip"}, {"xz", "--check=crc32"}, {"zstd", "-q"}} {
		file := classicFile(t, pack...)
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s, list := mustBuild(t, Options{ModulesDir: kernel, Drivers: []string{"virtio_blk"}, Initrd: file, Helpers: helpers(t)})
		image := entry(t, list, "initrd.image")
		if string(image.Data) != string(want) || image.Perm != 0o400 {
			t.Errorf("%q: %d bytes, mode %o; want %d, 0400", pack, len(image.Data), image.Perm, len(want))
		}
		if text := string(entry(t, list, "etc/cmdline.d/60-initrd.conf").Data); text != "ramdisk_size=256\n" {
			t.Errorf("%q: %q", pack, text)
		}
		if e := entry(t, list, "usr/lib/preroot/initrd"); e.Perm != 0o755 {
			t.Errorf("%q: the helper has mode %o", pack, e.Perm)
		}
		if !slices.Contains(s.Modules, "brd") || slices.Contains(s.Chain, "brd") {
			t.Errorf("%q: modules %q, loaded first %q", pack, s.Modules, s.Chain)
		}
	}
}

func TestInitrdRefused(t *testing.T) {
	kernel := oneKernel(t)
	file := func(text string) string {
		name := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	packed, err := os.ReadFile(classicFile(t, "gzip"))
	if err != nil {
		t.Fatal(err)
	}
	good, dir := classicFile(t), helpers(t)
	for _, c := range []struct{ initrd, helpers, want string }{
		{"/no/such/file", dir, "--initrd: open /no/such/file"},
		{file(""), dir, "it is empty"},
		{file("070701000000"), dir, "it is a cpio archive, an initramfs"},
		{file("hello, this is no file system"), dir, "it begins with 68 65 6c 6c 6f"},
		{file(string(packed[:len(packed)/2])), dir, "gzip"},
		{good, "/no/such/folder", "helper: open /no/such/folder/initrd"},
		{good, filepath.Dir(file("text")), "helper"},
	} {
		_, err := Build(t.Context(), Options{Output: filepath.Join(t.TempDir(), "image"), Init: anInit(t), ModulesDir: kernel, Drivers: []string{"virtio_blk"}, Initrd: c.initrd, Helpers: c.helpers})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", c.initrd, err, c.want)
		}
	}
}

// TestNetwork: what a root on NFS needs; a generic image has the drivers of network devices, one for known hardware those that are named.
func TestNetwork(t *testing.T) {
	kernel := oneKernel(t)
	s, list := mustBuild(t, Options{ModulesDir: kernel, Generic: true, Network: true, Helpers: helpers(t)})
	for _, name := range []string{"nfs", "nfsv3", "nfsv4", "sunrpc", "virtio_net"} {
		if !slices.Contains(s.Modules, name) && !slices.Contains(s.Builtin, name) {
			t.Errorf("%s is not in a generic image", name)
		}
	}
	entry(t, list, "usr/lib/preroot/nfsroot")
	s, _ = mustBuild(t, Options{ModulesDir: kernel, Drivers: []string{"virtio_blk"}, Network: true, Helpers: helpers(t)})
	if slices.Contains(s.Modules, "virtio_net") || !slices.Contains(s.Modules, "nfsv4") {
		t.Errorf("for known hardware: %q", s.Modules)
	}
}
