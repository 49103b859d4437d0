package image

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/preroot/preroot/pkg/chain"
)

// TestModulesWaitForWhatIsMountedAlone: members of a RAID are no host_devs, as in dracut: a boot would wait for one that has failed. Those of a btrfs are.
func TestModulesWaitForWhatIsMountedAlone(t *testing.T) {
	device := func(node, kind string) *chain.Device { return &chain.Device{Node: node, FSType: kind} }
	disk, a, b, md := device("/dev/sda", ""), device("/dev/sda1", "linux_raid_member"), device("/dev/sdb1", "linux_raid_member"), device("/dev/md0", "ext4")
	c, d := device("/dev/sdc", "btrfs"), device("/dev/sdd", "btrfs")
	swap := device("/dev/sde", "swap")
	o := Options{Chain: &chain.Chain{
		Devices: []*chain.Device{disk, a, b, md, c, d, swap},
		Goals:   []*chain.Goal{{Name: "/", On: []*chain.Device{md}}, {Name: "/usr", On: []*chain.Device{c, d}}, {Name: "/var", On: []*chain.Device{c, d}}, {Name: "resume", On: []*chain.Device{swap}}},
	}}
	h := o.moduleHost()
	if got := strings.Join(h.Devices, " "); got != "/dev/md0 /dev/sdc /dev/sdd /dev/sde" {
		t.Errorf("host_devs: %s", got)
	}
	if len(h.Types) != 6 || h.Types["/dev/sda1"] != "linux_raid_member" || !slices.Equal(h.Roots, []string{"/dev/md0"}) || !slices.Equal(h.Swaps, []string{"/dev/sde"}) {
		t.Errorf("%v", h)
	}
}

// someModules has two modules: one for an image, and one that it depends on.
func someModules(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"40low": `installkernel() { hostonly='' instmods dm-crypt; }
install() { inst_multiple cat; inst_hook cmdline 20 "$moddir/hook.sh"; }`,
		"70high": `depends() { echo low; }
install() { echo rd.test=1 >"$initdir/etc/cmdline.d/70high.conf"; inst_simple "$moddir/hook.sh" /sbin/modprobe; inst_multiple no-such-program; }`,
	} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		for file, data := range map[string]string{"module-setup.sh": text, "hook.sh": "true\n"} {
			if err := os.WriteFile(filepath.Join(dir, name, file), []byte(data), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// TestModules builds an image with modules of dracut in it.
func TestModules(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()) // what is left behind is ours
	dir := someModules(t)
	s, entries := mustBuild(t, Options{ModulesDir: oneKernel(t), Drivers: []string{"virtio_blk"}, AddModules: []string{"high"}, DracutModulesDir: dir, Install: []string{"bash"}})
	find := func(name string) *Entry {
		if i := slices.IndexFunc(entries, func(e Entry) bool { return e.Name == name }); i >= 0 {
			return &entries[i]
		}
		return nil
	}
	for _, name := range []string{"usr/bin/cat", "usr/bin/bash", "var/lib/dracut/hooks/cmdline/20-hook.sh", "etc/cmdline.d/70high.conf", "usr/lib/dracut-lib.sh", "usr/sbin/initqueue", "usr/bin/busybox"} {
		if find(name) == nil {
			t.Errorf("no %s", name)
		}
	}
	if e := find("usr/sbin/modprobe"); e == nil || string(e.Data) != "/init" {
		t.Errorf("our modprobe is overwritten: %v", e)
	}
	if !slices.Contains(s.Modules, "dm_crypt") {
		t.Errorf("%q", s.Modules)
	}
	if len(s.Warnings) != 1 || !strings.HasSuffix(s.Warnings[0], "70high/module-setup.sh:2: no-such-program is not there") {
		t.Errorf("%q", s.Warnings)
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "preroot-modules-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	list, err := Modules(Options{DracutModulesDir: dir})
	if err != nil || len(list) != 2 || list[0].Name != "low" {
		t.Errorf("%v, %v", list, err)
	}
	_, err = Build(t.Context(), Options{Output: filepath.Join(t.TempDir(), "image"), Init: anInit(t), ModulesDir: oneKernel(t), Generic: true, AddModules: []string{"absent"}, DracutModulesDir: dir})
	if err == nil || !strings.Contains(err.Error(), "module absent is in none of") {
		t.Error(err)
	}
}

// TestModulesMakeNodes: device nodes that modules make are in the image, once each; sockets and FIFOs are not.
func TestModulesMakeNodes(t *testing.T) {
	if exec.Command("mknod", filepath.Join(t.TempDir(), "node"), "c", "1", "8").Run() != nil {
		t.Fatal("no device node can be made here: run the tests as root, as make test does")
	}
	s, entries := withModule(t, `mknod -m 666 "$initdir/dev/random" c 1 8 && mknod -m 600 "$initdir/dev/null" c 1 3 && mknod -m 640 "$initdir/dev/disk" b 259 70000 && mkfifo "$initdir/run/fifo"`)
	var got []string
	for _, e := range entries {
		if e.Kind != Dir && (strings.HasPrefix(e.Name, "dev/") || strings.HasPrefix(e.Name, "run/")) {
			got = append(got, fmt.Sprintf("%s %o %d:%d", e.Name, uint32(e.Kind)|e.Perm, e.Major, e.Minor))
		}
	}
	want := []string{"dev/console 20600 5:1", "dev/disk 60640 259:70000", "dev/kmsg 20600 1:11", "dev/null 20666 1:3", "dev/random 20666 1:8"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if want := []string{"module only: /run/fifo is a FIFO, and left out: make it when the image runs"}; !slices.Equal(s.Warnings, want) {
		t.Errorf("%q", s.Warnings)
	}
}

// TestModulesOwnFiles: what a module gives to somebody is theirs in the image; all else is root's, whoever builds and whatever group the folder gives.
func TestModulesOwnFiles(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("only root gives files away: run the tests as root, as make test does")
	}
	tmp := t.TempDir()
	if err := os.Chown(tmp, 0, 4242); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(tmp, 0o777|fs.ModeSetgid); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", tmp)
	_, entries := withModule(t, `mkdir "$initdir/etc/mine" && touch "$initdir/etc/"{a,b,mine/c} && ln -s a "$initdir/etc/link" && chown 103:110 "$initdir/etc/mine" "$initdir/etc/a" && chown -h 7 "$initdir/etc/link"`)
	var got []string
	for _, e := range entries {
		if e.Uid != 0 || e.Gid != 0 {
			got = append(got, fmt.Sprintf("%s %d:%d", e.Name, e.Uid, e.Gid))
		}
	}
	if want := []string{"etc/a 103:110", "etc/link 7:0", "etc/mine 103:110"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// withModule builds an image with one module, whose install function is given.
func withModule(t *testing.T, install string) (Summary, []Entry) {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "50only"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "50only", "module-setup.sh"), []byte("install() {\n"+install+"\n}\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return mustBuild(t, Options{ModulesDir: oneKernel(t), Drivers: []string{"virtio_blk"}, AddModules: []string{"only"}, DracutModulesDir: dir})
}

func TestKernelLoad(t *testing.T) {
	for _, dir := range kernels(t) {
		k, err := OpenKernel(dir, "")
		if err != nil {
			t.Fatal(err)
		}
		names, _ := k.Resolve("dm_crypt")
		if len(names) != 1 || !strings.HasPrefix(k.Path(names[0]), "kernel/drivers/md/dm-crypt.ko") || !slices.Contains(k.Below("kernel/drivers/md/"), "dm_crypt") || !slices.Contains(k.With("dm_crypt"), "dm_mod") {
			t.Errorf("%s: %q", dir, names)
		}
		data, err := k.Load("dm_crypt")
		if err != nil || !strings.HasPrefix(string(data), "\x7fELF") {
			t.Errorf("%s: %d bytes, %v", dir, len(data), err)
		}
	}
}
