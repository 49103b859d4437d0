package qemu

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/preroot/preroot/internal/vm"
	"github.com/preroot/preroot/pkg/archive"
)

// A layout is what a root lies on, made by the real tools in a guest, where "preroot chain" looks at it and "preroot build --host-only" makes an image for it.
type layout struct {
	name string
	// disks are what the root lies on; a node in make is $1 or $2.
	disks []vm.Bus
	parts bool   // the first disk has a partition table, and $1 is its partition
	make  string // root= is the device that make ends with
	fs    string // "" is ext4, put there as it is; another type is made by make
	says  []string
	types string // what a person types at boot
	// shown is a layout that make test looks at and make test-layouts boots as well, long one that only the latter has, and unbootable one that no image of ours boots yet.
	shown, long, unbootable bool
}

const (
	onCloud = "6.1-cloud" // has NVMe built in, and no AHCI
	onFull  = "6.1"
)

var layouts = map[string][]layout{
	onCloud: {
		{name: "virtio", disks: []vm.Bus{vm.VirtioBlk}, parts: true, shown: true, make: "root=$1", says: []string{"/  ext4  [", "─vdd1 (partition, ext4) UUID=" + vm.RootUUID, "─vdd (disk)  [virtio_pci", "virtio_blk]", "left out: vda ext4: not needed for /"}},
		{name: "lvm-on-luks", disks: []vm.Bus{vm.VirtioBlk}, types: passphrase,
			make: luksFormat + " --uuid " + lockedUUID + " $1; crypt open $1 system; lvm pvcreate -y /dev/mapper/system; lvm vgcreate -s 4M inner /dev/mapper/system; lvm lvcreate -y -l 10 -n root-fs inner; root=/dev/inner/root-fs",
			says: []string{"dm-1 inner-root--fs (lvm, ext4) inner/root-fs", "dm-0 system (crypt, LVM2_member)", "vde (disk, crypto_LUKS)", "aesni_intel]", "rd.luks.uuid=luks-" + lockedUUID, "rd.lvm.lv=inner/root-fs", "crypttab: system UUID=" + lockedUUID + " none luks"}},
		{name: "luks-on-lvm", disks: []vm.Bus{vm.VirtioBlk}, types: passphrase, shown: true,
			make: "lvm pvcreate -y $1; lvm vgcreate -s 4M outer $1; lvm lvcreate -y -l 17 -n crypt outer; " + luksFormat + " --cipher serpent-xts-plain64 --uuid " + secondUUID + " /dev/outer/crypt; crypt open /dev/outer/crypt other; root=/dev/mapper/other",
			says: []string{"other (crypt, ext4)", "outer-crypt (lvm, crypto_LUKS)", "serpent_generic", "rd.luks.name=" + secondUUID + "=other", "rd.lvm.lv=outer/crypt"}},
		{name: "raid-lvm", disks: []vm.Bus{vm.VirtioBlk, vm.VirtioBlk}, long: true,
			make: "lvm pvcreate -y $1 $2; lvm vgcreate -s 4M mirror $1 $2; lvm lvcreate -y --type raid1 -m 1 --nosync -l 10 -n root mirror; root=/dev/mirror/root",
			says: []string{"mirror-root (lvm, ext4) mirror/root", "dm_raid", "raid1"}},
		{name: "md", disks: []vm.Bus{vm.VirtioBlk, vm.VirtioBlk}, unbootable: true,
			make: "/usr/sbin/mdadm --create /dev/md0 --run --level=1 --raid-devices=2 --metadata=1.2 --bitmap=none --assume-clean $1 $2 || bad=\"$bad mdadm\"; lvm pvcreate -y /dev/md0; lvm vgcreate -s 4M array /dev/md0; lvm lvcreate -y -l 10 -n root array; root=/dev/array/root",
			says: []string{"array-root (lvm, ext4)", "─md0 (md raid1, LVM2_member)", "raid1]", "linux_raid_member", "rd.md.uuid=", "does not assemble"}},
		{name: "btrfs", disks: []vm.Bus{vm.VirtioBlk, vm.VirtioBlk}, fs: "btrfs",
			make: "/usr/sbin/mkfs.btrfs -q -f -m raid1 -d raid1 $1 $2 || bad=\"$bad mkfs\"; busybox mknod /dev/btrfs-control c 10 234; /usr/bin/btrfs device scan $1 $2 || bad=\"$bad scan\"; busybox mkdir -p /from /to; mount -t ext4 -o ro /dev/vda /from; mount -t btrfs $1 /to; busybox cp -a /from/. /to; busybox umount /from; busybox umount /to; root=$1",
			says: []string{"/  btrfs", "├─vd", "└─vd", "btrfs"}},
		{name: "nvme", disks: []vm.Bus{vm.NVMe}, parts: true, make: "root=$1", says: []string{"nvme0n1p1 (partition, ext4)", "nvme0n1 (disk)"}},
		{name: "virtio-scsi", disks: []vm.Bus{vm.VirtioSCSI}, make: "root=$1", says: []string{"sda (disk, ext4)", "virtio_scsi", "sd_mod"}},
	},
	onFull: {
		{name: "nvme", disks: []vm.Bus{vm.NVMe}, parts: true, make: "root=$1", says: []string{"nvme0n1p1 (partition, ext4)", "nvme0n1 (disk)  [nvme"}},
		{name: "ahci", disks: []vm.Bus{vm.AHCI}, make: "root=$1", says: []string{"sda (disk, ext4)", "ahci", "sd_mod"}},
	},
}

var allLayouts = flag.Bool("layouts", false, "all layouts of TestHostOnly, on both kernels: make test-layouts")

// boots says whether an image for the layout is made and booted in this run.
func (l layout) boots() bool { return !l.unbootable && (!l.shown || *allLayouts) }

// layoutsOf are those that are made on a kernel in this run.
func layoutsOf(name string) []layout {
	var list []layout
	for _, l := range layouts[name] {
		if !l.long || *allLayouts {
			list = append(list, l)
		}
	}
	return list
}

const luksFormat = "crypt luksFormat --pbkdf pbkdf2 --pbkdf-force-iterations 1000"

// layoutModules are loaded in the guest beforehand.
var layoutModules = map[string]string{
	onCloud: "squashfs virtio_scsi sd_mod md_mod raid1 dm_raid btrfs xts aes_generic serpent_generic dm_mod dm_crypt algif_skcipher",
	onFull:  "squashfs nvme ahci sd_mod",
}

// nodes names the disks of a layout in the guest, where three others come first; taken counts those of each kind.
func (l layout) nodes(taken map[string]int) (list []string) {
	for _, bus := range l.disks {
		node := bus.Node()
		switch {
		case node == "nvme0n1":
			node = fmt.Sprintf("nvme%dn1", taken[node])
		default:
			node = node[:2] + string(rune('a'+taken[node]))
		}
		taken[bus.Node()]++
		list = append(list, "/dev/"+node)
	}
	if l.parts {
		list[0] += map[bool]string{true: "p1", false: "1"}[strings.Contains(list[0], "nvme")]
	}
	return list
}

// layoutScript makes each layout, looks at it and builds the image for it; what comes of it lies on /dev/vdb, by name.
func layoutScript(name string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `busybox mkdir -p /out /mods /sysroot
mount -t ext4 /dev/vdb /out; mount -t squashfs /dev/vdc /mods
look() {
    mount -t $2 -o ro $root /sysroot || bad="$bad $1:mount"
    /preroot chain --sysroot /sysroot --modules-dir /mods >/out/$1.txt 2>&1 || bad="$bad $1:chain"
    [ "$3" = shown ] || /preroot build --host-only --sysroot /sysroot --modules-dir /mods --kver %s --init /preroot-init --helpers /helpers --keymap none --font none --compress none --no-early-microcode /out/$1.img >/out/$1.log 2>&1 || bad="$bad $1:build"
    busybox umount /sysroot
}
fill() { dd if=/dev/vda of=$1 bs=1M || bad="$bad dd:$1"; }
`, "$KVER")
	taken := map[string]int{"vda": 3}
	for _, l := range layoutsOf(name) {
		fill, fs := "fill $root; ", l.fs
		if fs == "" {
			fs = "ext4"
		} else {
			fill = ""
		}
		nodes := append(l.nodes(taken), "")
		script := strings.NewReplacer("$1", nodes[0], "$2", nodes[1]).Replace(l.make)
		fmt.Fprintf(&b, "%s; %slook %s %s %s\n", script, fill, l.name, fs, map[bool]string{false: "shown"}[l.boots()])
	}
	b.WriteString("for f in /out/*.txt /out/*.log; do echo $f; cat $f; done; busybox umount /out\n")
	return b.String()
}

// layoutDir is the folder with the disks of all layouts of a kernel, and what the guest has made.
func layoutDir(t *testing.T, name string) string {
	t.Helper()
	k, stub := kernel(t, name), program(t, benchDir+"/rootinit.c")
	crypttab := makeOnce(t, "crypttab", func(path string) error {
		return writeFile(path, "# volumes\nsystem UUID="+lockedUUID+" none luks\nunused UUID=eeeeeeee-2222-4222-8222-222222222222 none luks\n")
	})
	root := makeOnce(t, "root-layout.img", vm.Root{Init: stub, Files: map[string]string{"etc/crypttab": crypttab}, SizeMiB: 32, Block: 4096}.Make)
	return makeOnce(t, "layouts-"+name, func(dir string) error { return makeLayouts(k, stub, root, dir) })
}

func makeLayouts(k vm.Kernel, stub, root, dir string) error {
	mods, out := filepath.Join(dir, "modules.squashfs"), filepath.Join(dir, "out.img")
	skip := strings.Fields("kernel/drivers/net kernel/drivers/gpu kernel/drivers/media kernel/drivers/staging kernel/drivers/iio kernel/drivers/infiniband kernel/sound kernel/net")
	err := errors.Join(os.Mkdir(dir, 0o755), sparse(out, 160<<20),
		command("mksquashfs", append([]string{k.ModulesDir(), mods, "-noI", "-noD", "-noF", "-no-xattrs", "-quiet", "-no-progress", "-e"}, skip...)...), command("mkfs.ext4", "-q", "-F", out))
	if err != nil {
		return err
	}
	disks := []vm.Disk{{Path: root, Snapshot: true}, {Path: out}, {Path: mods, Snapshot: true}}
	for _, l := range layoutsOf(k.Name) {
		for i, d := range l.machineDisks(dir, false) {
			size := int64(80 << 20)
			if l.fs == "btrfs" {
				size = 160 << 20
			}
			if err := sparse(d.Path, size); err != nil {
				return err
			}
			if l.parts && i == 0 {
				if err := partition(d.Path); err != nil {
					return err
				}
			}
			disks = append(disks, d)
		}
	}
	files, err := layoutFiles(stub)
	if err != nil {
		return err
	}
	return vm.Workbench{
		Kernel: k.Name, Tools: strings.Fields("/usr/sbin/lvm /usr/sbin/cryptsetup /usr/sbin/mdadm /usr/sbin/mkfs.btrfs /usr/bin/btrfs"), Modules: strings.Fields(layoutModules[k.Name]),
		Script: strings.ReplaceAll(layoutScript(k.Name), "$KVER", k.Version), Disks: disks, Files: files,
	}.Run(dir)
}

// layoutFiles are the builder, and in the place of /init and its helpers a small program: to compress megabytes in a guest takes longer than all the rest. The real ones come to the image afterwards.
func layoutFiles(stub string) ([]vm.Entry, error) {
	files := []vm.Entry{{Name: "pass", Mode: 0o600, Data: []byte(passphrase)}, {Name: "helpers", Mode: os.ModeDir | 0o755}}
	for name, file := range map[string]string{"preroot": *builtBuilder, "preroot-init": stub, "helpers/lvm": stub, "helpers/unlock": stub} {
		e, err := vm.ReadEntry(name, file)
		if err != nil {
			return nil, err
		}
		files = append(files, e)
	}
	return files, nil
}

func (l layout) machineDisks(dir string, snapshot bool) (list []vm.Disk) {
	for i, bus := range l.disks {
		list = append(list, vm.Disk{Path: filepath.Join(dir, fmt.Sprintf("%s-%d.img", l.name, i+1)), Bus: bus, Serial: fmt.Sprintf("%s%d", l.name, i), Snapshot: snapshot})
	}
	return list
}

func sparse(path string, size int64) error {
	return errors.Join(os.WriteFile(path, nil, 0o644), os.Truncate(path, size))
}

func command(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
}

// partition gives a disk one partition.
func partition(path string) error {
	cmd := exec.Command("sfdisk", "-q", path)
	cmd.Stdin = strings.NewReader("label: gpt\n,60M\n")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("sfdisk: %w: %s", err, out)
	}
	return nil
}

// result is a file that the guest has left.
func result(t *testing.T, dir, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := command("debugfs", "-R", "dump /"+name+" "+path, filepath.Join(dir, "out.img")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		t.Fatalf("the guest left no %s: %v", name, err)
	}
	return path
}

// withPrograms is an image with the real /init, and with the real helpers where it has their stand-ins.
func withPrograms(t *testing.T, base string) string {
	t.Helper()
	data, err := os.ReadFile(base)
	if err != nil {
		t.Fatal(err)
	}
	members, err := archive.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	init, err := vm.ReadEntry("init", *builtInit)
	if err != nil {
		t.Fatal(err)
	}
	entries := []vm.Entry{init}
	for _, name := range []string{"lvm", "unlock"} {
		if slices.ContainsFunc(members, func(e archive.Entry) bool { return e.Name == "usr/lib/preroot/"+name }) {
			entries = append(entries, helper(t, name))
		}
	}
	path := base + "-with-programs"
	if err := vm.Extend(base, path, entries); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestHostOnly: of layouts that the real tools have made "preroot chain" tells what they are, and the image for one of them finds its root on a machine that has nothing else; no word names root.
func TestHostOnly(t *testing.T) {
	kernels := []string{onCloud}
	if *allLayouts {
		kernels = append(kernels, onFull)
	}
	for _, name := range kernels {
		for _, l := range layoutsOf(name) {
			t.Run(name+"/"+l.name, func(t *testing.T) {
				t.Parallel()
				dir := layoutDir(t, name)
				text, err := os.ReadFile(result(t, dir, l.name+".txt"))
				if err != nil {
					t.Fatal(err)
				}
				for _, want := range l.says {
					if !strings.Contains(string(text), want) {
						t.Errorf("preroot chain does not say %q:\n%s", want, text)
					}
				}
				if !l.boots() {
					return
				}
				s := vm.Spec{Kernel: kernel(t, name).Image(), Initrd: withPrograms(t, result(t, dir, l.name+".img")), Cmdline: "rw " + serial, Disks: l.machineDisks(dir, true)}
				var said []string
				if l.types != "" {
					said = []string{"Passphrase for", l.types + "\n"}
				}
				if r := bootTyping(t, s, said...); !r.Reached() {
					fail(t, r, "root was not reached:\n%s", text)
				}
			})
		}
	}
}
