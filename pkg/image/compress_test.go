package image

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseCompression(t *testing.T) {
	for _, tt := range []struct{ text, want, err string }{
		{"", "", ""},
		{"none", "none", ""},
		{"zstd:22", "zstd:22", ""},
		{"xz", "xz", ""},
		{"lz4:1", "lz4:1", ""},
		{"cat", "none", ""},
		{"/usr/bin/zstd -15 -q -T0", "zstd:15", ""},
		{"lz4 -l -9", "lz4:9", ""},
		{"pigz -9", "gzip:9", ""},
		{"xz --check=crc32 --lzma2=dict=1MiB -T0", "xz", ""},
		{"zstd:23", "", "its levels are 1 to 22"},
		{"gzip:0", "", "its levels are 1 to 9"},
		{"xz:", "", "its levels are 1 to 9"},
		{"lz4 -99", "", "its levels are 1 to 12"},
		{"none:1", "", "no levels"},
		{"bzip2", "", "is none of gzip, lz4, none, xz, zstd"},
	} {
		got, err := ParseCompression(tt.text)
		switch {
		case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
			t.Errorf("%q: %v; want %q", tt.text, err, tt.err)
		case tt.err == "" && (err != nil || got.String() != tt.want):
			t.Errorf("%q: %q, %v; want %q", tt.text, got, err, tt.want)
		}
	}
}

// TestForKernel: what the kernel does not unpack is refused, or not chosen.
func TestForKernel(t *testing.T) {
	for _, tt := range []struct{ kind, config, want string }{
		{"", "", "zstd"},
		{"", "CONFIG_RD_ZSTD=y\n", "zstd"},
		{"", "CONFIG_RD_GZIP=y\n# CONFIG_RD_ZSTD is not set\n", "gzip"},
		{"", "CONFIG_X=y\n", "none"},
		{"none", "CONFIG_X=y\n", "none"},
		{"xz", "CONFIG_RD_XZ=y\n", "xz"},
		{"xz", "CONFIG_RD_GZIP=y\n", "CONFIG_RD_XZ is not set in its configuration): take one of gzip, none"},
	} {
		got, err := Compression{Kind: tt.kind}.forKernel(tt.config, "1.0")
		if text := got.Kind; err == nil && text != tt.want || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s with %q: %s, %v; want %s", tt.kind, tt.config, text, err, tt.want)
		}
	}
}

// unpackers are the programs that everybody trusts.
var unpackers = map[string][]string{"zstd": {"zstd", "-dcq"}, "gzip": {"gzip", "-dc"}, "xz": {"xz", "-dc"}, "lz4": {"lz4", "-dc"}}

// TestPack: each kind and level is unpacked by its own program, and equal input gives equal bytes. The data have more than one block of lz4, and a part that nothing makes smaller.
func TestPack(t *testing.T) {
	r := rand.NewChaCha8([32]byte{1})
	noise := make([]byte, 50<<10)
	_, _ = r.Read(noise)
	short := append(bytes.Repeat([]byte("initramfs "), 5<<10), noise...)
	long := append(make([]byte, lz4Block), short...)
	for kind, p := range compressors {
		for level := range p.last + 1 {
			data := long
			if level > 0 {
				data = short
			}
			c := Compression{kind, level}
			a, err := c.pack(data)
			if err != nil {
				t.Fatal(err)
			}
			if b, err := c.pack(bytes.Clone(data)); err != nil || !bytes.Equal(a, b) {
				t.Errorf("%s: twice the same data give other bytes", c)
			}
			back := a
			if kind != "none" {
				cmd := exec.Command(unpackers[kind][0], unpackers[kind][1:]...)
				cmd.Stdin = bytes.NewReader(a)
				if back, err = cmd.Output(); err != nil {
					t.Errorf("%s: %v: %v", c, cmd.Args, err)
				}
			}
			if !bytes.Equal(back, data) {
				t.Errorf("%s: unpacked it is something else", c)
			}
		}
	}
}

// TestPackForKernel: what the kernel's unpackers ask beside the format. xz: check CRC32 (stream flags, byte 7); lz4: the legacy magic.
func TestPackForKernel(t *testing.T) {
	data := bytes.Repeat([]byte("x"), 4096)
	x, err := Compression{Kind: "xz"}.pack(data)
	if err != nil || x[7] != 1 || len(x)%4 != 0 {
		t.Errorf("xz: % x, %v", x[:12], err)
	}
	l, err := Compression{Kind: "lz4"}.pack(data)
	if err != nil || binary.LittleEndian.Uint32(l) != 0x184C2102 {
		t.Errorf("lz4: % x, %v", l[:4], err)
	}
}

// tinyTree is a root with a kernel of two modules, the microcode of ucodeRoot and a configuration that unpacks everything.
func tinyTree(t *testing.T) string {
	t.Helper()
	root := ucodeRoot(t)
	config := "CONFIG_MICROCODE=y\n"
	for _, c := range compressors {
		config += c.config + "=y\n"
	}
	module := make([]byte, 64) // an ELF header: ET_REL, amd64
	copy(module, "\x7fELF\x02\x01\x01")
	module[16], module[18], module[20], module[52], module[54], module[58] = 1, 62, 1, 64, 56, 64
	for name, data := range map[string]string{
		"config": config, "modules.order": "", "modules.builtin": "", "modules.builtin.modinfo": "xfs.alias=fs-xfs\x00",
		"kernel/fs/nls/nls_tiny.ko": string(module[:60]) + strings.Repeat("\xff", 5000), "kernel/fs/xfs/xfs.ko": string(module),
	} {
		file := filepath.Join(root, "lib/modules/1.0", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("depmod", "-b", root, "1.0").CombinedOutput(); err != nil {
		t.Fatalf("depmod (Debian package kmod): %v %s", err, out)
	}
	return root
}

// TestCompressedImages: whole images of each kind, with microcode and modules before the compressed part, are unpacked by
// unmkinitramfs, and two builds are the same bytes.
func TestCompressedImages(t *testing.T) {
	root := tinyTree(t)
	for kind := range compressors {
		out := filepath.Join(t.TempDir(), "image")
		o := Options{Output: out, Init: anInit(t), ModulesDir: root, KVER: "1.0", Generic: true, Sysroot: root, Compress: Compression{Kind: kind}}
		s, err := Build(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if s.Compression != kind || len(s.Microcode) != 3 || len(s.Warnings) > 0 {
			t.Errorf("%s: summary %q, microcode %q, warnings %q", kind, s.Compression, s.Microcode, s.Warnings)
		}
		first, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		o.Force = true
		if _, err := Build(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		if again, _ := os.ReadFile(out); !bytes.Equal(first, again) {
			t.Errorf("%s: two builds differ", kind)
		}
		dir := t.TempDir()
		// Where nothing is compressed, it unpacks all and then fails at the compressed part that it expects.
		if msg, err := exec.Command("unmkinitramfs", out, dir).CombinedOutput(); err != nil && kind != "none" {
			t.Errorf("%s: unmkinitramfs (Debian package initramfs-tools-core): %v: %s", kind, err, msg)
		}
		names := map[string]bool{}
		_ = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
			names[d.Name()] = true
			return err
		})
		for _, want := range []string{"init", "modules.dep.bin", "AuthenticAMD.bin", "GenuineIntel.bin", "nls_tiny.ko.gz"} {
			if !names[want] {
				t.Errorf("%s: unmkinitramfs finds no %s", kind, want)
			}
		}
	}
}

// TestMicrocodeWhen: where there is none, and why.
func TestMicrocodeWhen(t *testing.T) {
	root := tinyTree(t)
	config := filepath.Join(root, "lib/modules/1.0/config")
	for _, tt := range []struct {
		name, config string
		how          Switch
		dirs         []string
		files        int
		warning      string
	}{
		{"as it is", "", Auto, nil, 3, ""},
		{"known hardware", "", Auto, nil, 0, ""},
		{"off", "", Off, nil, 0, ""},
		{"none there", "", Auto, []string{root}, 0, ""},
		{"none there though asked for", "", On, []string{root}, 0, "no microcode in " + root},
		{"a kernel that loads none", "CONFIG_RD_ZSTD=y\n", Auto, nil, 0, ""},
		{"a kernel that loads none, asked for", "CONFIG_RD_ZSTD=y\n", On, nil, 0, "CONFIG_MICROCODE"},
	} {
		if tt.config != "" {
			if err := os.WriteFile(config, []byte(tt.config), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		s, err := Build(t.Context(), Options{Output: filepath.Join(t.TempDir(), "image"), Init: anInit(t), ModulesDir: root, KVER: "1.0", Generic: tt.name != "known hardware", Drivers: []string{"xfs"}, Sysroot: root, EarlyMicrocode: tt.how, FirmwareDirs: tt.dirs})
		if err != nil || len(s.Microcode) != tt.files || !strings.Contains(strings.Join(s.Warnings, "\n"), tt.warning) || tt.warning == "" && len(s.Warnings) > 0 {
			t.Errorf("%s: %q, warnings %q, %v", tt.name, s.Microcode, s.Warnings, err)
		}
	}
}

// TestFilesystemsAndForced: of a generic image no other file systems; forced drivers are loaded first.
func TestFilesystemsAndForced(t *testing.T) {
	root := tinyTree(t)
	o := Options{Output: filepath.Join(t.TempDir(), "image"), Init: anInit(t), ModulesDir: root, KVER: "1.0", Generic: true, Filesystems: []string{"nls_tiny"}, ForceDrivers: []string{"nls_tiny"}}
	if all, _ := mustBuild(t, Options{ModulesDir: root, KVER: "1.0", Generic: true}); len(all.Modules) != 2 {
		t.Fatalf("without options: modules %q", all.Modules)
	}
	s, entries := mustBuild(t, o)
	for _, e := range entries {
		if e.Name == "etc/cmdline.d/25-force-drivers.conf" && string(e.Data) == "rd.driver.pre=nls_tiny\n" {
			s.Chain = []string{"found"}
		}
	}
	if len(s.Modules) != 1 || len(s.Chain) != 1 {
		t.Errorf("modules %q, forced drivers %q", s.Modules, s.Chain)
	}
}

// TestUsualLevel: an image for one machine is made quickly, unless a level or a kind was asked for.
func TestUsualLevel(t *testing.T) {
	tree, err := openTree(oneKernel(t), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{HostOnly: true}, "zstd:7"},
		{Options{Generic: true}, "zstd"},
		{Options{HostOnly: true, Compress: Compression{Kind: "zstd"}}, "zstd"},
		{Options{HostOnly: true, Compress: Compression{Kind: "gzip", Level: 9}}, "gzip:9"},
	} {
		if err := c.o.chooseCompression(tree); err != nil || c.o.Compress.String() != c.want {
			t.Errorf("%s, %v; want %s", c.o.Compress, err, c.want)
		}
	}
}
