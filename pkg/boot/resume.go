package boot

import (
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/preroot/preroot/pkg/config"
	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/rescue"
	"github.com/preroot/preroot/pkg/rootfs"
)

// resume is what this engine knows about resuming a suspended (hibernated) system.
type resume struct {
	word    string         // the resume= that is meant
	over    bool           // it is decided: not looked for again
	told    bool           // what suspended sessions are passed over
	from    *device.Device // whose session was looked at
	mounted bool           // something was mounted, though it may be off again
	spent   time.Duration  // how much of root's time the wait for it has taken
}

// waitForDevices waits for the device of resume= and for root. If a suspended system goes on from that device it does not return.
// That comes before all else: a file system that was mounted in between, read-only ones included, is not as the suspended
// system knows it.
func (b *Boot) waitForDevices() error {
	if goal := b.resumeGoal(); goal != nil {
		if err := b.waitForResume(goal); err != nil {
			return err
		}
	}
	if b.hasInitrd() {
		if err := b.bootInitrd(); err != nil {
			return err
		}
	}
	if b.initialDisk.isRoot && b.rootMounted() {
		return nil
	}
	if b.queued() { // what lies there may be what brings root
		if err := b.work(); err != nil {
			return err
		}
	}
	err := b.waitForRoot()
	b.resume.spent = 0
	if err == nil {
		b.tellSuspended()
	}
	return err
}

// resumeGoal is what resume= asks for, nil for nothing.
func (b *Boot) resumeGoal() *resumeGoal {
	c := b.config
	if b.resume.word != c.Resume { // typed at a prompt
		b.resume.word, b.resume.over = c.Resume, false
	}
	if b.resume.over || c.Resume == "" {
		return nil
	}
	if c.NoResume {
		b.resume.over = true
		b.m.Log.Infof("noresume: no suspended session is looked for on %s", c.Resume)
		return nil
	}
	ref, err := device.ParseRef(c.Resume)
	if err != nil {
		b.resume.over = true
		b.m.Log.Warnf("resume=%s: %v; going on without it", c.Resume, err)
		return nil
	}
	return &resumeGoal{ref: ref, offset: int64(c.ResumeOffset) * int64(os.Getpagesize()), wait: c.ResumeWait}
}

// waitForResume waits until it is known whether the device holds a suspended session, and resumes it.
func (b *Boot) waitForResume(g *resumeGoal) error {
	b.finder.aim()
	if source, err := rootfs.Parse(b.config.Root); err == nil && !b.rootOnNFS() {
		b.finder.aim(source.Device)
	}
	b.finder.resume = g
	began := time.Now()
	err := b.wait("resume="+b.config.Resume, b.config.RootWait)
	b.resume.spent = time.Since(began)
	b.finder.resume = nil
	switch {
	case err != nil:
		return err
	case g.header == known:
		b.resume.over, b.resume.from = true, g.choice.Device
		b.judgeHeader(g)
	default:
		// Without root the boot stops, and what is mended then may bring this device too.
		b.resume.over = b.finder.rootThere()
		b.m.Log.Warnf("resume=%s: %v; going on without it", b.config.Resume, b.notResumable(g))
	}
	return nil
}

// notResumable says why no header was read.
func (b *Boot) notResumable(g *resumeGoal) error {
	if err := g.choice.Err(g.ref); err != nil {
		return err
	}
	return fmt.Errorf("%w while %s", errDeadline, b.finder.unsettled())
}

// rootLimit is how much longer root is waited for.
func (b *Boot) rootLimit() time.Duration {
	if b.config.RootWait == 0 || b.resume.spent == 0 {
		return b.config.RootWait
	}
	return max(b.config.RootWait-b.resume.spent, config.RootNoWait)
}

// The signatures at the end of a swap header's page (kernel: include/linux/swap.h, kernel/power/swap.c; uswsusp: swsusp.h).
const (
	swapSignatureSize = 10
	suspendedByKernel = "S1SUSPEND\x00"
)

// swapSignature reads the last bytes of the page at offset.
func (b *Boot) swapSignature(node string, offset int64) (string, error) {
	disk, err := b.m.OpenDisk(node)
	if err != nil {
		return "", err
	}
	defer disk.Close()
	end := offset + int64(os.Getpagesize())
	if size, _ := disk.Geometry(); end > size {
		return "", fmt.Errorf("%s ends before resume_offset=%d", node, offset/int64(os.Getpagesize()))
	}
	var text [swapSignatureSize]byte
	if _, err := disk.ReadAt(text[:], end-swapSignatureSize); err != nil {
		return "", err
	}
	return string(text[:]), nil
}

// judgeHeader resumes, or says why not.
func (b *Boot) judgeHeader(g *resumeGoal) {
	word, d := "resume="+b.config.Resume, g.choice.Device
	switch {
	case g.err != nil:
		b.m.Log.Warnf("%s: %v; going on without it", word, g.err)
	case len(g.choice.Members) > 1:
		b.m.Log.Warnf("%s: this file system lies on several devices, and none of them is named; going on without it", word)
	case g.signature == suspendedByKernel:
		b.resumeFrom(d, g.offset)
	case g.signature == "SWAPSPACE2" || g.signature == "SWAP-SPACE":
		b.m.Log.Infof("%s: %s holds no suspended session", word, d.Describe())
	case g.signature == "LINHIB0001" || strings.HasSuffix(g.signature, "SUSPEND\x00"):
		b.m.Log.Warnf("%s: the session on %s was suspended by a program (uswsusp), not by the kernel, and cannot be resumed by it; it is lost", word, d.Describe())
	case g.offset > 0:
		b.m.Log.Warnf("%s: no swap header at resume_offset=%d of %s; write the first physical offset that filefrag -v lists for the swap file", word, b.config.ResumeOffset, d.Describe())
	default:
		b.m.Log.Warnf("%s: %s is no swap device; for a swap file on it resume_offset= is needed too", word, d.Describe())
	}
}

// resumePatience is how long the kernel may take to refuse: it gives up freezing tasks after 20 s. Nothing of ours runs while
// it reads the image.
const resumePatience = 60 * time.Second

// resumeFrom lets the kernel resume. Where that succeeds, this system is no more.
func (b *Boot) resumeFrom(d *device.Device, offset int64) {
	if why := b.cannotResume(); why != "" {
		b.m.Log.Warnf("the session suspended on %s cannot be resumed: %s; %s", d.Describe(), why, left(d))
		return
	}
	b.m.Log.Notef("resuming the session suspended on %s", d.Describe())
	b.m.Log.Flush(logPatience)
	b.m.Parent.Wait("resume from "+d.Node, resumePatience)
	end, since := b.spans.Start("resume", d.Node), b.m.Uptime()
	err := b.writeResume(d)
	end(err)
	why := b.resumeWords(since)
	if err != nil {
		why = append(why, err.Error())
	}
	if len(why) == 0 {
		why = []string{"the kernel does not say why"}
	}
	state := "the kernel has discarded it"
	if signature, err := b.swapSignature(d.Node, offset); err != nil || signature == suspendedByKernel {
		state = left(d)
	}
	b.m.Log.Warnf("the session suspended on %s was not resumed: %s; %s; booting anew", d.Describe(), strings.Join(why, "; "), state)
}

// writeResume asks the kernel (Documentation/ABI/testing/sysfs-power). It returns when resuming has failed; an error says only that
// the device was not taken.
func (b *Boot) writeResume(d *device.Device) error {
	if n := b.config.ResumeOffset; n > 0 {
		if err := b.m.WriteSys("/sys/power/resume_offset", strconv.FormatUint(n, 10)); err != nil {
			return err
		}
	}
	return b.m.WriteSys("/sys/power/resume", d.Number.String())
}

// left says what becomes of a session that is still on its device.
func left(d *device.Device) string {
	return "it is lost with this boot: swapon or mkswap discards it from " + d.Node + ", and it must not be resumed later"
}

// cannotResume says what speaks against it, "" for nothing.
func (b *Boot) cannotResume() string {
	modes, err := fs.ReadFile(b.m.Files, "sys/power/disk")
	mounted := b.mountedDevice()
	if b.resume.mounted {
		mounted = Sysroot
	}
	switch {
	case err != nil:
		return "this kernel has no hibernation (CONFIG_HIBERNATION)"
	case strings.Contains(string(modes), "[disabled]"):
		return "the kernel does not allow it (lockdown, nohibernate or secret memory in use)"
	case mounted != "":
		return mounted + " was mounted before"
	case !b.first("resume"):
		return "that was tried before in this boot"
	}
	return ""
}

// mountedDevice names a mount from a block device, "" when there is none (proc_pid_mountinfo(5)). A loop device is none: its
// file lies in the initramfs, or on something that is mounted too.
func (b *Boot) mountedDevice() string {
	text, err := fs.ReadFile(b.m.Files, "proc/self/mountinfo")
	if err != nil {
		return "perhaps a file system (" + err.Error() + ")"
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 5 {
			continue
		}
		const none, loop = "0", "7"
		major, _, _ := strings.Cut(f[2], ":")
		_, source, _ := strings.Cut(line, " - ")
		if major != loop && (major != none || strings.Contains(source, " /dev/")) {
			return f[4]
		}
	}
	return ""
}

// resumeWords are the kernel's messages that say why it has not resumed.
func (b *Boot) resumeWords(since time.Duration) []string {
	if b.m.KernelLog == nil {
		return nil
	}
	log := b.m.KernelLog()
	return append(rescue.Since(log, since, "PM"), rescue.Since(log, since, "Freezing")...)
}

// tellSuspended names the suspended sessions that this boot passes over.
func (b *Boot) tellSuspended() {
	if b.resume.told {
		return
	}
	b.resume.told = true
	for _, d := range b.finder.inv.Devices() {
		switch {
		case d.Probe == nil || !d.Probe.Suspended || d == b.resume.from:
		case b.config.NoResume:
			b.m.Log.Warnf("noresume: the session suspended on %s is not resumed; %s", d.Describe(), left(d))
		default:
			b.m.Log.Warnf("%s holds a suspended session that no word names; %s; to resume the next one add resume=%s", d.Describe(), left(d), nameOf(d))
		}
	}
}

// nameOf is how a device is named on the command line.
func nameOf(d *device.Device) string {
	switch {
	case d.FSUUID() != "":
		return "UUID=" + d.FSUUID()
	case d.PartUUID() != "":
		return "PARTUUID=" + d.PartUUID()
	}
	return d.Node
}
