package boot

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/preroot/preroot/pkg/blkid"
	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/uevent"
)

// unmounter notes what is taken off.
type unmounter struct{ targets []string }

func (u *unmounter) Mount(string, string, string, uintptr, string) error { return nil }
func (u *unmounter) Remount(string, uintptr, string) error               { return nil }
func (u *unmounter) Unmount(target string) error {
	u.targets = append(u.targets, target)
	return nil
}

func TestMountAt(t *testing.T) {
	b := engineOn(ramRun{MapFS: fstest.MapFS{"proc/self/mountinfo": {Data: []byte("1 1 0:2 / / rw - rootfs none rw\n" +
		"30 1 8:1 / /sysroot ro - ext4 /dev/sda1 ro\n" +
		"31 1 253:0 / /sysroot rw,relatime shared:1 - ext4 /dev/mapper/a\\040b rw,errors=remount-ro\n" +
		"32 31 0:40 /@usr /sysroot/usr ro - btrfs /dev/sdb ro\n" +
		"33\n" + "34 1 0:1 / /sysroot/x rw - tmpfs\n")}}}, false)
	for target, want := range map[string]string{
		"/sysroot":     "253:0 ext4 /dev/mapper/a b rw,errors=remount-ro",
		"/sysroot/usr": "0:40 btrfs /dev/sdb ro",
		"/sysroot/x":   "",
		"/sys":         "",
	} {
		got := ""
		if m, mounted := b.mountAt(target); mounted {
			got = m.Number.String() + " " + m.String()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", target, got, want)
		}
	}
}

// TestAdoptRoot: what a hook has mounted is root only if it is what root= names; what is no device of ours is taken on the hook's word.
func TestAdoptRoot(t *testing.T) {
	for mounted, want := range map[string]string{
		"8:1 / /sysroot ro - ext4 /dev/sda1 ro":      "",
		"8:2 / /sysroot ro - ext4 /dev/sda2 ro":      "is /dev/sda1, but a hook has mounted /dev/sda2",
		"0:44 / /sysroot ro - overlay overlay ro":    "",
		"0:44 / /sysroot ro - btrfs /dev/sda2 ro":    "is /dev/sda1, but a hook has mounted /dev/sda2",
		"0:44 / /sysroot ro - nfs 10.0.0.1:/root ro": "",
	} {
		b := hookedEngine(fstest.MapFS{"proc/self/mountinfo": {Data: []byte("30 1 " + mounted + "\n")}})
		taken := &unmounter{}
		b.m.Mounter, b.m.OpenRoot = taken, func(string) (Root, error) { return nil, errNoRoot }
		b.finder = newFinder(b)
		for i, name := range []string{"sda1", "sda2"} {
			minor := string(rune('1' + i))
			b.finder.inv.Apply(uevent.Make("add", "/devices/block/"+name, "block", "MAJOR", "8", "MINOR", minor, "DEVTYPE", "disk", "DEVNAME", name))
			d := b.finder.inv.ByName(name)
			b.finder.inv.SetFacts(name, d.Seq, device.Facts{Size: 1 << 20})
			b.finder.inv.SetProbe(name, d.Seq, &blkid.Info{}, nil)
		}
		b.finder.aim(device.Ref{})
		b.finder.found[0].Device = b.finder.inv.ByName("sda1")
		err := b.adoptRoot()
		if name := b.rootName(); err == nil && name != "/dev/sda1" {
			t.Errorf("%s: called %s", mounted, name)
		}
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", mounted, err, want)
		}
		if refused := len(taken.targets) > 0; refused != (want != "") || refused == b.rootMountedByUs() {
			t.Errorf("%s: taken off %q", mounted, taken.targets)
		}
	}
}

// TestAdoptUnknown: root that is none of our devices, or a file on a live medium that root= names, is called what the hook has mounted.
func TestAdoptUnknown(t *testing.T) {
	for root, mounted := range map[string]string{
		"nfs":                       "nfs 10.0.0.1:/a\\040b",
		"live:/dev/disk/by-label/x": "ext4 /dev/mapper/live-rw",
	} {
		b := hookedEngine(fstest.MapFS{"proc/self/mountinfo": {Data: []byte("30 1 8:2 / /sysroot ro - " + mounted + " ro\n")}})
		b.m.Mounter, b.m.OpenRoot = &unmounter{}, func(string) (Root, error) { return nil, errNoRoot }
		b.hooks.values["root"] = root
		b.finder = newFinder(b)
		for i, name := range []string{"sda1", "sda2"} {
			b.finder.inv.Apply(uevent.Make("add", "/devices/block/"+name, "block", "MAJOR", "8", "MINOR", string(rune('1'+i)), "DEVTYPE", "disk", "DEVNAME", name))
		}
		if strings.HasPrefix(root, "live:") {
			b.finder.aim(device.Ref{})
			b.finder.found[0].Device = b.finder.inv.ByName("sda1")
		}
		_, source, _ := strings.Cut(strings.ReplaceAll(mounted, `\040`, " "), " ")
		if err := b.adoptRoot(); err != nil || b.rootName() != source {
			t.Errorf("%s: %v, called %q", root, err, b.rootName())
		}
	}
}

func (b *Boot) rootMountedByUs() bool { return len(b.mounted) > 0 }

// TestForgetHost: with rd.hostonly=0 nothing is left of the machine that the image was made for, but for what somebody typed.
func TestForgetHost(t *testing.T) {
	files := fstest.MapFS{}
	for _, name := range []string{"etc/cmdline", "etc/cmdline.d/01-default.conf", "etc/cmdline.d/99-cmdline-ask.conf", "etc/cmdline.d/readme", "etc/lvm/lvm.conf",
		"var/lib/dracut/hooks/cmdline/10-x.sh", "var/lib/dracut/hooks/initqueue/finished/devexists.sh", "etc/passwd"} {
		files[name] = &fstest.MapFile{}
	}
	files["lib/dracut/hostonly-files"] = &fstest.MapFile{Data: []byte("/etc/lvm/lvm.conf\n/etc/absent\n\n../etc/passwd\n")}
	for _, hostOnly := range []bool{true, false} {
		b, gone := hookedEngine(files), &removed{}
		b.m.Scratch = gone
		b.config.HostOnly = hostOnly
		b.forgetHost()
		want := "/etc/cmdline /etc/cmdline.d/01-default.conf /var/lib/dracut/hooks/initqueue/finished/devexists.sh /etc/lvm/lvm.conf"
		if hostOnly {
			want = ""
		}
		if got := strings.Join(gone.paths, " "); got != want {
			t.Errorf("rd.hostonly=%v: %q, want %q", hostOnly, got, want)
		}
	}
}
