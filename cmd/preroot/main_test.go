package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/preroot/preroot/pkg/image"
)

// hermetic are the options that keep the configuration of this machine out.
func hermetic(t *testing.T, args ...string) []string {
	t.Helper()
	return append([]string{"--conf", "/dev/null", "--confdir", t.TempDir()}, args...)
}

func options(t *testing.T, args ...string) (image.Options, error) {
	t.Helper()
	r, err := buildRequest(buildOptionTable(), hermetic(t, args...))
	if err != nil {
		return image.Options{}, err
	}
	return r.o, nil
}

// TestBuildOptions: the command lines of the man page, options before and behind the other words, dracut's spellings.
func TestBuildOptions(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want image.Options
	}{
		{
			[]string{"-f", "--generic", "--init", "i", "/boot/img", "6.1"},
			image.Options{Force: true, Generic: true, Init: "i", Output: "/boot/img", KVER: "6.1", ModulesDir: "/lib/modules/6.1"},
		},
		{
			[]string{"img", "--drivers", "virtio_pci, virtio_blk", "--init=i", "6.1", "--force", "--drivers=ext4"},
			image.Options{Force: true, Drivers: []string{"virtio_pci", "virtio_blk", "ext4"}, Init: "i", Output: "img", KVER: "6.1", ModulesDir: "/lib/modules/6.1"},
		},
		{
			[]string{"--include", "a", "/b", "--modules-dir", "m", "--init", "i", "-i", "-c", "--kver", "img"},
			image.Options{Includes: []image.Include{{Src: "a", Dst: "/b"}, {Src: "-c", Dst: "--kver"}}, ModulesDir: "m", Init: "i", Output: "img", HostOnly: true},
		},
		{
			[]string{"--init", "i", "--modules-dir", "m", "--generic", "--initrd", "old.gz", "--network", "--helpers", "h", "img"},
			image.Options{Init: "i", ModulesDir: "m", Generic: true, Initrd: "old.gz", Network: true, Helpers: "h", Output: "img"},
		},
		{
			[]string{"--init", "i", "--kver", "6.1", "--add-drivers", "a b", "--omit-drivers", "c", "--kernel-cmdline", "root=/dev/vda ro", "--", "-img"},
			image.Options{Init: "i", KVER: "6.1", ModulesDir: "/lib/modules/6.1", AddDrivers: []string{"a", "b"}, OmitDrivers: []string{"c"}, KernelCmdline: "root=/dev/vda ro", Output: "-img", HostOnly: true},
		},
		{
			[]string{"--init", "i", "-fvNk", "/m/6.1", "-I", "/bin/a b", "-abase", "-o", "x y", "--kernel-cmdline", "a", "--kernel-cmdline", "b", "--filesystems", "ext4", "--gzip", "--fwdir", "/a:/b", "img"},
			image.Options{Force: true, Generic: true, Init: "i", ModulesDir: "/m/6.1", Output: "img", Install: []string{"/bin/a", "b"}, AddModules: []string{"base"}, OmitModules: []string{"x", "y"}, KernelCmdline: "a b",
				Filesystems: []string{"ext4"}, Compress: image.Compression{Kind: "gzip"}, FirmwareDirs: []string{"/a", "/b"}},
		},
		{
			[]string{"--init", "i", "-r", "/s", "--no-hostonly", "--kver", "5", "--no-early-microcode", "--mdadmconf", "--nolvmconf", "--compress", "xz:3", "--uefi", "--no-uefi", "--fstab", "--add-device", "/dev/x", "--hostonly-cmdline"},
			image.Options{Generic: true, Init: "i", Sysroot: "/s", KVER: "5", ModulesDir: "/s/lib/modules/5", Output: "/s/boot/initramfs-5.img", HostEtc: "/s/etc", EarlyMicrocode: image.Off, MDADMConf: image.On, LVMConf: image.Off,
				Compress: image.Compression{Kind: "xz", Level: 3}, UseFstab: true, AddDevices: []string{"/dev/x"}, HostCmdline: image.On},
		},
		{
			[]string{"--init", "i", "-m", "m", "-k", "m", "--compress", "zstd -15 -q -T0", "--compress-level", "7", "-N", "-H", "img"},
			image.Options{HostOnly: true, Init: "i", ModulesDir: "m", Output: "img", Compress: image.Compression{Kind: "zstd", Level: 7}, Modules: []string{"m"}},
		},
	} {
		got, err := options(t, tt.args...)
		if err != nil {
			t.Errorf("%v: %v", tt.args, err)
			continue
		}
		tt.want.Version = version
		if tt.want.HostEtc == "" {
			tt.want.HostEtc = "/etc"
		}
		if tt.want.Helpers == "" {
			tt.want.Helpers = "/usr/lib/preroot"
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tt.args, diff)
		}
	}
}

func TestBuildOptionErrors(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"--generic img 6.1 more", `"more" is one word too many`},
		{"--kver 6.1 img 6.2", "two kernel versions"},
		{"--generic --uefi --kver 6.1", "--uefi: name the file"},
		{"img --include a", "--include SRC DST"},
		{"img --no-such", "no option --no-such"},
		{"img --add-driver x", "no option --add-driver: --add-drivers is meant?"},
		{"img -Z", "no option -Z"},
		{"img -fZ", "no option -Z (in -fZ)"},
		{"img --force=yes", "--force takes no value"},
		{"img --kver", "--kver: a value is missing: --kver KVER"},
		{"img --compress zstd:99", "--compress: compression zstd: its levels are 1 to 22"},
		{"img --compress-level 99", "its levels are 1 to 22"},
		{"img -L 7", "write a number from 0 to 6"},
		{"--regenerate-all img", "leave \"img\" out"},
		{"--print-cmdline", "--print-cmdline: not done here"},
		{"--sysroot /nowhere --conf /nowhere/conf img", "/nowhere/conf"},
	} {
		if _, err := options(t, strings.Fields(tt.args)...); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v; want %q in it", tt.args, err, tt.want)
		}
	}
}

// TestRun: exit statuses, and where the words go.
func TestRun(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad")
	if err := os.WriteFile(bad, []byte("no image"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args           string
		status         int
		stdout, stderr string
	}{
		{"", 2, "", "usage:"},
		{"help", 0, "usage:", ""},
		{"version", 0, "preroot", ""},
		{"bild", 2, "", `no command "bild"`},
		{"build -h", 0, "--generic", ""},
		{"build --version", 0, "preroot", ""},
		{"build --bild", 2, "", "no option --bild"},
		{"build --list-modules --modulesdir /nowhere", 1, "", "dracut-core"},
		{"build --drivers ext4 --modules-dir /nowhere /nowhere/img", 1, "", "preroot build:"},
		{"ls", 2, "", "usage:"},
		{"ls /nowhere", 1, "", "no such file"},
		{"ls " + bad, 1, "", "unknown bytes"},
		{"ls -x " + bad, 2, "", "usage: preroot ls"},
		{"ls -h", 0, "", "usage: preroot ls"},
		{"cat " + bad, 2, "", "usage: preroot cat"},
		{"cat " + bad + " x", 1, "", "unknown bytes"},
		{"unpack", 2, "", "usage: preroot unpack"},
		{"unpack -C /nowhere/x " + bad, 1, "", "unknown bytes"},
		{"diff " + bad, 2, "", "usage: preroot diff"},
		{"diff " + bad + " " + bad, 2, "", "unknown bytes"},
	} {
		var stdout, stderr bytes.Buffer
		if got := run(strings.Fields(tt.args), &stdout, &stderr); got != tt.status {
			t.Errorf("%q: status %d; want %d", tt.args, got, tt.status)
		}
		if !strings.Contains(stdout.String(), tt.stdout) || !strings.Contains(stderr.String(), tt.stderr) {
			t.Errorf("%q: stdout %q, stderr %q", tt.args, stdout.String(), stderr.String())
		}
	}
}

// TestBuildAndList makes an image of a module folder with one module, by hand and depmod, and lists it.
func TestBuildAndList(t *testing.T) {
	dir := t.TempDir()
	modules := filepath.Join(dir, "lib/modules/1.0/kernel/fs")
	if err := os.MkdirAll(modules, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{filepath.Join(modules, "tiny.ko"): elfHeader(1), filepath.Join(dir, "init"): elfHeader(2)} {
		if err := os.WriteFile(name, []byte(data), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"modules.order": "", "modules.builtin": "", "modules.builtin.modinfo": "ext4.alias=fs-ext4\x00"} {
		if err := os.WriteFile(filepath.Join(dir, "lib/modules/1.0", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("depmod", "-b", dir, "1.0").CombinedOutput(); err != nil {
		t.Fatalf("depmod (Debian package kmod): %v %s", err, out)
	}
	img := filepath.Join(dir, "img")
	args := append([]string{"build"}, hermetic(t, "-v", "--drivers", "tiny", "--init", filepath.Join(dir, "init"), "--modules-dir", dir, img, "1.0")...)
	var stdout, stderr bytes.Buffer
	if status := run(args, &stdout, &stderr); status != 0 {
		t.Fatalf("status %d: %s", status, stderr.String())
	}
	for _, want := range []string{"for kernel 1.0", "/init     64 bytes", "modules   1 ", "loaded first: tiny", "inside: tiny"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("no %q in the report:\n%s", want, stdout.String())
		}
	}
	if status := run(args, &stdout, &stderr); status != 1 || !strings.Contains(stderr.String(), "-f") {
		t.Errorf("a second build without -f: status %d, %s", status, stderr.String())
	}
	stdout.Reset()
	if status := run([]string{"ls", img}, &stdout, &stderr); status != 0 || !strings.Contains(stdout.String(), "lib/modules/1.0/kernel/tiny.ko\n") {
		t.Errorf("ls: status %d\n%s", status, stdout.String())
	}
}

// TestDefaultPlaceAndEveryKernel: the images of all kernels of a root go to their usual places; one that is there stays without -f, and one that fails does not keep the others.
func TestDefaultPlaceAndEveryKernel(t *testing.T) {
	root := makeTree(t, map[string]string{"etc/os-release": "ID=debian\n", "init": elfHeader(2), "boot/initrd.img-2.0": "old", "lib/modules/3.0/": ""})
	for _, kver := range []string{"1.0", "2.0"} {
		modules := makeTree(t, map[string]string{"kernel/fs/nls/tiny.ko": elfHeader(1), "modules.order": "", "modules.builtin": "", "modules.builtin.modinfo": "ext4.alias=fs-ext4\x00"})
		if err := os.CopyFS(filepath.Join(root, "lib/modules", kver), os.DirFS(modules)); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("depmod", "-b", root, kver).CombinedOutput(); err != nil {
			t.Fatalf("depmod (Debian package kmod): %v %s", err, out)
		}
	}
	var stdout, stderr bytes.Buffer
	args := []string{"build", "--sysroot", root, "--init", root + "/init", "--generic", "--regenerate-all"}
	if status := run(args, &stdout, &stderr); status != 1 || !strings.Contains(stderr.String(), "boot/initrd.img-2.0 is there") {
		t.Errorf("status %d, %s", status, stderr.String())
	}
	if old, _ := os.ReadFile(root + "/boot/initrd.img-2.0"); string(old) != "old" || !isFile(root+"/boot/initrd.img-1.0") {
		t.Errorf("the old image is %q, or the other one is not there", old)
	}
	if status := run(append(args, "-f", "-q"), &stdout, &stderr); status != 0 {
		t.Errorf("with -f: status %d, %s", status, stderr.String())
	}
	if old, _ := os.ReadFile(root + "/boot/initrd.img-2.0"); string(old) == "old" {
		t.Error("with -f the old image is still there")
	}
}

// elfHeader is the header of an ELF file of a type without anything behind it.
func elfHeader(kind byte) string {
	h := make([]byte, 64)
	copy(h, "\x7fELF\x02\x01\x01")
	h[16], h[18], h[20], h[52], h[54], h[58] = kind, 62, 1, 64, 56, 64
	return string(h)
}
