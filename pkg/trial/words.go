package trial

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/preroot/preroot/pkg/chain"
	"github.com/preroot/preroot/pkg/cmdline"
)

// dropped are words that would keep a trial from being seen or from ending, or that are about hardware and memory that the stand-in has not.
var dropped = strings.Fields(`BOOT_IMAGE initrd console quiet splash rhgb loglevel ignore_loglevel earlyprintk earlycon netconsole panic oops crashkernel mem memmap hugepages hugepagesz default_hugepagesz
	isolcpus nohz_full rcu_nocbs vga video nomodeset rootwait rootdelay rd.shell rd.emergency rd.break rd.systemd.unit break init.debug printk.devkmsg nomodule
	8250.nr_uarts virtio_mmio.device pci reboot tsc clocksource acpi noapic nolapic maxcpus nosmp`)

// added makes a boot that fails end by itself, and its messages seen.
const added = "panic=-1 printk.devkmsg=on rd.shell=0 rd.emergency=reboot"

// waits bound how long root is waited for, in seconds: its stand-in is there from the beginning. Shorter ones of the machine are left.
var waits = []struct {
	key  string
	most int64
}{{"rd.retry", 30}, {"rd.timeout", 45}}

// words makes the kernel's line of that of the machine.
func (p *Plan) words(text string) {
	p.Init = "/sbin/init"
	var list []string
	for _, w := range cmdline.Split(text) {
		if w.String() == "--" { // what follows is for the real init
			break
		}
		switch {
		case slices.Contains(dropped, w.Key):
			continue
		case (w.Key == "resume" || w.Key == "resume_offset") && p.Goal("resume") == nil:
			continue
		case w.Key == "init" && strings.HasPrefix(w.Value, "/"):
			p.Init = path.Clean(w.Value)
		}
		list = append(list, chain.Quote(w))
	}
	list = append(list, added)
	for _, w := range waits {
		list = slices.DeleteFunc(list, func(word string) bool { return strings.HasPrefix(word, w.key+"=") || word == w.key })
		list = append(list, fmt.Sprintf("%s=%d", w.key, cmdline.Of(cmdline.Split(text)).Num(w.most, 1, w.most, w.key)))
	}
	p.Words = strings.Join(list, " ")
}

// flatten takes the subvolume out of the words for root and of fstab, which mkfs.btrfs does not make in all versions that Debian has.
func (p *Plan) flatten() {
	for i := range p.Goals {
		g := &p.Goals[i]
		if g.Subvolume == "" {
			continue
		}
		p.untried("%s: its subvolume %s: it lies at the top of the file system", g.Name, g.Subvolume)
		g.Subvolume, g.Options = "", withoutSubvolume(g.Options)
		if g.Name == "/" {
			p.Words = topOfRoot(p.Words)
		}
	}
}

// topOfRoot exchanges the subvolume in rootflags= for the top of the file system, which is number 5 in each btrfs. The image may have words of its own, which come before these.
func topOfRoot(words string) string {
	var list []string
	flags := []string{"subvolid=5"}
	for _, w := range cmdline.Split(words) {
		if w.Key != "rootflags" {
			list = append(list, chain.Quote(w))
			continue
		}
		if rest := withoutSubvolume(w.Value); rest != "" {
			flags = append([]string{rest}, "subvolid=5")
		}
	}
	return strings.Join(append(list, "rootflags="+strings.Join(flags, ",")), " ")
}

func withoutSubvolume(options string) string {
	words := strings.Split(options, ",")
	return strings.Join(slices.DeleteFunc(words, func(w string) bool {
		return strings.HasPrefix(w, "subvol=") || strings.HasPrefix(w, "subvolid=")
	}), ",")
}
