package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

// limit is the wall-clock limit of a boot.
func (o options) limit() time.Duration {
	if o.virtual {
		return 3 * time.Hour
	}
	return 30 * time.Minute
}

// wordsOfAll are the kernel parameters of every boot: one that fails ends by itself.
const wordsOfAll = "console=ttyS0 rd.retry=180 rd.shell=0 rd.emergency=poweroff"

// machineDisks are the disks of a cell as the machine gets them; what it writes is thrown away.
func (r *rig) machineDisks(c Cell, l Layout) ([]vm.Disk, error) {
	paths, err := r.disks(c, l)
	var disks []vm.Disk
	for i, p := range paths {
		if !slices.Contains(l.Missing, i+1) {
			disks = append(disks, vm.Disk{Path: p, Snapshot: true, Serial: fmt.Sprintf("disk%d", i+1)})
		}
	}
	return disks, err
}

// spec is the machine of a cell.
func (r *rig) spec(c Cell, l Layout, k vm.Kernel, initrd string, disks []vm.Disk) vm.Spec {
	return vm.Spec{
		Kernel: k.Image(), Initrd: initrd, Cmdline: wordsOfAll + " " + l.Cmdline(dracut(c.Dracut)),
		Disks: disks, MemoryMiB: l.Memory, Limit: r.o.limit(), Extra: slices.Clone(l.Devices),
		Icount: r.o.virtual && !l.Wall, // while somebody types the clock of the machine would leap
	}
}

// typedAfter is how long a person needs to begin to type: who asks throws away what was typed before (TCSAFLUSH of tcsetattr(3)), and that is after the question.
const typedAfter = time.Second

// run starts a machine, types what is to be typed, and waits for its end.
func (r *rig) run(s vm.Spec, l Layout) (vm.Result, error) {
	m, err := vm.Start(s, r.watch())
	if err != nil {
		return vm.Result{}, err
	}
	for _, step := range l.Typed {
		if _, err := m.Await(step.Prompt); err != nil {
			break // what is wrong is on the console
		}
		time.Sleep(typedAfter)
		if err := m.Type(step.Text + "\r"); err != nil {
			break
		}
	}
	return m.Wait(), nil
}

// An End is how a boot of a cell ended.
type End struct {
	Bad     string // why it did not reach the real init; "" if it did
	Facts   []string
	Seconds float64 // wall clock of the whole machine
	Log     string
}

// boot boots a cell with an image.
func (r *rig) boot(c Cell, l Layout, image string) (End, error) {
	k, err := r.shop.Kernel(dracut(c.Dracut).Kernel)
	if err != nil {
		return End{}, err
	}
	disks, err := r.machineDisks(c, l)
	if err != nil {
		return End{}, err
	}
	result, err := r.served(c, l, r.spec(c, l, k, image, disks))
	if err != nil {
		return End{}, err
	}
	return judge(result), nil
}

// served runs a machine, and meanwhile what it talks to.
func (r *rig) served(c Cell, l Layout, s vm.Spec) (vm.Result, error) {
	if l.Serve == nil {
		return r.run(s, l)
	}
	args, stop, err := l.Serve(r, c)
	if err != nil {
		return vm.Result{}, err
	}
	defer stop()
	s.Extra = append(s.Extra, args...)
	return r.run(s, l)
}

// judge reads the end of a boot off its console.
func judge(result vm.Result) End {
	e := End{Seconds: result.Duration.Seconds(), Log: result.Report(), Facts: factsOf(result.Lines)}
	switch {
	case !result.Reached():
		e.Bad = "root was not reached"
		if err := result.Err(); err != nil {
			e.Bad += ": " + err.Error()
		}
	case result.Err() != nil:
		e.Bad = result.Err().Error()
	case !slices.Contains(e.Facts, "end"):
		e.Bad = "the root's init did not say all of what it finds"
	}
	return e
}

// factsOf collects what the root's init said: its own facts, argument and environment of it, sorted.
func factsOf(lines []string) []string {
	var list []string
	for _, l := range lines {
		if i := strings.Index(l, "FACT "); i >= 0 {
			list = append(list, plain(strings.TrimSpace(l[i+len("FACT "):])))
		}
		for _, kind := range []string{"argv ", "env "} {
			if rest, found := strings.CutPrefix(l, "BENCH "+kind); found {
				list = append(list, kind+strings.TrimSpace(rest))
			}
		}
	}
	// Where dracut's init has nothing to wait for, udevd is still at work while its database is cleaned up, and leaves entries behind: those of devices
	// without a number are nobody's.
	list = slices.DeleteFunc(list, func(fact string) bool { return strings.HasPrefix(fact, "udev-data +") })
	slices.Sort(list)
	return slices.Compact(list)
}

// apis are the file systems that both inits mount for themselves. Their options differ on purpose (docs/dracut.md).
var apis = words("/proc /sys /dev /dev/pts /dev/shm /run")

// drawn are numbers that are others in each boot: the port of an NFS server's mountd, the inode of a file behind a loop device.
var drawn = regexp.MustCompile(`mountport=\d+|by-loop-inode/[0-9:-]+`)

// plain is a fact without what may differ: of a mount of apis that it is there counts, of a btrfs that a member is mounted, and drawn numbers do not count.
func plain(fact string) string {
	f := strings.Fields(fact)
	if slices.Contains(f, "btrfs") { // the kernel names the member that was found last
		fact = strings.NewReplacer("/dev/vda", "member", "/dev/vdb", "member").Replace(fact)
	}
	if len(f) > 2 && f[0] == "mount" && slices.Contains(apis, f[1]) {
		return strings.Join(f[:3], " ")
	}
	return drawn.ReplaceAllStringFunc(fact, func(s string) string { return strings.TrimRight(s, "0123456789:-") })
}

// differences are the facts of one boot that the other lacks: "-" for what only the stock init leaves, "+" for what only ours does.
func differences(stock, ours []string) []string {
	var list []string
	for _, f := range unmet(stock, ours) {
		if !ended(f) && !leaked(f) {
			list = append(list, "- "+f)
		}
	}
	for _, f := range unmet(ours, stock) {
		list = append(list, "+ "+f)
	}
	return list
}

// ended is a process that only dracut's init leaves behind (iscsid): ours ends those whose name does not begin with @ (docs/dracut.md).
func ended(fact string) bool {
	name, found := strings.CutPrefix(fact, "process ")
	return found && !strings.HasPrefix(name, "@")
}

// leaked is a variable that the shell of dracut's init exports of itself and hands on: the real init gets it from no kernel (docs/dracut.md).
func leaked(fact string) bool {
	name, _, _ := strings.Cut(fact, "=")
	return slices.Contains(words("CMDLINE DRACUT_QUIET PATH PWD SHLVL"), strings.TrimPrefix(name, "env ")) && strings.HasPrefix(name, "env ")
}

// unmet are the wanted facts that are not there.
func unmet(want, facts []string) []string {
	return slices.DeleteFunc(slices.Clone(want), func(w string) bool { return slices.Contains(facts, w) })
}
