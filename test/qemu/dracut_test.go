package qemu

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

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

// runDracut makes the stock image. Of the machine that it is made on nothing counts but its programs.
func runDracut(k vm.Kernel, path string) error {
	conf, err := os.MkdirTemp("", "dracut-conf-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(conf)
	cmd := exec.Command("dracut", "--force", "--conf", "/dev/null", "--confdir", conf, "--no-hostonly", "--no-early-microcode",
		"--modules", "dash kernel-modules rootfs-block udev-rules base fs-lib usrmount shutdown", "--drivers", "virtio_pci virtio_blk ext4",
		"--no-compress", "--kmoddir", k.ModulesDir(), path, k.Version)
	out, err := cmd.CombinedOutput()
	if _, missing := os.Stat(path); err != nil || missing != nil {
		return fmt.Errorf("dracut: %v: %s", err, out)
	}
	return nil
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
		"pre-mount/50-told.sh":   "warn \"remembered: $remembered, root $root\"\n",
		"pre-pivot/10-kill.sh":   "kill -9 $$\n",
		"cleanup/10-last.sh":     "warn \"the last hook: $NEWROOT\"\n",
	}
	s := machine(t, k, dracutImage(t, k, hooks), serial+" rd.retry=40")
	r := boot(t, s)
	if !r.Reached() {
		fail(t, r, "root was not reached")
	}
	mustSay(t, r, "udevd mode: the image has /usr/lib/systemd/systemd-udevd and hook scripts", "mounted by a hook: ext4 /dev/vda",
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
