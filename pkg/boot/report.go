package boot

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/preroot/preroot/pkg/blkid"
	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/rescue"
	"github.com/preroot/preroot/pkg/uevent"
)

// report tells why the boot stops, in the log and in the file that dracut's users know. It returns the reason, with what has kept every disk
// away where none is there.
func (b *Boot) report(stage string, err error) string {
	r := rescue.Report{
		Stage: stage, Reason: oneLine(err.Error()), Uptime: b.m.Uptime(), Hints: b.hints(),
		Devices: b.realDevices(), Missing: b.missing(),
		Refused: b.finder.failed, CommandLine: b.read("proc/cmdline"),
		Sections: []rescue.Section{
			{Title: "loaded modules", Text: b.read("proc/modules")},
			{Title: "mounts", Text: b.read("proc/self/mountinfo")},
			{Title: "timeline", Text: b.spans.Text()},
		},
	}
	if stage == "initqueue" {
		r.Undriven = b.undriven()
	}
	if b.loader != nil {
		if err := b.loader.Damage(); err != nil {
			r.Damaged = strings.ReplaceAll(err.Error(), "\n", "; ")
		}
	}
	if c, ok := b.uevents.(interface{ Counts() uevent.Counts }); ok {
		r.Dropped = dropped(c.Counts())
	}
	if b.waited >= time.Second && (stage == "initqueue" || stage == "pre-pivot") {
		r.Awaited, r.Waited, r.Unready = b.awaited, b.waited, b.unready()
	}
	if b.m.KernelLog != nil {
		r.KernelLog = b.m.KernelLog()
	}
	if cause := r.Cause(); cause != "" && stage == "initqueue" && (isWait(err) || errors.Is(err, errNoRoot)) {
		r.Reason += "; no disk can be used: " + cause
	}
	for _, l := range r.Lines() {
		b.m.Log.Errf("%s", l)
	}
	if err := b.m.Scratch.WriteFile(rescue.Path, []byte(r.Text())); err != nil {
		b.m.Log.Warnf("the report is not kept: %v", err)
	}
	return r.Reason
}

// dropped says how many messages were not believed.
func dropped(c uevent.Counts) string {
	if c.Foreign+c.Truncated+c.Malformed+c.Overruns == 0 {
		return ""
	}
	return fmt.Sprintf("uevents dropped: %d not from the kernel, %d too long, %d malformed; lost and looked up again: %d times", c.Foreign, c.Truncated, c.Malformed, c.Overruns)
}

// unready names the disks that are in /sys and were never announced: the kernel sends a disk's uevent when it has read its partition table
// (block/genhd.c, device_add_disk).
func (b *Boot) unready() []string {
	var list []string
	for _, name := range dirNames(b.sys(), "class/block") {
		if size := readWord(b.sys(), "class/block/"+name+"/size"); size != "" && size != "0" && b.finder.inv.ByName(name) == nil {
			list = append(list, name)
		}
	}
	return list
}

// undriven names the storage devices that no driver has taken: its module is not in the image, or did not load.
func (b *Boot) undriven() []string {
	var list []string
	uevent.Modaliases(b.sys(), func(dir, alias, bus string) {
		if uevent.Wave(alias) > uevent.KindStorage {
			return
		}
		if _, err := fs.Stat(b.sys(), dir+"/driver"); err != nil {
			list = append(list, fmt.Sprintf("%s %s (%s)", bus, path.Base(dir), alias))
		}
	})
	// A controller's own device tells less than the disk behind it: "virtio" before "pci".
	slices.Sort(list)
	slices.Reverse(list)
	return list
}

// hints are what was almost meant by the references that nothing answers.
func (b *Boot) hints() []string {
	var list []string
	for _, c := range b.finder.found {
		if c.Device == nil && len(c.Twins) == 0 {
			list = append(list, c.Near...)
		}
	}
	if len(b.finder.want) == 0 {
		list = append(list, b.candidates()...)
	}
	return append(list, b.finder.layers.lacks...)
}

// candidates are what to write where there is no root= at all.
func (b *Boot) candidates() []string {
	const most = 4
	var list []string
	for _, d := range b.realDevices() {
		what, _ := blkid.About(d.FSType(), d.FSUUID())
		if d.FSUUID() != "" && what == "" && len(list) < most {
			list = append(list, "root=UUID="+d.FSUUID()+" is "+d.Describe())
		}
	}
	return list
}

// realDevices leaves out the loop and RAM devices that nobody has filled.
func (b *Boot) realDevices() []*device.Device {
	return slices.DeleteFunc(b.finder.inv.Devices(), func(d *device.Device) bool {
		return d.HasFacts && d.Size == 0
	})
}

// read is the text of a file of the initramfs, "" when there is none.
func (b *Boot) read(name string) string {
	text, _ := fs.ReadFile(b.m.Files, name)
	return strings.TrimSpace(string(text))
}

// kernelSays adds to the failure of a mount what the kernel has said about the device since then.
func (b *Boot) kernelSays(err error, since time.Duration, node string) error {
	if b.m.KernelLog == nil {
		return err
	}
	lines := rescue.Since(b.m.KernelLog(), since, strings.TrimPrefix(node, "/dev/"))
	if len(lines) == 0 {
		return err
	}
	return fmt.Errorf("%w (kernel: %s)", err, strings.Join(lines, "; "))
}
