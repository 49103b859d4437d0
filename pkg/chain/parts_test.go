package chain

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// TestKernelCipher: names of dm-crypt's tables, and what the crypto API calls them (Documentation/admin-guide/device-mapper/dm-crypt.rst).
func TestKernelCipher(t *testing.T) {
	for text, want := range map[string]string{
		"aes-xts-plain64":                      "xts(aes)",
		"aes-cbc-essiv:sha256":                 "essiv(cbc(aes),sha256)",
		"serpent-cbc-plain":                    "cbc(serpent)",
		"aes":                                  "cbc(aes)",
		"capi:xts(aes)-plain64":                "xts(aes)",
		"capi:adiantum(xchacha12,aes)-plain64": "adiantum(xchacha12,aes)",
	} {
		if got := kernelCipher(text); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
}

// TestIsKeyboard: attributes of real devices: a PS/2 and a USB keyboard, a mouse, a power button, a remote control.
func TestIsKeyboard(t *testing.T) {
	for bitmap, want := range map[string]bool{
		"402000000 3803078f800d001 feffffdfffefffff fffffffffffffffe":      true,
		"1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe": true,
		"1f0000 0 0 0 0":          false,
		"10000000000000 0":        false,
		"":                        false,
		"3f000b00000000 0 0 zzzz": false,
	} {
		if got := isKeyboard(bitmap); got != want {
			t.Errorf("%q: %v", bitmap, got)
		}
	}
}

// TestParams: where the words of the kernel come from.
func TestParams(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	files := fstest.MapFS{
		"etc/kernel/cmdline": file("of kernel-install\n"),
		"etc/default/grub":   file("GRUB_CMDLINE_LINUX_DEFAULT='of default'\nGRUB_CMDLINE_LINUX=\"of grub\"\n#GRUB_CMDLINE_LINUX=no\nGRUB_CMDLINE_LINUX=$(evil)\n"),
	}
	proc := fstest.MapFS{"cmdline": file("of boot\n")}
	grub := fstest.MapFS{"etc/default/grub": files["etc/default/grub"]}
	for _, tt := range []struct {
		h    Host
		want string
	}{
		{Host{Root: "/", Files: files, Proc: proc}, "of boot"},
		{Host{Root: "/", Files: files, Proc: proc, Cmdline: "given", Extra: "more"}, "given more"},
		{Host{Root: "/mnt", Files: files, Proc: proc}, "of kernel-install"},
		{Host{Root: "/mnt", Files: grub, Proc: proc}, "of default of grub"},
		{Host{Root: "/mnt"}, ""},
	} {
		var got []string
		for _, w := range tt.h.params().Words() {
			got = append(got, w.String())
		}
		if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s: %s", tt.h.Root, diff)
		}
	}
}

// TestResumeOf: what Debian's installer writes for initramfs images (initramfs.conf(5)).
func TestResumeOf(t *testing.T) {
	if got := resumeOf("# RESUME=no\nRESUME=UUID=1-2\n"); got != "UUID=1-2" {
		t.Error(got)
	}
}

// TestFirmware: of the drivers that the hardware has now, what the sysroot has, in the kernel's order and packed or not.
func TestFirmware(t *testing.T) {
	c := &Chain{Devices: []*Device{{Name: "sda", Hardware: []Bus{
		{Path: "devices/a", Modalias: "pci:a", Driver: "a", Module: "a"},
		{Path: "devices/b", Modalias: "pci:b"},                            // nothing drives it
		{Path: "devices/c", Modalias: "pci:c", Driver: "cd", Module: "c"}, // two match, one drives it
	}}}}
	k := words{"pci:a": {"a"}, "pci:b": {"b"}, "pci:c": {"c", "d"}}
	file := &fstest.MapFile{}
	files := fstest.MapFS{"lib/firmware/a.bin.xz": file, "lib/firmware/6.1/a.bin": file, "lib/firmware/b.bin": file, "lib/firmware/c.bin.zst": file, "lib/firmware/c/1.fw": file, "lib/firmware/c/2.fw": file, "lib/firmware/d.bin": file}
	got, err := c.Firmware(k, files, "6.1", nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"lib/firmware/6.1/a.bin", "lib/firmware/c.bin.zst", "lib/firmware/c/1.fw", "lib/firmware/c/2.fw"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestWordsOfDebian: a swap area that a file names is a word of the image, one that the kernel's line names is not, and noresume forbids both.
func TestWordsOfDebian(t *testing.T) {
	m := readCase(t, "testdata/sysroot.txtar")
	h := m.host(t)
	for cmdline, want := range map[string]string{
		"root=/dev/vdb":                 "resume=UUID=22222222-1111-1111-1111-111111111111",
		"root=/dev/vdb resume=/dev/vdc": "",
		"root=/dev/vdb noresume":        "",
	} {
		h.Cmdline = cmdline
		h.Files = fstest.MapFS{"etc/initramfs-tools/conf.d/resume": {Data: []byte("RESUME=/dev/vdc\n")}}
		c, err := Read(h)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(c.Words(), " "); got != want {
			t.Errorf("%s: %q, want %q", cmdline, got, want)
		}
		if (c.Goal("resume") == nil) != strings.Contains(cmdline, "noresume") {
			t.Errorf("%s: goals %v", cmdline, c.Goals)
		}
	}
}

// TestAdded: a device that was asked for is a goal, one that is not there a problem; with UseFstab what is mounted does not count.
func TestAdded(t *testing.T) {
	h := readCase(t, "testdata/sysroot.txtar").host(t)
	h.Add, h.UseFstab = []string{"/dev/vdd", "LABEL=none"}, true
	c, err := Read(h)
	if err != nil {
		t.Fatal(err)
	}
	if g := c.Goal("/dev/vdd"); g == nil || g.On[0].Name != "vdd" {
		t.Errorf("no goal /dev/vdd in %v", c.Goals)
	}
	if !slices.Contains(c.Problems, Problem{Text: "no device of this machine is LABEL=none"}) {
		t.Errorf("problems %+v", c.Problems)
	}
	if root := c.Goal("/"); root.On[0].Name != "vda" {
		t.Errorf("/ is %v, though fstab says vda", root.On[0])
	}
}
