package qemu

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/preroot/preroot/dracut/lib"
	"github.com/preroot/preroot/internal/vm"
)

// dracutImage is an image that this machine's dracut makes, without systemd, in which /init alone is exchanged; hooks are scripts to be added, by their
// path below dracut's directory of hooks.
func dracutImage(t *testing.T, k vm.Kernel, hooks map[string]string) string {
	t.Helper()
	stock := makeOnce(t, "dracut-"+k.Name+".img", func(path string) error { return runDracut(k, path) })
	init, err := vm.ReadEntry("init", initFor(k.Arch))
	if err != nil {
		t.Fatal(err)
	}
	entries := []vm.Entry{init}
	for name, text := range hooks {
		entries = append(entries, vm.Entry{Name: "usr/lib/dracut/hooks/" + name, Mode: 0o755, Data: []byte(text)})
	}
	path := filepath.Join(t.TempDir(), "dracut.img")
	if err := vm.Extend(stock, path, entries); err != nil {
		t.Fatal(err)
	}
	return path
}

// dracutModules are those of an image without systemd that finds a root on a disk.
const dracutModules = "dash kernel-modules rootfs-block udev-rules base fs-lib usrmount shutdown"

// runDracut makes the stock image. Of the machine that it is made on nothing counts but its programs.
func runDracut(k vm.Kernel, path string) error { return dracut(k, path, "", dracutModules) }

// dracut makes an image; base is its folder if it is not dracut's own.
func dracut(k vm.Kernel, path, base, modules string) error {
	conf, err := os.MkdirTemp("", "dracut-conf-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(conf)
	cmd := exec.Command("dracut", "--force", "--conf", "/dev/null", "--confdir", conf, "--no-hostonly", "--no-early-microcode",
		"--modules", modules, "--drivers", "virtio_pci virtio_blk ext4", "--no-compress", "--kmoddir", k.ModulesDir(), path, k.Version)
	if base != "" {
		cmd.Env = append(os.Environ(), "dracutbasedir="+base)
	}
	out, err := cmd.CombinedOutput()
	if _, missing := os.Stat(path); err != nil || missing != nil {
		return fmt.Errorf("dracut: %v: %s", err, out)
	}
	return nil
}

// TestDracutModule: dracut itself puts our /init into an image, by the module that `make install` places, and leaves its own as /init.dracut.
func TestDracutModule(t *testing.T) {
	t.Parallel()
	k := kernel(t, "6.1-cloud")
	base := filepath.Join(t.TempDir(), "dracut")
	if out, err := exec.Command("cp", "-a", "/usr/lib/dracut", base).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for from, to := range map[string]string{"../../dracut/79preroot/module-setup.sh": "module-setup.sh", initFor(k.Arch): "init"} {
		if out, err := exec.Command("install", "-D", "-m", "755", from, filepath.Join(base, "modules.d/79preroot", to)).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	path := filepath.Join(t.TempDir(), "module.img")
	if err := dracut(k, path, base, dracutModules+" preroot"); err != nil {
		t.Fatal(err)
	}
	r := boot(t, machine(t, k, path, serial))
	if !r.Reached() {
		fail(t, r, "root was not reached")
	}
	mustSay(t, r, "udevd mode", "mounted by a hook: ext4 /dev/vda")
	back := boot(t, machine(t, k, path, serial+" rdinit=/init.dracut"))
	if !back.Reached() || back.Says("preroot: ") {
		fail(t, back, "the stock init did not boot")
	}
}

// TestDracutImage boots an image of dracut with our /init: its udevd, its rules and its hooks find root, check and mount it. Hooks of bad character cost
// themselves; what the others have set is still there.
func TestDracutImage(t *testing.T) {
	t.Parallel()
	k := kernel(t, "6.1-cloud")
	hooks := map[string]string{
		"cmdline/20-remember.sh": "remembered='a b'; remember() { info \"remembered: $remembered\"; }\n",
		"cmdline/30-exit.sh":     "exit 3\n",
		"pre-udev/10-syntax.sh":  "if then\n",
		"pre-trigger/10-set.sh":  "set -e; cd /usr; IFS=:\n",
		// Something is waited for that a job of settled alone brings.
		"pre-udev/20-queue.sh": "/sbin/initqueue --settled --onetime --name bring /bin/mkdir /tmp/brought\necho '[ -e /tmp/brought ]' >$hookdir/initqueue/finished/brought.sh\n",
		"pre-mount/50-told.sh": "warn \"remembered: $remembered, root $root\"\n",
		"pre-pivot/10-kill.sh": "kill -9 $$\n",
		"cleanup/10-last.sh":   "warn \"the last hook: $NEWROOT\"\n",
	}
	s := machine(t, k, dracutImage(t, k, hooks), serial+" rd.retry=40")
	r := boot(t, s)
	if !r.Reached() {
		fail(t, r, "root was not reached")
	}
	mustSay(t, r, "udevd through with vda", "udevd mode: the image has /usr/lib/systemd/systemd-udevd and hook scripts", "mounted by a hook: ext4 /dev/vda",
		"30-exit.sh (stage cmdline) has ended the shell of the hooks, status 3", "10-syntax.sh (stage pre-udev)",
		"remembered: a b, root block:/dev/disk/by-uuid/"+vm.RootUUID, "10-kill.sh (stage pre-pivot)", "the last hook: /sysroot")
}

// TestDracutTwins: hooks mount the first that answers; we refuse before they do.
func TestDracutTwins(t *testing.T) {
	t.Parallel()
	k := kernel(t, "6.1-cloud")
	s := machine(t, k, dracutImage(t, k, nil), serial+" rd.retry=40 rd.preroot.unattended=1")
	root := rootDisk(t, "ext4", "")
	s.Disks = []vm.Disk{{Path: root, Serial: "one", Snapshot: true}, {Path: root, Serial: "two", Snapshot: true}}
	mustRefuse(t, s, "REBOOTED", "more than one device answers", "serial one", "serial two")
}

// TestDracutStockInit: the same image with its own /init is the control.
func TestDracutStockInit(t *testing.T) {
	t.Parallel()
	k := kernel(t, "6.1-cloud")
	stock := makeOnce(t, "dracut-"+k.Name+".img", func(path string) error { return runDracut(k, path) })
	s := machine(t, k, stock, serial)
	if r := boot(t, s); !r.Reached() {
		fail(t, r, "root was not reached")
	}
}

// TestHooksNative: an image of ours, without udevd, with a shell, our library and hooks: each stage has its turn, and what a job of the queue prepares is waited
// for.
func TestHooksNative(t *testing.T) {
	t.Parallel()
	shell, err := vm.ReadEntry("bin/busybox", "/bin/busybox")
	if err != nil {
		t.Fatal(err)
	}
	entries := []vm.Entry{shell}
	for _, applet := range []string{"sh", "mkdir", "ln", "rm", "touch", "cat"} {
		entries = append(entries, vm.Entry{Name: "bin/" + applet, Mode: fs.ModeSymlink | 0o777, Data: []byte("busybox")})
	}
	for name, text := range lib.Files() {
		entries = append(entries, vm.Entry{Name: name, Mode: 0o644, Data: []byte(text)})
	}
	for name, text := range map[string]string{
		"cmdline/10-a.sh":              "warn \"cmdline: $(getarg root=)\"\n",
		"pre-udev/10-a.sh":             "exit 4\n",
		"initqueue/settled/10-job.sh":  "rm -f \"$job\"; touch /tmp/prepared; warn prepared\n",
		"initqueue/finished/10-end.sh": "[ -e /tmp/prepared ]\n",
		"mount/90-none.sh":             "warn 'this hook mounts nothing'; rm -f /var/lib/dracut/hooks/mount/90-none.sh\n",
		"pre-pivot/10-a.sh":            "warn \"pre-pivot: $NEWROOT\"\n",
	} {
		entries = append(entries, vm.Entry{Name: "var/lib/dracut/hooks/" + name, Mode: 0o644, Data: []byte(text)})
	}
	for name, text := range map[string]string{
		"pre-mount/10-typed":    "#!/bin/sh\ncd /; echo \"typed: $root $(cat /run/initramfs/preroot/env/root)\"; exit 7\n",
		"pre-mount/20-no-shell": "#!/bin/perl\n",
	} {
		entries = append(entries, vm.Entry{Name: "var/lib/dracut/hooks/" + name, Mode: 0o755, Data: []byte(text)})
	}
	r := boot(t, plain(t, image{extra: entries}, serial+" rd.retry=20"))
	if !r.Reached() {
		fail(t, r, "root was not reached")
	}
	mustSay(t, r, "cmdline: UUID="+vm.RootUUID, "10-a.sh (stage pre-udev) has ended the shell of the hooks, status 4", "prepared",
		"typed: UUID="+vm.RootUUID+" UUID="+vm.RootUUID, "10-typed (stage pre-mount): status 7", "hook /var/lib/dracut/hooks/pre-mount/20-no-shell (stage pre-mount):",
		"this hook mounts nothing", "mounted /dev/vda on /sysroot", "pre-pivot: /sysroot")
}
