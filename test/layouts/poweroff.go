package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/preroot/preroot/internal/vm"
)

// The end of a machine whose root lies on LVM on MD: the real system's dracut-shutdown.service unpacks the image once more below /run/initramfs, if a hook
// has asked for it at boot; systemd-shutdown goes back there, and dracut's /shutdown takes volumes and arrays apart (dracut-shutdown.service(8)). What it has
// left on the disks is seen by the next boot.

// An Ending is one boot of the machine, from the disks that the one before it has left.
type Ending struct {
	Name  string
	Stock bool   // dracut's own init, the control
	Alone bool   // the real system is ending.sh alone, which spares the minutes that systemd takes in software emulation
	How   string // poweroff; unmarked: poweroff, but nobody asks for the image; cut: power is cut while something is written
	// NoExec: /run is mounted noexec, as the shell /init of dracut 106 does it; systemd-shutdown executes nothing there, so it never goes back to the image
	// that it has asked for itself.
	NoExec bool

	Found    bool // what the boot before it has left is clean
	Shutdown bool // /shutdown runs
}

// endings are the boots, in order. The last three show that the test can fail: /shutdown is not run by every machine that is switched off, and one whose
// power was cut is seen unclean.
var endings = []Ending{
	{Name: "alone", Alone: true, How: "poweroff", Found: true, Shutdown: true},
	{Name: "ours", How: "poweroff", Found: true, Shutdown: true},
	{Name: "stock", Stock: true, NoExec: true, How: "poweroff", Found: true},
	{Name: "unmarked", Alone: true, How: "unmarked", Found: true},
	{Name: "cut", Alone: true, How: "cut", Found: true},
	{Name: "after-cut", Alone: true, How: "poweroff", Shutdown: true},
}

// endingPackages are what the system holds beside the required ones.
const endingPackages = "systemd-sysv dbus dracut-core kmod udev e2fsprogs lvm2 thin-provisioning-tools mdadm dash bash cpio zstd procps"

var (
	//go:embed poweroff/ending.sh
	endingScript string
	//go:embed poweroff/ending.service
	endingUnit string
	//go:embed poweroff/hook.sh
	endingHook string
	//go:embed poweroff/make.sh
	endingMaker string
)

// endingFiles are what is put into the system.
var endingFiles = map[string]string{
	"etc/fstab":      "/dev/mapper/box-root / ext4 defaults 0 0\n/dev/disk/by-id/virtio-boot /boot ext4 defaults 0 0\n",
	"etc/machine-id": "0123456789abcdef0123456789abcdef\n", // no first boot
	"etc/hostname":   "box\n",
	"etc/systemd/system.conf.d/patience.conf": "[Manager]\nDefaultTimeoutStartSec=900\nDefaultTimeoutStopSec=900\nDefaultDeviceTimeoutSec=900\n",
	"etc/systemd/system/ending.service":       endingUnit,
	// lvm2-monitor.service has no order to run-lock.mount: in software emulation LVM2 was seen to fail, its locks hidden by what is mounted over them.
	"etc/systemd/system/lvm2-monitor.service.d/locks.conf": "[Unit]\nAfter=run-lock.mount\n",
	"usr/local/sbin/ending":                                endingScript,
	"preroot/hooks/pre-mount/90-test-leave.sh":             endingHook,
}

// endingLinks: the test's unit is wanted, and nobody logs in.
var endingLinks = map[string]string{
	"etc/systemd/system/multi-user.target.wants/ending.service": "/etc/systemd/system/ending.service",
	"etc/systemd/system/serial-getty@ttyS0.service":             "/dev/null",
	"etc/systemd/system/getty@tty1.service":                     "/dev/null",
	"etc/systemd/system/timers.target":                          "/dev/null",
	"etc/systemd/system/systemd-logind.service":                 "/dev/null",
}

// A box is the machine.
type box struct {
	*rig
	dracut Dracut
	system vm.Tree
	kernel vm.Kernel
}

// endingWaste lies in every Debian and serves nothing here.
var endingWaste = words("var/lib/apt/lists var/cache/apt usr/share/doc usr/share/man usr/share/locale usr/share/i18n usr/share/zoneinfo")

// powerOff runs the boots that are named, all without a name, unless all are passed already with this /init.
func (r *rig) powerOff(names []string, out io.Writer) error {
	b := box{rig: r, dracut: dracut("106")}
	stock, disks, err := b.prepare()
	if err != nil {
		return err
	}
	stamp, key := filepath.Join(r.o.results, "poweroff.passed"), hash(append(disks, r.init, stock, fmt.Sprint(endings))...)
	if old, err := os.ReadFile(stamp); err == nil && string(old) == key && len(names) == 0 {
		fmt.Fprintln(out, "passed  poweroff")
		return nil
	}
	if disks, err = b.copies(disks); err != nil {
		return err
	}
	var bad []string
	if len(names) == 0 {
		if bad, err = b.restores(stock, out); err != nil {
			return err
		}
	}
	for _, e := range endings {
		if len(names) > 0 && !slices.Contains(names, e.Name) {
			continue
		}
		wrong, err := b.end(e, stock, disks, out)
		if err != nil {
			return err
		}
		bad = append(bad, wrong...)
	}
	if len(bad) > 0 {
		return errors.New("power-off: " + strings.Join(bad, "\n          "))
	}
	if len(names) > 0 {
		return nil
	}
	return os.WriteFile(stamp, []byte(key), 0o644)
}

// prepare makes the system, dracut's image for it, and its disks.
func (b *box) prepare() (stock string, disks []string, err error) {
	b.system = vm.Tree{Suite: b.dracut.Suite, Dir: filepath.Join(b.cache, "poweroff-"+b.dracut.Suite), Packages: words(endingPackages)}
	if err = b.system.Ensure(); err != nil {
		return
	}
	if b.kernel, err = b.shop.Kernel(b.dracut.Kernel); err != nil {
		return
	}
	if err = b.furnish(); err != nil {
		return
	}
	if stock, err = b.stockImage(); err != nil {
		return
	}
	disks, err = b.makeDisks()
	return
}

// furnish puts the test's files into the system.
func (b *box) furnish() error {
	for name, text := range endingFiles {
		path := filepath.Join(b.system.Root(), name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			return err
		}
	}
	for name, target := range endingLinks {
		path := filepath.Join(b.system.Root(), name)
		if err := os.Symlink(target, path); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	for _, name := range endingWaste {
		if err := os.RemoveAll(filepath.Join(b.system.Root(), name)); err != nil {
			return err
		}
	}
	return os.MkdirAll(filepath.Join(b.system.Root(), "preroot/empty"), 0o755)
}

// endingArgs are those of dracut: compressed, since what is not compressed the real system's dracut 106 cannot unpack again; without the drivers of every
// disk there is, since a whole system in software emulation takes its time.
func (b *box) endingArgs() []string {
	return []string{"--force", "--no-early-microcode", "--conf", "/dev/null", "--confdir", "/preroot/empty", "--no-hostonly",
		"--modules", "dash rootfs-block udev-rules base fs-lib usrmount shutdown dm lvm mdraid", "--compress", "zstd -3 -q", "--drivers", "virtio_pci virtio_blk ext4 dm_mod raid1",
		"--include", "/preroot/hooks", "/var/lib/dracut/hooks"}
}

// stockImage is dracut's image, with the test's hook in it.
func (b *box) stockImage() (string, error) {
	v, err := version(b.system)
	if err != nil {
		return "", err
	}
	path := filepath.Join(b.system.Dir, "image-"+hash(v, b.kernel.Version, endingHook, strings.Join(b.endingArgs(), " "))+".img")
	return path, b.once(path, func(path string) error {
		binds := map[string]string{"usr/lib/modules/" + b.kernel.Version: b.kernel.ModulesDir(), "preroot/out": b.work}
		args := append(words("env -u TMPDIR dracut"), b.endingArgs()...) // a folder of the host
		said, err := b.system.Inside(binds, append(args, "--kmoddir", "/usr/lib/modules/"+b.kernel.Version, "/preroot/out/stock.img", b.kernel.Version)...)
		if err == nil {
			err = move(filepath.Join(b.work, "stock.img"), path)
		}
		if err != nil {
			return fmt.Errorf("%w: %s", err, said)
		}
		return nil
	})
}

// Sizes of the system's file system, and of each half of the mirror that holds it.
const systemMiB, halfMiB = 400, 448

// makeDisks makes both halves of the mirror.
func (b *box) makeDisks() ([]string, error) {
	v, err := version(b.system)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(b.system.Dir, "disks-"+hash(v, b.kernel.Version, endingMaker, fmt.Sprint(endingFiles, endingLinks, endingWaste, systemMiB, halfMiB)))
	paths := []string{filepath.Join(dir, "1.img"), filepath.Join(dir, "2.img")}
	return paths, b.once(dir, b.fillDisks)
}

// fillDisks runs the guest that makes them: a copy of the system, whose tools do it.
func (b *box) fillDisks(dir string) error {
	part := dir + ".part"
	if err := errors.Join(os.RemoveAll(part), os.MkdirAll(part, 0o755)); err != nil {
		return err
	}
	system := filepath.Join(b.work, "system.img")
	defer os.Remove(system)
	if err := sparse(system, systemMiB); err != nil {
		return err
	}
	if err := vm.MakeExt4(b.system.Root(), system); err != nil {
		return err
	}
	disks := []vm.Disk{{Path: system, Snapshot: true}}
	for _, name := range words("1.img 2.img") {
		path := filepath.Join(part, name)
		if err := sparse(path, halfMiB); err != nil {
			return err
		}
		disks = append(disks, vm.Disk{Path: path})
	}
	disks = append(disks, vm.Disk{Path: system, ReadOnly: true})
	initrd := filepath.Join(b.work, "maker.img")
	busybox, err := vm.ReadEntry("bin/busybox", "/bin/busybox") // makerInit goes there when it is through
	if err != nil {
		return err
	}
	if err := makerImage(b.kernel, initrd, "virtio_pci virtio_blk ext4 raid1 dm_mod", "md="+mdUUID+"\n"+endingMaker, []vm.Entry{busybox}); err != nil {
		return err
	}
	end, err := vm.Run(vm.Spec{Kernel: b.kernel.Image(), Initrd: initrd, Cmdline: "console=ttyS0 quiet", Disks: disks, Limit: 2 * b.o.limit(), Icount: b.o.virtual}, b.watch())
	if err != nil {
		return err
	}
	if !end.Says("MADE") || end.Says("NOT MADE") || end.Expired {
		return fmt.Errorf("the guest did not make the disks:\n%s", end.Report())
	}
	return os.Rename(part, dir)
}

// copies are the disks that the boots write to.
func (b *box) copies(disks []string) (paths []string, err error) {
	for i, d := range disks {
		path := filepath.Join(b.work, fmt.Sprintf("half%d.img", i+1))
		if err := vm.Clone(d, path); err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// bootDisk is /boot: the image that the machine is started with, where dracut-initramfs-restore looks for it.
func (b *box) bootDisk(image string) (string, error) {
	folder, disk := filepath.Join(b.work, "boot"), filepath.Join(b.work, "boot.img")
	if err := errors.Join(os.RemoveAll(folder), os.RemoveAll(disk), os.MkdirAll(folder, 0o755), sparse(disk, 256)); err != nil {
		return "", err
	}
	if err := vm.Clone(image, filepath.Join(folder, "initrd.img-"+b.kernel.Version)); err != nil {
		return "", err
	}
	return disk, vm.MakeExt4(folder, disk)
}

// end boots once, and judges.
func (b *box) end(e Ending, stock string, halves []string, out io.Writer) (bad []string, err error) {
	image := stock
	if !e.Stock {
		if image, err = b.withOurInit(Cell{}, stock); err != nil {
			return nil, err
		}
	}
	boot, err := b.bootDisk(image)
	if err != nil {
		return nil, err
	}
	spec := vm.Spec{
		Kernel: b.kernel.Image(), Initrd: image, Limit: b.o.limit(), Icount: b.o.virtual,
		Cmdline: wordsOfAll + " root=/dev/mapper/box-root rw rd.skipfsck rd.md.uuid=" + mdUUID + " rd.lvm.lv=box/root printk.devkmsg=on systemd.show_status=1 systemd.condition_needs_update=0 ending=" + e.How,
		Disks:   []vm.Disk{{Path: halves[0], Serial: "half1"}, {Path: halves[1], Serial: "half2"}, {Path: boot, Serial: "boot"}},
	}
	if e.Alone {
		spec.Cmdline += " init=/usr/local/sbin/ending"
	}
	m, err := vm.Start(spec, b.watch())
	if err != nil {
		return nil, err
	}
	if e.How == "cut" {
		if _, err := m.Await("FACT cut now"); err == nil {
			m.Kill()
		}
	}
	result := m.Wait()
	if err := os.WriteFile(filepath.Join(b.o.results, "poweroff-"+e.Name+".log"), []byte(result.Report()), 0o644); err != nil {
		return nil, err
	}
	bad = e.judge(result)
	word := "passed "
	if len(bad) > 0 {
		word = "FAILED "
	}
	fmt.Fprintf(out, "%s poweroff %-12s %.0f s %s\n", word, e.Name, result.Duration.Seconds(), strings.Join(bad, "\n          "))
	return bad, nil
}

// judge reads off the console what the boot has found, and how it ended.
func (e Ending) judge(result vm.Result) (bad []string) {
	if e.How != "cut" && result.Err() != nil {
		bad = append(bad, result.Err().Error())
	}
	facts := factsOf(result.Lines)
	for _, want := range e.facts() {
		if !slices.Contains(facts, want) {
			bad = append(bad, "no fact: "+want)
		}
	}
	for _, f := range facts {
		kind, _, _ := strings.Cut(f, " ")
		switch {
		case kind == "failed", e.Found && (kind == "unclean" || kind == "recovered"), f == "process of-a-hook" && !e.Stock, kind == "run" && strings.Contains(f, "noexec") != e.NoExec:
			bad = append(bad, "fact: "+f)
		}
	}
	if !e.Found {
		for _, kind := range words("unclean recovered") {
			if !slices.ContainsFunc(facts, func(f string) bool { return strings.HasPrefix(f, kind+" ") }) {
				bad = append(bad, "the power was cut, and nothing was "+kind)
			}
		}
	}
	for _, sign := range shutdownSigns {
		if said := slices.ContainsFunc(afterFacts(result.Lines), sign.MatchString); e.How != "cut" && said != e.Shutdown {
			bad = append(bad, fmt.Sprintf("/shutdown: %q said: %v, wanted: %v", sign, said, e.Shutdown))
		}
	}
	if line := result.Line("Cannot umount /oldroot"); line != "" {
		bad = append(bad, line)
	}
	if e.How != "cut" && !result.Says("reboot: Power down") {
		bad = append(bad, "it was not switched off")
	}
	return bad
}

// shutdownSigns are what is said when /shutdown runs: by dracut's scripts, and by the kernel when the array is really gone.
var shutdownSigns = []*regexp.Regexp{
	regexp.MustCompile(`dracut: Disassembling device-mapper devices`), regexp.MustCompile(`dracut: Disassembling mdraid devices`), regexp.MustCompile(`md: md\d+ stopped`),
}

// afterFacts is what was said on the way down: the kernel says of an array that it is stopped when it is assembled too.
func afterFacts(lines []string) []string {
	i := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, "FACT end") })
	return lines[i+1:]
}

// facts are what each boot finds.
func (e Ending) facts() []string {
	list := []string{"root /dev/mapper/box-root", "volume box root active 0", "need-shutdown", "left-by-a-hook", "process @of-a-hook", "end"}
	if !e.Alone {
		list = append(list, "dracut-shutdown active")
	}
	if e.Found {
		list = append(list, "array raid1 degraded=0 sync=idle")
	}
	return list
}
