package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/preroot/preroot/pkg/buildconf"
	"github.com/preroot/preroot/pkg/image"
)

// makeTree makes files and folders (names that end in /) below a folder.
func makeTree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		file := filepath.Join(root, name)
		if strings.HasSuffix(name, "/") {
			file = filepath.Join(file, "x")
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(name, "/") {
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return root
}

// TestConfiguration: what the files say, and that the command line wins.
func TestConfiguration(t *testing.T) {
	root := makeTree(t, map[string]string{
		"etc/dracut.conf.d/a.conf": "hostonly=no\nadd_drivers+=' a '\ncompress=lzma\nfilesystems='ext4 xfs'\nreproducible=no\nkernel_cmdline='x=1'\n",
		"etc/preroot.conf":         "early_microcode=no\ndrivers='d1 d2'\ninitrdname='i-${kernel}'\nlvm=yes\nfw_dir='/f'\ninclude='a b'\nstdloglvl=1\n",
	})
	for _, tt := range []struct {
		args     []string
		want     image.Options
		level    int
		warnings []string
	}{
		{
			nil,
			image.Options{Drivers: []string{"d1", "d2"}, AddDrivers: []string{"a"}, Filesystems: []string{"ext4", "xfs"}, KernelCmdline: "x=1", FirmwareDirs: []string{"/f"}, Output: root + "/boot/i-5"},
			1, []string{"reproducible=no has no meaning here", "lzma"},
		},
		{
			[]string{"--generic", "--add-drivers", "b", "--filesystems", "f2fs", "--kernel-cmdline", "y=2", "--fwdir", "/g", "-L3", "--early-microcode", "img"},
			image.Options{Generic: true, AddDrivers: []string{"a", "b"}, Filesystems: []string{"f2fs"}, KernelCmdline: "x=1 y=2", FirmwareDirs: []string{"/g"}, Output: "img", EarlyMicrocode: image.On},
			3, []string{"reproducible=no has no meaning here", "lzma"},
		},
		{
			[]string{"-d", "e", "--hostonly-mode=strict", "--strip", "--hostonly-mode", "sloppy", "--no-reproducible"},
			image.Options{Drivers: []string{"e"}, AddDrivers: []string{"a"}, Filesystems: []string{"ext4", "xfs"}, KernelCmdline: "x=1", FirmwareDirs: []string{"/f"}, Output: root + "/boot/i-5"},
			1, []string{"reproducible=no", "lzma", "--hostonly-mode strict, --hostonly-mode sloppy have no meaning here: ", "--strip has no meaning here: ", "--no-reproducible has no meaning"},
		},
	} {
		r, err := buildRequest(buildOptionTable(), append([]string{"--sysroot", root, "--kver", "5", "--init", "i", "--helpers", "h"}, tt.args...))
		if err != nil {
			t.Errorf("%v: %v", tt.args, err)
			continue
		}
		w := &tt.want
		w.Version, w.Sysroot, w.HostEtc, w.KVER, w.ModulesDir, w.Init, w.Helpers, w.LVM = version, root, root+"/etc", "5", root+"/lib/modules/5", "i", "h", true
		w.Includes = []image.Include{{Src: "a", Dst: "b"}}
		if w.EarlyMicrocode == image.Auto {
			w.EarlyMicrocode = image.Off
		}
		if diff := cmp.Diff(tt.want, r.o); diff != "" || r.level != tt.level {
			t.Errorf("%v: level %d (-want +got):\n%s", tt.args, r.level, diff)
		}
		if len(r.warnings) != len(tt.warnings) {
			t.Errorf("%v: warnings %q", tt.args, r.warnings)
			continue
		}
		for i, want := range tt.warnings {
			if !strings.Contains(r.warnings[i], want) {
				t.Errorf("%v: warning %q; want %q in it", tt.args, r.warnings[i], want)
			}
		}
	}
}

// TestMode: which machines an image is for.
func TestMode(t *testing.T) {
	for _, tt := range []struct{ conf, args, want string }{
		{"", "", "host"},
		{"", "-N", "generic"},
		{"", "-H", "host"},
		{"", "-N -H", "host"},
		{"", "-d x", "x"},
		{"", "-N -d x", "generic x"},
		{"hostonly=no", "", "generic"},
		{"hostonly=no", "-H", "host"},
		{"hostonly=no", "-d x", "x"},
		{"hostonly=yes", "-N", "generic"},
		{"drivers=y", "", "y"},
		{"drivers=y", "-N", "generic"},
		{"drivers=y", "-H", "host"},
		{"drivers=y", "-d x", "x"},
	} {
		root := makeTree(t, map[string]string{"etc/preroot.conf": tt.conf})
		r, err := buildRequest(buildOptionTable(), append(strings.Fields(tt.args), "--sysroot", root, "img", "1"))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		if r.o.HostOnly {
			got = append(got, "host")
		}
		if r.o.Generic {
			got = append(got, "generic")
		}
		if text := strings.Join(append(got, r.o.Drivers...), " "); text != tt.want {
			t.Errorf("%s with %s: %s; want %s", tt.conf, tt.args, text, tt.want)
		}
	}
}

// TestEveryOptionOfDracut: each option that dracut's own man pages and program know is in the table, and takes as many values.
func TestEveryOptionOfDracut(t *testing.T) {
	out, err := exec.Command("sh", "-c", "grep -Eo -- '--long [a-z0-9-]+:?' \"$(command -v dracut)\"").Output()
	if err != nil {
		t.Fatalf("dracut (Debian package dracut-core): %v", err)
	}
	table := buildOptionTable()
	options := strings.Fields(strings.ReplaceAll(string(out), "--long", ""))
	// What came after the release of this Debian: 106 and 112.
	options = append(options, "sbat:", "add-confdir:", "prefer:", "compress-level:", "nvmf-nbft-mode:", "printconfig", "ukify", "no-ukify", "remove:")
	if len(options) < 90 {
		t.Fatalf("only %d options found", len(options))
	}
	for _, name := range options {
		name, takes := strings.CutSuffix(name, ":")
		o, err := find(table, "--"+name)
		if err != nil {
			t.Error(err)
		} else if takes != (len(o.args) > 0) {
			t.Errorf("--%s: takes a value: %v", name, takes)
		}
	}
	for _, short := range "amodIkcrLfvqlHhMNpi" {
		if _, err := find(table, "-"+string(short)); err != nil {
			t.Error(err)
		}
	}
}

// TestTables: no name twice; each row has a text or is another tool's spelling; each has a meaning or a reason.
func TestTables(t *testing.T) {
	for _, table := range [][]option{buildOptionTable(), mkinitrdTable()} {
		var names []string
		for _, o := range table {
			for _, n := range o.names {
				if slices.Contains(names, n) || !regexp.MustCompile(`^(-[A-Za-z]|--[a-z][a-z0-9-]+)$`).MatchString(n) {
					t.Errorf("%s: twice, or no name of an option", n)
				}
				names = append(names, n)
			}
			if (o.set == nil) == (o.why == "") {
				t.Errorf("%v: meaning and reason", o.names)
			}
		}
	}
}

// TestKeysAndOptions: a key of the configuration that has a meaning changes the request.
func TestKeysAndOptions(t *testing.T) {
	values := map[string]string{"yes|no": "yes", "0-6": "5", "1-9": "3", "1-12": "3", "1-22": "3", "KIND": "xz", "SRC DST ...": "a b"}
	for _, k := range buildconf.Keys {
		if k.Why != "" || k.Name == "reproducible" {
			continue
		}
		v := values[k.Arg]
		if v == "" {
			v = "/some/thing"
		}
		kind, isLevel := strings.CutPrefix(k.Name, "compress_level_")
		base, words := "", []string{"--kver", "5"}
		if k.Name == "uefi" {
			words = append(words, "image.efi")
		}
		if isLevel {
			base = "compress=" + kind + "\n"
		}
		read := func(text string) *request {
			r, err := buildRequest(buildOptionTable(), append([]string{"--sysroot", makeTree(t, map[string]string{"etc/preroot.conf": text})}, words...))
			if err != nil || len(r.warnings) > 0 {
				t.Errorf("%s: %v %q", k.Name, err, r.warnings)
			}
			r.o.Output, r.o.Sysroot, r.o.HostEtc = filepath.Base(r.o.Output), "", ""
			r.o.ModulesDir = filepath.Base(r.o.ModulesDir)
			return r
		}
		with, without := read(base+k.Name+"='"+v+"'\n"), read(base)
		if k.Name == "hostonly" {
			continue // yes is what is done anyway: TestMode
		}
		if cmp.Equal(with.o, without.o) && with.level == without.level {
			t.Errorf("%s changes nothing", k.Name)
		}
	}
}

func TestDefaultImage(t *testing.T) {
	const id = "0123456789abcdef0123456789abcdef"
	for _, tt := range []struct {
		name    string
		files   map[string]string
		initrd  string
		mounted string
		want    string
	}{
		{"nothing", nil, "", "", "boot/initramfs-5.img"},
		{"Debian", map[string]string{"etc/os-release": "NAME=x\nID=debian\n"}, "", "", "boot/initrd.img-5"},
		{"its kin", map[string]string{"usr/lib/os-release": "ID=x\nID_LIKE=\"ubuntu debian\"\n"}, "", "", "boot/initrd.img-5"},
		{"Fedora", map[string]string{"etc/os-release": "ID=fedora\n"}, "", "", "boot/initramfs-5.img"},
		{"named", map[string]string{"etc/os-release": "ID=debian\n"}, "my-${kernel}", "", "boot/my-5"},
		{"BLS", map[string]string{"etc/machine-id": id + "\n", "boot/loader/entries/": "", "boot/" + id + "/": "", "boot/vmlinuz-5": ""}, "", "", "boot/" + id + "/5/initrd"},
		{"BLS in /efi", map[string]string{"etc/machine-id": id, "efi/loader/entries/": "", "efi/" + id + "/": ""}, "", "", "efi/" + id + "/5/initrd"},
		{"BLS in /boot/efi, no id", map[string]string{"boot/efi/loader/entries/": "", "boot/efi/Default/": ""}, "", "", "boot/efi/Default/5/initrd"},
		{"entries alone", map[string]string{"etc/machine-id": id, "boot/loader/entries/": ""}, "", "", "boot/initramfs-5.img"},
		{"an id that is a path", map[string]string{"etc/machine-id": "../../etc", "boot/loader/entries/": ""}, "", "", "boot/initramfs-5.img"},
		{"with the modules", map[string]string{"lib/modules/5/initrd": "", "boot/vmlinuz-5": ""}, "", "", "lib/modules/5/initrd"},
		{"kernel in /boot", map[string]string{"boot/vmlinuz-5": ""}, "", "efi", "boot/initramfs-5.img"},
	} {
		root := makeTree(t, tt.files)
		if got := defaultImage(root, "5", tt.initrd, func(string) bool { return false }); got != filepath.Join(root, tt.want) {
			t.Errorf("%s: %s; want %s", tt.name, got, tt.want)
		}
	}
	if isMountPoint("/usr/bin") || !isMountPoint("/proc") {
		t.Error("/usr/bin is a mount point, or /proc is none")
	}
}

// TestMkinitrd: its words, and that both names are needed.
func TestMkinitrd(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"-f -v img 5", "img 5 [] [] true 4"},
		{"--with=a --preload b --image-version --nocompress --omit-lvm-modules --fstab=x img 5 -q", "img-5 5 [a] [b] false 2"},
		{"img", "name IMAGE and KVER"},
		{"--wiht a img 5", "no option --wiht: --with is meant?"},
	} {
		got := mkinitrdSays(tt.args)
		if !strings.Contains(got, tt.want) {
			t.Errorf("%s: %s; want %s", tt.args, got, tt.want)
		}
	}
	var stdout bytes.Buffer
	if status := mkinitrd([]string{"--help"}, &stdout, io.Discard); status != 0 || !strings.Contains(stdout.String(), "mkinitrd [options] IMAGE KVER") {
		t.Errorf("--help: %d %s", status, stdout.String())
	}
}

// mkinitrdSays is what a command line of mkinitrd comes to, or its error.
func mkinitrdSays(args string) string {
	r, err := mkinitrdRequest(mkinitrdTable(), strings.Fields(args))
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(r.o.Output, " ", r.o.KVER, " ", r.o.AddDrivers, " ", r.o.ForceDrivers, " ", r.o.Force, " ", r.level)
}

// TestKeysForModules: keys that only modules of dracut ask for reach them where some are run, and are told of where none is.
func TestKeysForModules(t *testing.T) {
	const conf = "dropbear_port=2222\nsshkey=/root/key\nhostonly_mode=strict\nadd_driver=x\n"
	for _, tt := range []struct{ conf, args, want string }{
		{"", "", "add_driver dropbear_port sshkey hostonly_mode"},
		{"", "--add crypt-ssh", "add_driver"},
		{"dracutmodules=crypt-ssh\n", "", "add_driver"},
	} {
		root := makeTree(t, map[string]string{"etc/preroot.conf": tt.conf + conf})
		r, err := buildRequest(buildOptionTable(), append(strings.Fields(tt.args), "--sysroot", root, "img", "1"))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, w := range r.warnings {
			w = strings.TrimPrefix(w, root+"/etc/preroot.conf:")
			words := strings.Fields(w[strings.Index(w, ": ")+1:])
			if strings.Contains(w, "no meaning") {
				words = strings.Fields(w)
			}
			got = append(got, words[0])
		}
		if text := strings.Join(got, " "); text != tt.want {
			t.Errorf("%s %s: %s, not %s: %q", tt.conf, tt.args, text, tt.want, r.warnings)
		}
		if v := r.o.ModuleVars; v["dropbear_port"] != "2222" || v["sshkey"] != "/root/key" || v["hostonly_mode"] != "strict" {
			t.Errorf("%q", v)
		}
	}
}
