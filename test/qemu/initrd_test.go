package qemu

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/preroot/preroot/internal/vm"
)

// classic makes the file system of a classic initrd (initrd(4)): busybox, and a shell script as /linuxrc; packed by gzip where asked.
func classic(t *testing.T, name, script string, pack bool) string {
	t.Helper()
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(busybox)
	if err != nil {
		t.Fatal(err)
	}
	dir, image := t.TempDir(), filepath.Join(t.TempDir(), name+".initrd")
	for _, d := range []string{"bin", "proc", "dev", "new", "kept"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"bin/busybox": string(program), "linuxrc": "#!/bin/sh\nPATH=/bin\n" + script, "README": "the RAM disk\n", "dev/null": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, applet := range strings.Fields("sh mount umount cat ls echo sleep pivot_root") {
		if err := os.Symlink("busybox", filepath.Join(dir, "bin", applet)); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("mke2fs", "-q", "-t", "ext2", "-d", dir, image, "8M").CombinedOutput(); err != nil {
		t.Fatalf("mke2fs: %v: %s", err, out)
	}
	if pack {
		if out, err := exec.Command("gzip", image).CombinedOutput(); err != nil {
			t.Fatalf("gzip: %v: %s", err, out)
		}
		image += ".gz"
	}
	return image
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
			s := plain(t, image{drivers: known, initrd: classic(t, c.name, c.script, !c.directory)}, serial)
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
