package qemu

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/preroot/preroot/internal/vm"
)

// A ramdisk is the file system of a classic initrd (initrd(4)): busybox, and a shell script as /linuxrc.
type ramdisk struct {
	name    string
	linuxrc string
	pack    bool                // by gzip
	files   map[string]string   // more of them, with their content
	modules map[string][]string // lists of modules, each with all that they need
}

// applets are the commands of busybox that the scripts use.
const applets = "cat cp echo grep head insmod ls mke2fs mount pivot_root sed sh sleep tr umount"

// ramdiskMiB is the size of each.
const ramdiskMiB = 8

// entries are what is in it.
func (r ramdisk) entries(t *testing.T) []vm.Entry {
	t.Helper()
	path, err := exec.LookPath("busybox")
	if err != nil {
		t.Fatal(err)
	}
	busybox, err := vm.ReadEntry("bin/busybox", path)
	if err != nil {
		t.Fatal(err)
	}
	entries := []vm.Entry{busybox, {Name: "linuxrc", Mode: 0o755, Data: []byte(r.linuxrc)}, {Name: "README", Mode: 0o644, Data: []byte("the RAM disk\n")}, {Name: "dev/null", Mode: 0o644}}
	for _, d := range strings.Fields("etc kept mnt new proc sys") {
		entries = append(entries, vm.Entry{Name: d, Mode: fs.ModeDir | 0o755})
	}
	for _, a := range strings.Fields(applets) {
		entries = append(entries, vm.Entry{Name: "bin/" + a, Mode: fs.ModeSymlink | 0o777, Data: []byte("busybox")})
	}
	for name, text := range r.files {
		entries = append(entries, vm.Entry{Name: name, Mode: 0o644, Data: []byte(text)})
	}
	for list, names := range r.modules {
		modules, err := vm.LoadList(kernel(t, "6.1-cloud"), list, "m", names...)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, modules...)
	}
	return entries
}

// make makes it.
func (r ramdisk) make(t *testing.T) string {
	t.Helper()
	dir, image := t.TempDir(), filepath.Join(t.TempDir(), r.name+".initrd")
	if err := vm.Unpack(r.entries(t), dir); err != nil {
		t.Fatal(err)
	}
	run(t, "mke2fs", "-q", "-t", "ext2", "-d", dir, image, fmt.Sprintf("%dM", ramdiskMiB))
	if r.pack {
		return gzipped(t, image)
	}
	return image
}

// gzipped packs a file in its place.
func gzipped(t *testing.T, path string) string {
	t.Helper()
	run(t, "gzip", "-9", path)
	return path + ".gz"
}

// initrdFacts is what the real system tells.
const initrdFacts = `#!/bin/sh
export PATH=/bin
mount -t proc proc /proc 2>/dev/null
mount -t sysfs sys /sys 2>/dev/null
echo "MODULE $(ls -d /sys/module/brd 2>/dev/null)"
echo "KEPT $(cat /initrd/README 2>/dev/null) $(ls /initrd/kept 2>/dev/null)"
while read -r dev at type rest; do echo "MOUNT $dev $at $type"; done </proc/mounts
for p in /proc/[0-9]*; do
	read -r name <$p/comm
	case $name in sleep) echo "PROCESS $name";; esac
done
`

// initrdRoot is a root disk that tells these facts, with the directory /initrd or without.
func initrdRoot(t *testing.T, directory bool) string {
	t.Helper()
	name := map[bool]string{true: "initrd-root-with", false: "initrd-root-without"}[directory]
	return makeOnce(t, name, func(path string) error {
		facts := filepath.Join(shop.Dir, name+"-facts")
		if err := os.WriteFile(facts, []byte(initrdFacts), 0o755); err != nil {
			return err
		}
		busybox, err := exec.LookPath("busybox")
		if err != nil {
			return err
		}
		files := map[string]string{"/sbin/facts": facts}
		for _, applet := range strings.Fields("sh mount cat ls") {
			files["/bin/"+applet] = busybox
		}
		r := vm.Root{Init: program(t, benchDir+"/rootinit.c"), Files: files}
		if directory {
			r.Dirs = []string{"initrd"}
		}
		return r.Make(path)
	})
}

// shell is the beginning of a short script.
const shell = "#!/bin/sh\nPATH=/bin\n"

// TestClassicInitrd: the two-phase boot of initrd(4). The first names the root by number and leaves a process and a mount: the RAM disk is moved to /initrd with both. The
// second, which is packed, leaves nothing, the new root has no such directory, and the memory is free again.
func TestClassicInitrd(t *testing.T) {
	for _, c := range []struct {
		name, script, words string
		directory           bool
		says, not           []string
	}{
		{
			"kept", "mount -t proc none /proc\necho 0xfe00 >/proc/sys/kernel/real-root-dev\numount /proc\nmount -t tmpfs none /kept\necho >/kept/here\nsleep 1000 &\nexit 3\n", "root=/dev/nothing", true,
			[]string{"/linuxrc has ended with status 3", "root: 254:0 is /dev/vda", "KEPT the RAM disk here", "MOUNT /dev/ram0 /initrd ext2", "MOUNT none /initrd/kept tmpfs", "PROCESS sleep"}, nil,
		},
		{
			"freed", "mount -t proc none /proc\nread -r dev </proc/sys/kernel/real-root-dev\necho \"dev $dev pid $$\"\nls /proc/sys/kernel/nfs-root-name\numount /proc\n", "root=UUID=" + vm.RootUUID, false,
			[]string{"dev 0 pid", "/proc/sys/kernel/nfs-root-name", "KEPT", "MODULE"}, []string{"MODULE /sys/module/brd", "MOUNT /dev/ram0", "stays in memory"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := plain(t, image{drivers: known, initrd: ramdisk{name: c.name, linuxrc: shell + c.script, pack: !c.directory}.make(t)}, serial)
			s.Disks[0].Path = initrdRoot(t, c.directory)
			s.Cmdline = c.words + " rw " + serial
			r := boot(t, s)
			if !r.Reached() {
				fail(t, r, "root was not reached")
			}
			mustSay(t, r, c.says...)
			for _, text := range c.not {
				if r.Says(text) {
					fail(t, r, "the console says %q", text)
				}
			}
			if b, err := r.Bench(); err != nil || b.LeftKB > 64 && !c.directory {
				fail(t, r, "left %d kB, %v", b.LeftKB, err)
			}
		})
	}
}
