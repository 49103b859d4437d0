package faults

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

// faultsS: the new init and the hand-over.
var faultsS = slices.Concat(faultsInit, faultsRootTree, faultsOldRoot)

// initIs is a machine whose root has something else in the place of /sbin/init.
func initIs(id, name, fault, done string, want Want, change func(r *rig)) scenario {
	return scenario{id: id, name: name, fault: fault, done: done, on: "disk", broken: change, want: want}
}

// noInit is the end of a machine whose init cannot be used: nothing was given up, the reason names it.
func noInit(says ...string) Want {
	return Want{End: Rebooted, Reason: "/sbin/init", Says: says, Within: 15 * time.Second}
}

// foreign is the real init with the machine number of AArch64.
func foreign(r *rig) []byte {
	data := slices.Clone(r.rootInit())
	data[18], data[19] = 183, 0
	return data
}

var faultsInit = []scenario{
	initIs("S01", "none", "No init in the root", "/sbin/init removed", noInit("the file system on /dev/vda"), func(r *rig) { r.debugfs(0, "rm /sbin/init") }),
	initIs("S01", "word", "init= names nothing", "init=/sbin/other; /sbin/init is there", Want{End: Booted, Says: []string{"/sbin/other"}}, func(r *rig) { r.word("init=/sbin/other") }),
	initIs("S01", "both", "init= names nothing, and there is no other", "init=/sbin/other; /sbin/init removed", Want{End: Rebooted, Reason: "/sbin/other"}, func(r *rig) {
		r.word("init=/sbin/other")
		r.debugfs(0, "rm /sbin/init")
	}),
	initIs("S02", "", "The init is not executable", "chmod 644 /sbin/init", noInit("not executable"), func(r *rig) { r.debugfs(0, "sif /sbin/init mode 0100644") }),
	initIs("S02", "directory", "The init is a directory", "/sbin/init/", noInit(), func(r *rig) { r.debugfs(0, "rm /sbin/init", "mkdir /sbin/init") }),
	initIs("S03", "machine", "The init is for another machine", "ELF machine 183 (AArch64)", noInit("another kind of machine"), func(r *rig) { r.put(0, "/sbin/init", "755", foreign(r)) }),
	initIs("S03", "cut", "The init is cut off", "its first half", noInit("cut off"), func(r *rig) { r.put(0, "/sbin/init", "755", half(r.rootInit())) }),
	initIs("S03", "header", "The init is cut off in its header", "its first 50 bytes", noInit(), func(r *rig) { r.put(0, "/sbin/init", "755", r.rootInit()[:50]) }),
	initIs("S03", "empty", "The init is empty", "0 bytes", noInit("is empty"), func(r *rig) { r.put(0, "/sbin/init", "755", nil) }),
	initIs("S03", "loader", "The init's ELF loader is missing", "a program that wants ld.so, in a root without it", noInit("ld-linux"), func(r *rig) {
		data, err := os.ReadFile("/bin/true")
		if err != nil {
			r.t.Fatal(err)
		}
		r.put(0, "/sbin/init", "755", data)
	}),
	initIs("S03", "script", "The init is a script whose interpreter is missing", "#!/bin/nothing", noInit("/bin/nothing"), func(r *rig) { r.put(0, "/sbin/init", "755", []byte("#!/bin/nothing\n")) }),
	initIs("S03", "good-script", "The init is a script (control)", "#!/sbin/real", Want{End: Booted}, func(r *rig) {
		r.put(0, "/sbin/real", "755", r.rootInit())
		r.put(0, "/sbin/init", "755", []byte("#!/sbin/real\n"))
	}),
	{
		id: "S04", name: "usr", fault: "The init is an absolute link into /usr, which is on another disk", done: "/sbin/init -> /usr/real; /usr from fstab", on: "usr",
		broken: func(r *rig) {
			r.put(1, "/real", "755", r.rootInit())
			r.debugfs(0, "rm /sbin/init", "symlink /sbin/init /usr/real")
		},
		want: Want{End: Booted, Root: []string{"usr=usr"}},
	},
	initIs("S04", "chain", "The init is a chain of links", "10 links, absolute and relative, to the program", Want{End: Booted}, func(r *rig) {
		r.put(0, "/sbin/real", "755", r.rootInit())
		commands := []string{"rm /sbin/init", "symlink /sbin/init /sbin/l1"}
		for i := range 9 {
			to := fmt.Sprintf("l%d", i+2)
			if i%2 == 0 {
				to = "../sbin/" + to
			}
			commands = append(commands, fmt.Sprintf("symlink /sbin/l%d %s", i+1, to))
		}
		r.debugfs(0, append(commands, "symlink /sbin/l10 /sbin/real")...)
	}),
	initIs("S04", "loop", "The init is a loop of links", "/sbin/init -> a -> b -> a", noInit(), func(r *rig) {
		r.debugfs(0, "rm /sbin/init", "symlink /sbin/init a", "symlink /sbin/a b", "symlink /sbin/b a")
	}),
	initIs("S04", "out", "The init is a link that leads out of the root", "/sbin/init -> ../../../../init, which is ours", noInit(), func(r *rig) {
		r.debugfs(0, "rm /sbin/init", "symlink /sbin/init ../../../../init")
	}),
	initIs("S06", "noexec", "Root is mounted noexec", "rootflags=noexec", Want{End: Rebooted, Reason: "noexec"}, func(r *rig) { r.word("rootflags=noexec") }),
	initIs("S06", "nosuid", "Root is mounted nosuid", "rootflags=nosuid,nodev", Want{End: Booted, Root: []string{"nosuid"}}, func(r *rig) { r.word("rootflags=nosuid,nodev") }),
}

// noDirs takes away the directories that a root has for our mounts.
func noDirs(r *rig) { r.debugfs(0, "rmdir /dev", "rmdir /proc", "rmdir /sys", "rmdir /run") }

var faultsRootTree = []scenario{
	initIs("S05", "rw", "The root has no /dev, /proc, /sys and /run", "removed; root is writable", Want{End: Booted}, noDirs),
	initIs("S05", "run", "The root has no /run, and is read-only", "/run removed; ro", Want{End: Booted, Says: []string{"/run is not carried over"}}, func(r *rig) {
		r.dropWord("rw")
		r.word("ro")
		r.debugfs(0, "rmdir /run")
	}),
	initIs("S08", "link", "A mount's place in the root is a link", "/run -> /tmp", Want{End: Booted, Says: []string{"/run is not carried over"}}, func(r *rig) {
		r.debugfs(0, "rmdir /run", "symlink /run /tmp")
	}),
	initIs("S08", "file", "A mount's place in the root is a file", "/sys is a file", Want{End: Booted, Says: []string{"/sys is not carried over"}}, func(r *rig) {
		r.debugfs(0, "rmdir /sys", "write /dev/null /sys")
	}),
	initIs("S08", "shared", "Every mount is shared", "mount --make-rshared / before /init", Want{End: Booted}, func(r *rig) {
		r.first("busybox mount --make-rshared /")
	}),
	{
		id: "S10", name: "other", fault: "The init cannot be executed although all checks passed", on: "usr",
		done:   "init=/sbin/other, which a process that lives on holds open for writing (ETXTBSY); /sbin/init can",
		broken: func(r *rig) { busy(r, "/sbin/other") },
		during: freed,
		want:   Want{End: Booted, Says: []string{"text file busy"}, Root: []string{"usr=usr"}, Within: 60 * time.Second},
	},
	{
		id: "S10", name: "none", fault: "No init can be executed although all checks passed", on: "usr",
		done:   "a process that lives on holds /sbin/init open for writing (ETXTBSY)",
		broken: func(r *rig) { busy(r, "/sbin/init") },
		during: freed,
		want:   Want{End: Rebooted, Reason: "no init in the new root can be executed", Says: []string{"text file busy"}, Within: 60 * time.Second},
	},
}

// busy holds a program open for writing while /usr is waited for, by a process whose name begins with @.
func busy(r *rig, held string) {
	r.spec.Disks[1].Late = true
	r.spec.Limit = 3 * time.Minute
	r.word("init=" + held)
	if held != "/sbin/init" {
		r.put(0, held, "755", r.rootInit())
	}
	hold, err := vm.ReadEntry("helper/hold", program(r.t, "hold.c"))
	if err != nil {
		r.t.Fatal(err)
	}
	r.entries = append(r.entries, hold)
	file := "/sysroot" + held
	r.beside("await '( : >>" + file + " ) 2>/dev/null'\nexec 3>>" + file + "\nsay holds it\nexec -a @holds /helper/hold")
}

func freed(_ *rig, m *vm.Machine) error { return steps(m, say("helper: holds it"), plug(1)) }

var faultsOldRoot = []scenario{
	initIs("S07", "tmpfs", "/ is a tmpfs", "root= stands in the image's cmdline.d only", Want{End: Booted}, func(r *rig) {
		r.file("etc/cmdline.d/90-root.conf", 0o644, []byte("root="+r.root+"\n"))
		r.root = ""
	}),
	initIs("S07", "overlay", "/ is an overlay", "an overlay over the initramfs, entered by chroot before /init", Want{End: Booted, Within: 60 * time.Second}, func(r *rig) {
		r.drivers += " overlay"
		module, _ := r.module("overlay")
		r.busybox()
		r.file("helper/start", 0o755, []byte("#!/helper/busybox sh\n(export PATH=/helper\nbusybox insmod /"+module+
			"\nmkdir /over; mount -t tmpfs tmpfs /over; mkdir /over/up /over/work /over/root\n"+
			"mount -t overlay overlay -o lowerdir=/,upperdir=/over/up,workdir=/over/work /over/root)\nexec /helper/busybox chroot /over/root /init \"$@\"\n"))
		r.word("rdinit=/helper/start")
	}),
	initIs("S07", "disk", "/ is a disk", "the initramfs copied to an ext4 disk, entered by chroot before /init", Want{End: Booted, Within: 60 * time.Second}, func(r *rig) {
		other := r.add(vm.Disk{Path: r.master(vm.Root{UUID: usrUUID, Label: "initramfs"}), Serial: "initramfs"})
		r.may[other] = true
		r.busybox()
		insmod := ""
		for _, name := range []string{"virtio", "virtio_ring", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci", "virtio_blk"} {
			module, _ := r.module(name)
			insmod += "busybox insmod /" + module + "\n"
		}
		r.file("helper/start", 0o755, []byte("#!/helper/busybox sh\n(export PATH=/helper\n"+insmod+
			"mkdir /disk /d; mount -t devtmpfs dev /d; mount -t ext4 /d/vdb /disk; umount /d\n"+
			"cp -a /init /etc /lib /usr /helper /disk/; mkdir /disk/sysroot; cp -a /sbin/modprobe /disk/sbin/)\nexec /helper/busybox chroot /disk /init \"$@\"\n"))
		r.word("rdinit=/helper/start")
	}),
	initIs("S09", "", "The real init's surroundings", "state.c run after preroot and after a C program that does the same steps: descriptors, signals, limits, environment, masks, sysctls", Want{End: Booted}, sameState),
	initIs("S11", "mounts", "The initramfs has a mount in it", "a tmpfs with a file on /stray", Want{End: Booted}, func(r *rig) {
		r.first("mkdir /stray; mount -t tmpfs tmpfs /stray; echo x >/stray/x")
	}),
	initIs("S11", "many", "The initramfs has 100,000 files", "100,000 files of 1 byte in it", Want{End: Booted, Within: 60 * time.Second}, func(r *rig) {
		for _, name := range numbered("many/%05d", 100000) {
			r.file(name, 0o644, []byte("x"))
		}
		r.spec.Limit = 4 * time.Minute
	}),
	initIs("S11", "open", "A file of the initramfs stays open", "a process that lives on (@) has one open and a directory as its own", Want{End: Booted}, func(r *rig) {
		r.beside("cd /helper\nexec 3<busybox\nexec -a @holds ./busybox sleep 1000")
	}),
	{
		id: "S12", fault: "The power is cut", done: "5 times at drawn instants of the boot; each time e2fsck finds nothing after the journal; then it boots", on: "disk",
		broken: powerCuts, want: Want{End: Booted},
	},
}

// sameState compares what the real init is handed by preroot and by a C program (test/qemu/state.c, test/bench/floor.c).
func sameState(r *rig) {
	r.t.Helper()
	k := kernel(r.t, r.kernel)
	spec := r.build()
	disk := makeOnce(r.t, "root-state.img", func(path string) error {
		return vm.Root{Init: program(r.t, "../qemu/state.c")}.Make(path)
	})
	spec.Disks = []vm.Disk{{Path: disk, Serial: "root0", Snapshot: true}}
	spec.Cmdline += " quiet FOO=bar"
	ours := state(r, spec)
	modules, err := vm.FloorModules(k)
	if err != nil {
		r.t.Fatal(err)
	}
	image, err := vm.FloorImage(k, program(r.t, "../bench/floor.c"), modules, "")
	if err != nil {
		r.t.Fatal(err)
	}
	spec.Initrd = filepath.Join(r.t.TempDir(), "floor.img")
	if err := os.WriteFile(spec.Initrd, image, 0o644); err != nil {
		r.t.Fatal(err)
	}
	if c := state(r, spec); !slices.Equal(c, ours) || len(c) < 20 {
		r.t.Fatalf("the state of the real init differs, after the C program:\n%s\nafter preroot:\n%s", strings.Join(c, "\n"), strings.Join(ours, "\n"))
	}
}

// state is what state.c prints. Two limits are computed by the kernel from the memory that is free when it starts: the size of the image counts.
func state(r *rig, s vm.Spec) []string {
	result, err := vm.Run(s, nil)
	if err == nil {
		err = result.Err()
	}
	if err != nil || !result.Says("STATE done") {
		r.t.Fatalf("%v\n%s", err, result.Report())
	}
	var lines []string
	for _, l := range result.Lines {
		if strings.HasPrefix(l, "STATE ") && !strings.Contains(l, "Max processes") && !strings.Contains(l, "Max pending signals") {
			lines = append(lines, strings.TrimSpace(l))
		}
	}
	return lines
}

// powerCuts kills the machine at drawn instants and looks at the root's file system each time.
func powerCuts(r *rig) {
	r.t.Helper()
	seed := uint64(time.Now().UnixNano())
	draw := rand.New(rand.NewPCG(seed, 0))
	r.t.Logf("seed %d", seed)
	spec := r.build()
	for n := range 5 {
		m, err := vm.Start(spec, nil)
		if err != nil {
			r.t.Fatal(err)
		}
		_, err = m.Await("Run /init")
		time.Sleep(time.Duration(draw.IntN(2000)) * time.Millisecond)
		m.Kill()
		result := m.Wait()
		if err != nil {
			r.t.Fatalf("%v\n%s", err, result.Report())
		}
		r.checkCopy(n)
	}
}

// checkCopy replays the journal of a copy of the root and checks it then.
func (r *rig) checkCopy(n int) {
	path := filepath.Join(r.t.TempDir(), fmt.Sprintf("cut%d.img", n))
	if err := vm.Clone(r.spec.Disks[0].Path, path); err != nil {
		r.t.Fatal(err)
	}
	replay, _ := exec.Command("/sbin/e2fsck", "-p", "-E", "journal_only", path).CombinedOutput()
	if out, err := exec.Command("/sbin/e2fsck", "-fn", path).CombinedOutput(); err != nil {
		r.t.Fatalf("cut %d: %v\n%s%s", n, err, replay, out)
	}
	for _, name := range []string{"/init", "/initramfs", "/run/initramfs"} {
		if there, err := vm.FileInRoot(path, name); there || err != nil {
			r.t.Fatalf("cut %d: %s in the root: %v", n, name, err)
		}
	}
}
