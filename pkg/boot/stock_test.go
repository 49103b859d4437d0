package boot

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/preroot/preroot/pkg/blkid"
	"github.com/preroot/preroot/pkg/cmdline"
	"github.com/preroot/preroot/pkg/config"
	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/hooks"
	"github.com/preroot/preroot/pkg/stock"
	"github.com/preroot/preroot/pkg/udevd"
	"github.com/preroot/preroot/pkg/uevent"
)

// TestHooksRoot: root= becomes what dracut's hooks know.
func TestHooksRoot(t *testing.T) {
	for text, want := range map[string]string{
		"UUID=12-A":       "block:/dev/disk/by-uuid/12-A",
		"block:UUID=1":    "block:/dev/disk/by-uuid/1",
		"LABEL=a b/c":     `block:/dev/disk/by-label/a\x20b\x2fc`,
		"PARTUUID=1":      "block:/dev/disk/by-partuuid/1",
		"PARTLABEL=x":     "block:/dev/disk/by-partlabel/x",
		"/dev/vg/root":    "block:/dev/vg/root",
		"block:/dev/vda1": "block:/dev/vda1",
		"virtiofs:tag":    "virtiofs:tag",
		"8:1":             "8:1",
	} {
		if got := hooksRoot(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// stockBoot is a boot of an image with systemd inside, in udevd mode.
func stockBoot(words string) *Boot {
	files := fstest.MapFS{
		"var/lib/dracut/hooks/mount/99-mount-virtfs.sh":         {},
		"var/lib/dracut/hooks/initqueue/finished/90-crypt.sh":   {},
		"var/lib/dracut/hooks/pre-mount/99-mount-virtiofs.sh":   {},
		"var/lib/dracut/hooks/initqueue/timeout/99-fallback.sh": {},
	}
	b := &Boot{m: Machine{Files: files, Hooks: &hooks.System{}}, stock: &stock.Systemd{Path: "/usr/lib/systemd/systemd"}, udevd: &udevd.Daemon{}}
	b.config, b.params, _ = config.Load(cmdline.Sources{{Name: "proc/cmdline", Text: words}})
	b.hooks = newHooks(b, hooks.Find(files))
	b.finder = newFinder(b)
	return b
}

// TestServesRoot: what we mount, and what hooks of the image do.
func TestServesRoot(t *testing.T) {
	for words, want := range map[string]bool{
		"root=UUID=1": true, "root=/dev/vda": true, "root=virtiofs:tag": true, "root=virtfs:tag": true, "rootfstype=virtiofs root=tag": true,
		"": false, "root=gpt-auto": false, "root=nfs:x": false, "root=live:x": false, "root=/dev/nfs": false, "root=tag": false,
	} {
		if got := stockBoot(words).servesRoot(); got != want {
			t.Errorf("%q: %v", words, got)
		}
	}
}

// add puts a probed device into the inventory.
func add(b *Boot, name string, info *blkid.Info) {
	b.finder.inv.Apply(uevent.Make("add", "/devices/virtual/block/"+name, "block", "DEVNAME", name, "DEVTYPE", "disk", "MAJOR", "253", "MINOR", "0"))
	if d := b.finder.inv.ByName(name); d != nil && info != nil {
		b.finder.inv.SetProbe(name, d.Seq, info, nil)
	}
}

// TestRootVote: a root that no hook waits for is waited for by the queue, among the votes of finished, until it is there and probed.
func TestRootVote(t *testing.T) {
	b := stockBoot("root=UUID=6d1a8c7e-44f5-4f0a-9d7b-1b9a3f0c2e11")
	b.aimByName()
	q := &queue{f: b.finder, place: &queueDir{finder: b.hooks.finder, m: b.m, stale: true}}
	b.queue = q
	look := func() string {
		b.finder.judge()
		q.judgeRoot()
		var names []string
		for _, f := range q.place.Look().Finished {
			names = append(names, f.Path)
		}
		return strings.Join(names, " ")
	}
	const hook = "/var/lib/dracut/hooks/initqueue/finished/90-crypt.sh"
	if got := look(); got != hook+" "+rootVote || b.waitingHooks() != b.config.Root+", 90-crypt" {
		t.Errorf("before: %q, %q", got, b.waitingHooks())
	}
	if (hookJobs{h: b.hooks}).Vote(rootVote, 0) {
		t.Error("a vote that is there says yes")
	}
	add(b, "vda", nil)
	if got := look(); !strings.Contains(got, rootVote) {
		t.Errorf("a device that is not probed: %q", got)
	}
	add(b, "vdb", &blkid.Info{Type: "ext4", Usage: "filesystem", UUID: "6d1a8c7e-44f5-4f0a-9d7b-1b9a3f0c2e11"})
	if got := look(); got != hook {
		t.Errorf("after: %q", got)
	}
}

// TestAdviseLUKS: an encrypted device is named where the wait for root has failed and systemd could have opened it.
func TestAdviseLUKS(t *testing.T) {
	late := fmt.Errorf("UUID=1: %w", errDeadline)
	b := stockBoot("root=UUID=1")
	if got := b.adviseLUKS(late); !errors.Is(got, errDeadline) || strings.Contains(got.Error(), "rd.luks") {
		t.Errorf("without one: %v", got)
	}
	add(b, "vda", &blkid.Info{Type: "crypto_LUKS", Usage: "crypto", UUID: "0c5e4b7a"})
	if got := b.adviseLUKS(late); !errors.Is(got, errDeadline) || !strings.Contains(got.Error(), "/dev/vda, which is encrypted: with rd.luks.uuid=0c5e4b7a") {
		t.Errorf("%v", got)
	}
	if got := b.adviseLUKS(device.ErrTwins); got.Error() != device.ErrTwins.Error() {
		t.Errorf("another failure: %v", got)
	}
	if b.stock = nil; b.adviseLUKS(late).Error() != late.Error() {
		t.Error("an image without systemd")
	}
}

// TestSourceName: mounts show a device-mapper device by its name, as mount(8) has it, where udev has made that.
func TestSourceName(t *testing.T) {
	b := stockBoot("")
	files := b.m.Files.(fstest.MapFS)
	files["dev/mapper/box-root"] = &fstest.MapFile{}
	files["sys/class/block/dm-0/dm/name"] = &fstest.MapFile{Data: []byte("box-root\n")}
	files["sys/class/block/dm-1/dm/name"] = &fstest.MapFile{Data: []byte("box-swap\n")}
	for node, want := range map[string]string{"/dev/dm-0": "/dev/mapper/box-root", "/dev/dm-1": "/dev/dm-1", "/dev/vda": "/dev/vda", "tmpfs": "tmpfs"} {
		if got := b.sourceName(node); got != want {
			t.Errorf("%s: %s", node, got)
		}
	}
}
