package image

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/preroot/preroot/pkg/archive"
	"github.com/preroot/preroot/pkg/kmod"
)

// kernels are the unpacked Debian kernels that the tests look into: lib/modules/KVER folders.
func kernels(t testing.TB) []string {
	t.Helper()
	store := os.Getenv("PREROOT_KERNELS")
	if store == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		store = filepath.Join(cache, "preroot/kernels")
	}
	dirs, _ := filepath.Glob(filepath.Join(store, "*/lib/modules/*"))
	dirs = slices.DeleteFunc(dirs, func(d string) bool { return !isFile(filepath.Join(d, depIndex)) })
	if len(dirs) == 0 {
		t.Fatalf("no kernel in %s: run make kernels", store)
	}
	return dirs
}

// oneKernel is the smallest of those for amd64.
func oneKernel(t testing.TB) string {
	dirs := slices.DeleteFunc(kernels(t), isARM64)
	return slices.MinFunc(dirs, func(a, b string) int {
		size := func(d string) int64 { i, _ := os.Stat(filepath.Join(d, depIndex)); return i.Size() }
		return int(size(a) - size(b))
	})
}

func isARM64(dir string) bool { return strings.HasSuffix(dir, "-arm64") }

// anInit is a static ELF program for amd64.
func anInit(t testing.TB) string { return initFor(t, elf.EM_X86_64) }

// initFor is a static ELF program: the header and one segment suffice for the builder.
func initFor(t testing.TB, machine elf.Machine) string {
	t.Helper()
	header := make([]byte, 64+56)
	copy(header, "\x7fELF\x02\x01\x01")
	for at, v := range map[int]byte{16: 2, 18: byte(machine), 20: 1, 32: 64, 52: 64, 54: 56, 56: 1, 58: 64, 64: 1, 68: 5} {
		header[at] = v
	}
	dir := t.TempDir()
	for _, name := range []string{"init", "modules"} { // the latter is the helper of every generic image
		if err := os.WriteFile(filepath.Join(dir, name), header, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "init")
}

func mustBuild(t testing.TB, o Options) (Summary, []Entry) {
	t.Helper()
	if o.Init == "" {
		o.Init = anInit(t)
		if isARM64(o.ModulesDir) {
			o.Init = initFor(t, elf.EM_AARCH64)
		}
	}
	if o.Output == "" {
		o.Output = filepath.Join(t.TempDir(), "image")
	}
	s, err := Build(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(o.Output)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(data)) != s.ImageBytes {
		t.Errorf("%d bytes written, %d told", len(data), s.ImageBytes)
	}
	entries, err := archive.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	return s, entries
}

func find(entries []Entry, name string) *Entry {
	for i := range entries {
		if entries[i].Name == name {
			return &entries[i]
		}
	}
	return nil
}

// TestBase: what is in every image.
func TestBase(t *testing.T) {
	_, entries := mustBuild(t, Options{ModulesDir: oneKernel(t), Drivers: []string{"virtio_blk"}, Version: "1.2", KernelCmdline: " root=/dev/vda ro "})
	var lines []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name, "lib/modules/") && e.Name != manifestName {
			lines = append(lines, e.String())
		}
	}
	want := []string{
		"d0755          0 dev",
		"c0600        5,1 dev/console",
		"c0600       1,11 dev/kmsg",
		"c0666        1,3 dev/null",
		"d0755          0 etc",
		"d0755          0 etc/cmdline.d",
		"-0644         17 etc/cmdline.d/10-cmdline.conf",
		"-0644         49 etc/cmdline.d/20-drivers.conf",
		"l0777         25 etc/initrd-release -> ../usr/lib/initrd-release",
		"-0755        120 init",
		"d0755          0 lib",
		"d0755          0 lib/modules",
		"d0755          0 proc",
		"d0755          0 run",
		"d0755          0 sbin",
		"l0777          7 sbin/modprobe -> ../init",
		"d0755          0 sys",
		"d0755          0 sysroot",
		"d1777          0 tmp",
		"d0755          0 usr",
		"d0755          0 usr/lib",
		"-0644        106 usr/lib/initrd-release",
		"d0755          0 usr/lib/preroot",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	for name, want := range map[string]string{
		"etc/cmdline.d/10-cmdline.conf": "root=/dev/vda ro\n",
		"etc/cmdline.d/20-drivers.conf": "rd.driver.pre=virtio_blk rd.preroot.modules=root\n",
		"usr/lib/initrd-release":        "ID=preroot\nNAME=preroot\nVERSION=\"1.2\"\nPRETTY_NAME=\"preroot 1.2\"\nBUILD_ID=",
	} {
		if got := string(find(entries, name).Data); !strings.HasPrefix(got, want) || name != releaseFile && got != want {
			t.Errorf("%s holds %q; want %q", name, got, want)
		}
	}
}

// unpackModules writes the module folder of an image below a root.
func unpackModules(t *testing.T, entries []Entry) string {
	t.Helper()
	root := t.TempDir()
	for _, e := range entries {
		name := strings.TrimPrefix(e.Name, "usr/") // where /lib is a link
		if e.Kind != Regular || !strings.HasPrefix(name, "lib/modules/") {
			continue
		}
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, e.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// loadOrder asks modprobe what it would load for a word, as file names without compression suffix.
func loadOrder(t *testing.T, root, kver, word string) []string {
	t.Helper()
	out, err := exec.Command("modprobe", "-C", "/dev/null", "-d", root, "-S", kver, "--show-depends", "--ignore-install", word).CombinedOutput()
	if err != nil {
		t.Fatalf("modprobe %s (Debian package kmod): %v\n%s", word, err, out)
	}
	var names []string
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == "insmod" {
			if !isFile(f[1]) {
				t.Errorf("modprobe %s wants %s, which is not in the image", word, f[1])
			}
			base, _, _ := strings.Cut(filepath.Base(f[1]), ".ko")
			names = append(names, base)
		}
	}
	return names
}

// TestDrivers builds the image of known hardware for every kernel. With the image's own indexes modprobe finds for each
// module of the chain, and for the aliases that the kernel asks for, the files that it finds on the host.
func TestDrivers(t *testing.T) {
	for _, dir := range kernels(t) {
		kver := filepath.Base(dir)
		t.Run(kver, func(t *testing.T) {
			words := []string{"virtio_pci", "virtio_blk", "virtio_scsi", "nvme", "ext4", "xfs", "btrfs", "vfat", "fs-squashfs"}
			s, entries := mustBuild(t, Options{ModulesDir: dir, Drivers: words})
			host := filepath.Join(dir, "../../..")
			root := unpackModules(t, entries)
			for _, word := range append(words, "fs-ext4", "fs-xfs", "crypto-crc32c", "sd_mod") {
				if diff := cmp.Diff(loadOrder(t, host, kver, word), loadOrder(t, root, kver, word)); diff != "" {
					t.Errorf("%s loads (-host +image):\n%s", word, diff)
				}
			}
			for _, name := range s.Chain {
				loadOrder(t, root, kver, name)
			}
			t.Logf("%d modules, %d bytes, chain %v, built in %v, absent %v", len(s.Modules), s.ImageBytes, s.Chain, s.Builtin, s.Absent)
			if !slices.Contains(s.Chain, "sd_mod") && !slices.Contains(s.Builtin, "sd_mod") && slices.Contains(s.Modules, "virtio_scsi") {
				t.Error("virtio_scsi without sd_mod")
			}
			for _, e := range entries {
				if strings.Contains(e.Name, ".ko") && !strings.HasSuffix(e.Name, ".ko") {
					t.Errorf("%s is compressed twice", e.Name)
				}
			}
		})
	}
}

// TestGeneric builds the image for any machine for every kernel: modprobe can load each module in it, each has the
// bytes of the host's, and those that lie compressed are not compressed again.
func TestGeneric(t *testing.T) {
	for _, dir := range kernels(t) {
		kver := filepath.Base(dir)
		t.Run(kver, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "image")
			s, entries := mustBuild(t, Options{ModulesDir: dir, Generic: true, Output: out})
			t.Logf("%d modules (%s), %d bytes; %d left out; absent %v", len(s.Modules), s.ModuleForm, s.ImageBytes, s.LeftOut, s.Absent)
			root := unpackModules(t, entries)
			out2, err := exec.Command("modprobe", append([]string{"-C", "/dev/null", "-d", root, "-S", kver, "--all", "--show-depends"}, s.Modules...)...).CombinedOutput()
			if err != nil {
				t.Fatalf("modprobe (Debian package kmod): %v\n%s", err, out2)
			}
			for _, name := range []string{"virtio_blk", "nvme", "ahci", "sd_mod", "usb_storage", "uas", "xhci_pci", "ext4", "xfs", "btrfs", "squashfs", "erofs", "vfat", "isofs", "overlay", "hid_generic"} {
				if tree, err := openTree(dir, ""); err != nil || tree.path[name] != "" && !slices.Contains(s.Modules, name) {
					t.Errorf("%s is not inside (%v)", name, err)
				}
			}
			sameModules(t, dir, entries)
			data, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.HasPrefix(data, []byte("070701")) || !bytes.Contains(data, []byte("TRAILER!!!")) {
				t.Error("the image does not begin with a plain archive")
			}
		})
	}
}

// sameModules compares each module inside with the host's, both unpacked.
func sameModules(t *testing.T, dir string, entries []Entry) {
	t.Helper()
	prefix := "lib/modules/" + filepath.Base(dir) + "/"
	compared := 0
	tree, err := openTree(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		file, ok := strings.CutPrefix(strings.TrimPrefix(e.Name, "usr/"), prefix)
		if !ok || !strings.Contains(file, ".ko") || compared >= 60 {
			continue
		}
		compared++
		ours, err := decompress(e.Data, compression(e.Name))
		if err != nil {
			t.Fatalf("%s: %v", e.Name, err)
		}
		host := tree.path[kmod.NameOf(file)]
		data, err := os.ReadFile(filepath.Join(dir, host))
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := decompress(data, compression(host))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(ours, theirs) {
			t.Errorf("%s differs from the host's", e.Name)
		}
	}
}

// TestReproducible: equal input gives equal bytes, whatever the folder, the time and the run.
func TestReproducible(t *testing.T) {
	init, dir := anInit(t), oneKernel(t)
	include := t.TempDir()
	for i := range 20 {
		if err := os.WriteFile(filepath.Join(include, fmt.Sprint("file", i)), []byte{byte(i)}, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, o := range []Options{{Generic: true}, {Drivers: []string{"virtio_blk", "nvme"}}} {
		o.Init, o.ModulesDir = init, dir
		var images [][]byte
		for i := range 2 {
			o.Includes = []Include{{include, "/opt"}}
			if i == 1 { // the same elsewhere, of another time, read and packed by one processor
				o.ModulesDir, o.Includes = copyTree(t, dir), []Include{{copyOf(t, include), "/opt"}}
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			}
			o.Output = filepath.Join(t.TempDir(), "image")
			mustBuild(t, o)
			data, err := os.ReadFile(o.Output)
			if err != nil {
				t.Fatal(err)
			}
			images = append(images, data)
		}
		if !bytes.Equal(images[0], images[1]) {
			t.Errorf("two builds of %v differ", o)
		}
	}
}

// copyOf is a folder with the same in it, written in another order and thirty years older.
func copyOf(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(list)
	for _, e := range list {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		file, then := filepath.Join(to, e.Name()), time.Now().AddDate(-30, 0, 0)
		if err := errors.Join(os.WriteFile(file, data, 0o644), os.Chtimes(file, then, then)); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// TestOmit: a module that is left out takes those with it that need it.
func TestOmit(t *testing.T) {
	s, _ := mustBuild(t, Options{ModulesDir: oneKernel(t), Drivers: []string{"virtio_blk", "virtio_pci", "vfat"}, OmitDrivers: []string{"virtio-ring"}})
	for _, name := range []string{"virtio_ring", "virtio_blk", "virtio_pci"} {
		if slices.Contains(s.Modules, name) || slices.Contains(s.Chain, name) || !slices.Contains(s.Omitted, name) {
			t.Errorf("%s: inside %v, chain %v, omitted %v", name, s.Modules, s.Chain, s.Omitted)
		}
	}
	if !slices.Contains(s.Modules, "vfat") {
		t.Errorf("vfat was left out with them: %v", s.Modules)
	}
}

func TestIncludes(t *testing.T) {
	src := t.TempDir()
	for name, mode := range map[string]os.FileMode{"tool": 0o755, "dir/conf": 0o600} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(src, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(src, name), []byte(name), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("tool", filepath.Join(src, "link")); err != nil {
		t.Fatal(err)
	}
	_, entries := mustBuild(t, Options{ModulesDir: oneKernel(t), Drivers: []string{"virtio_blk"},
		Includes: []Include{{src, "/opt/x"}, {filepath.Join(src, "tool"), "sbin/../sbin/fsck"}, {filepath.Join(src, "link"), "/bin/tool"}, {filepath.Join(src, "dir"), "/"}}})
	for name, want := range map[string]string{
		"opt/x/tool":     "-0755          4 opt/x/tool",
		"opt/x/link":     "l0777          4 opt/x/link -> tool",
		"opt/x/dir/conf": "-0600          8 opt/x/dir/conf",
		"sbin/fsck":      "-0755          4 sbin/fsck",
		"bin/tool":       "-0755          4 bin/tool",
		"conf":           "-0600          8 conf",
	} {
		if e := find(entries, name); e == nil || e.String() != want {
			t.Errorf("%s is %v; want %s", name, e, want)
		}
	}
}

// TestErrors: each failure names the thing and what to do, leaves an older image as it was, and nothing beside it.
func TestErrors(t *testing.T) {
	dir, init := oneKernel(t), anInit(t)
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("text"), 0o755); err != nil {
		t.Fatal(err)
	}
	good := Options{ModulesDir: dir, Init: init, Drivers: []string{"virtio_blk"}, Force: true}
	tests := []struct {
		name   string
		change func(*Options)
		want   string
	}{
		{"no -f", func(o *Options) { o.Force = false }, "is there: name another IMAGE, or replace it with -f"},
		{"no modules", func(o *Options) { o.Drivers = nil }, "--generic, or --drivers"},
		{"unknown driver", func(o *Options) { o.Drivers = []string{"virtio_blk", "virtoi_net"} }, `no module "virtoi_net"`},
		{"unknown folder", func(o *Options) { o.AddDrivers = []string{"=drivers/nothing"} }, "no modules below kernel/drivers/nothing"},
		{"no module folder", func(o *Options) { o.ModulesDir = t.TempDir() }, "no kernel modules"},
		{"no init", func(o *Options) { o.Init = filepath.Join(t.TempDir(), "init") }, "build it with make, or name it by --init"},
		{"init no program", func(o *Options) { o.Init = text }, "is no ELF program"},
		{"init dynamic", func(o *Options) { o.Init = "/bin/sh" }, "needs a dynamic loader"},
		{"init of another machine", func(o *Options) { o.Init = initFor(t, elf.EM_AARCH64) }, "is for EM_AARCH64, the modules of kernel"},
		{"include missing", func(o *Options) { o.Includes = []Include{{"/nowhere/x", "/x"}} }, "--include: lstat /nowhere"},
		{"include over init", func(o *Options) { o.Includes = []Include{{text, "/init"}} }, "/init is in the image already"},
		{"include below a link", func(o *Options) { o.Includes = []Include{{text, "/sbin/modprobe/x"}} }, "/sbin/modprobe is no folder in the image"},
		{"include a device", func(o *Options) { o.Includes = []Include{{"/dev/null", "/x"}} }, "neither file, folder nor link"},
		{"version of another kernel", func(o *Options) { o.ModulesDir, o.KVER = filepath.Dir(dir), "1.0" }, "no kernel modules"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := good
			o.Output = filepath.Join(t.TempDir(), "image")
			if err := os.WriteFile(o.Output, []byte("old"), 0o644); err != nil {
				t.Fatal(err)
			}
			tt.change(&o)
			_, err := Build(t.Context(), o)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v; want %q in it", err, tt.want)
			}
			if data, _ := os.ReadFile(o.Output); string(data) != "old" {
				t.Error("the old image is gone")
			}
			if names, _ := os.ReadDir(filepath.Dir(o.Output)); len(names) != 1 {
				t.Errorf("left behind: %v", names)
			}
		})
	}
}

// TestWriteImage: nobody else can read the image, a link stays a link, and a failed rename leaves nothing behind.
func TestWriteImage(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "image"), filepath.Join(dir, "link")
	if err := os.Symlink("image", link); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"one", "two"} {
		if err := writeImage(t.Context(), file, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := writeImage(t.Context(), link, []byte("three")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(file)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	if data, _ := os.ReadFile(file); string(data) != "three" {
		t.Errorf("through the link came %q", data)
	}
	if err := os.MkdirAll(filepath.Join(dir, "folder/full"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := writeImage(t.Context(), filepath.Join(dir, "folder"), nil); err == nil {
		t.Error("a folder was replaced")
	}
	if names, _ := os.ReadDir(dir); len(names) != 3 {
		t.Errorf("left behind: %v", names)
	}
}

// TestKernelForm: modules stay as they are only for a kernel that unpacks them itself.
func TestKernelForm(t *testing.T) {
	for _, tt := range []struct {
		suffix, config string
		want           form
	}{
		{"", "CONFIG_MODULE_DECOMPRESS=y\nCONFIG_MODULE_COMPRESS_XZ=y\n", gzipped},
		{".xz", "", gzipped},
		{".xz", "CONFIG_MODULE_COMPRESS_XZ=y\n# CONFIG_MODULE_DECOMPRESS is not set\n", gzipped},
		{".xz", "CONFIG_MODULE_COMPRESS_XZ=y\nCONFIG_MODULE_DECOMPRESS=y\n", asFound},
		{".zst", "CONFIG_MODULE_COMPRESS_XZ=y\nCONFIG_MODULE_DECOMPRESS=y\n", gzipped},
		{".zst", "CONFIG_MODULE_COMPRESS_ZSTD=y\nCONFIG_MODULE_DECOMPRESS=y\n", asFound},
		{".gz", "CONFIG_MODULE_COMPRESS_GZIP=y\nCONFIG_MODULE_DECOMPRESS=y\n", asFound},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "config"), []byte(tt.config), 0o644); err != nil {
			t.Fatal(err)
		}
		tr := &tree{dir: dir, kver: "1", order: []string{"m"}, path: map[string]string{"m": "kernel/m.ko" + tt.suffix}}
		if got := kernelForm(tr); got != tt.want {
			t.Errorf("%q with %q: form %d; want %d", tt.suffix, tt.config, got, tt.want)
		}
	}
}

// TestLoadForms: each way that a module can lie on the host, in each form that it can have in an image.
func TestLoadForms(t *testing.T) {
	plainData := bytes.Repeat([]byte("a module "), 1000)
	dir := t.TempDir()
	pack := map[string][]string{".xz": {"xz", "-k"}, ".zst": {"zstd", "-q", "-k"}, ".gz": {"gzip", "-k"}}
	file := filepath.Join(dir, "m.ko")
	if err := os.WriteFile(file, plainData, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", ".gz", ".xz", ".zst"} {
		if cmd := pack[suffix]; cmd != nil {
			if out, err := exec.Command(cmd[0], append(cmd[1:], file)...).CombinedOutput(); err != nil {
				t.Fatalf("%s (Debian packages xz-utils, zstd): %v %s", cmd[0], err, out)
			}
		}
		tr := &tree{dir: dir, path: map[string]string{"m": "m.ko" + suffix}}
		for f, want := range map[form]string{plain: "kernel/m.ko", gzipped: "kernel/m.ko.gz", asFound: "kernel/m.ko" + suffix} {
			name, data, err := tr.load("m", f)
			if err != nil || name != want {
				t.Errorf("m.ko%s in form %d: %s, %v; want %s", suffix, f, name, err, want)
				continue
			}
			if got, err := decompress(data, compression(name)); err != nil || !bytes.Equal(got, plainData) {
				t.Errorf("m.ko%s in form %d does not unpack to what it was: %v", suffix, f, err)
			}
		}
	}
}

// TestTables: no entry of the tables is a typing error: each folder and each exception is in one of the kernels.
func TestTables(t *testing.T) {
	paths := map[string]bool{}
	known := map[string]bool{}
	full := false
	for _, dir := range kernels(t) {
		tr, err := openTree(dir, "")
		if err != nil {
			t.Fatal(err)
		}
		full = full || len(tr.order) > 3000
		for _, name := range tr.order {
			known[name] = true
			for p := filepath.Dir(tr.path[name]); p != "."; p = filepath.Dir(p) {
				paths[p] = true
			}
		}
	}
	if !full {
		t.Fatal("no full kernel among the kernels: run make kernels")
	}
	for _, g := range genericFolders {
		if !paths["kernel/"+g.path] {
			t.Errorf("genericFolders: no kernel has modules in %s", g.path)
		}
		if g.why == "" {
			t.Errorf("genericFolders: %s has no reason", g.path)
		}
		for _, name := range g.but {
			if !known[name] {
				t.Errorf("genericFolders: %s: no kernel has %s", g.path, name)
			}
		}
	}
	for _, name := range neverGeneric {
		if !known[name] {
			t.Errorf("neverGeneric: no kernel has %s", name)
		}
	}
	for _, n := range needs {
		if n.why == "" || strings.Contains(n.who, "-") {
			t.Errorf("needs: %s has no reason, or a dash", n.who)
		}
	}
}
