// Package rescue says why a boot has stopped and what can be done: a report of one screen, the whole of it in a file, and a
// prompt for images without a shell.
package rescue

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/klog"
	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/kmod"
)

// Report is what is known when a boot stops.
type Report struct {
	// Stage is where it stopped, Reason why, in one line.
	Stage, Reason string
	// Uptime is how long the kernel runs. Awaited is what was waited for, Waited how long; "" when nothing was.
	Uptime  time.Duration
	Awaited string
	Waited  time.Duration
	// Hints say what was almost meant and what to write instead, one sentence each.
	Hints []string
	// Devices are the block devices that are there, Missing the modules that the image should have had.
	Devices []*device.Device
	Missing []kmod.Want
	// Unready names disks that the kernel has found and not finished with, as one that does not answer. Damaged says what is wrong with the
	// index of modules, "" for nothing. Refused says of modules why they did not load, Undriven names storage devices without a driver.
	Unready           []string
	Damaged           string
	Refused, Undriven []string
	// KernelLog is the kernel's log with its levels: firmware that was not found and errors of devices are taken from it.
	KernelLog string
	// Dropped are messages about devices that were not believed, "" for none.
	Dropped string
	// CommandLine is the kernel's.
	CommandLine string
	// Sections are further texts for the file.
	Sections []Section
}

// Section is a part of the report that only the file has.
type Section struct{ Title, Text string }

// Path is where the whole report lies; dracut's users know it.
const Path = "/run/initramfs/rdsosreport.txt"

// A screen of the smallest console, and what the kernel's log puts in front of each line: "[    5.123456] preroot: ".
const (
	screenRows  = 24
	screenWidth = 80
	prefixWidth = 24
)

// Lines is the report as it fits on one screen: the reason first and again last, so that it is seen wherever the screen ends.
func (r Report) Lines() []string {
	first := "boot stopped in stage " + r.Stage + ": " + r.Reason
	last := "reason: " + r.Reason
	body := r.facts()
	left := screenRows - rows(first) - rows(last)
	kept := 0
	for kept < len(body) && left >= rows(body[kept]) {
		left -= rows(body[kept])
		kept++
	}
	if kept < len(body) {
		kept = max(0, kept-1)
		body = append(slices.Clone(body[:kept]), fmt.Sprintf("and %d lines more: %s", len(body)-kept, Path))
	}
	return append(append([]string{first}, body...), last)
}

func rows(line string) int { return (prefixWidth + len(line) + screenWidth - 1) / screenWidth }

// facts are the lines between the two reasons, the most telling ones first.
func (r Report) facts() []string {
	var lines []string
	if r.Awaited != "" {
		lines = append(lines, fmt.Sprintf("waited %d s for %s", int(r.Waited/time.Second), r.Awaited))
	}
	for _, h := range r.Hints {
		lines = append(lines, "hint: "+h)
	}
	lines = append(lines, r.lacking()...)
	for _, l := range Trouble(r.KernelLog, names(r.Devices)) {
		lines = append(lines, "kernel: "+l)
	}
	lines = append(append(lines, r.deviceLines()...), r.idle()...)
	if r.Dropped != "" {
		lines = append(lines, r.Dropped)
	}
	return append(lines, "command line: "+r.CommandLine)
}

// lacking names the modules, firmware and drivers that are not there, the most telling first; what tells less than all of these is left to idle.
func (r Report) lacking() []string {
	lines := r.known()
	if len(lines) == 0 && len(r.Devices) == 0 {
		for _, d := range r.Undriven {
			lines = append(lines, "storage device "+d+" has no driver: its module is not in this image, or not allowed to load")
		}
	}
	return lines
}

// known are the things that were asked for by name.
func (r Report) known() []string {
	var lines []string
	for _, d := range r.Unready {
		lines = append(lines, "disk "+d+" has been found, but does not answer: the kernel still waits for its first sector")
	}
	if r.Damaged != "" {
		lines = append(lines, "the index of modules in this image is damaged: "+r.Damaged+"; build the image again")
	}
	lines = append(lines, r.Refused...)
	for _, w := range r.Missing {
		if strings.HasPrefix(w.Module, "fs_") {
			continue // the alias by which a file system is asked for first; its module is named as well
		}
		line := "module " + w.Module + " is not in this image"
		if w.For != "" {
			line += " (wanted for " + w.For + ")"
		}
		lines = append(lines, line+"; build the image with --add-drivers "+w.Module)
	}
	for _, f := range Firmware(r.KernelLog) {
		lines = append(lines, "firmware "+f+" was asked for and is not in this image")
	}
	return lines
}

// idle names the storage devices without a driver where something else tells more.
func (r Report) idle() []string {
	if len(r.Undriven) == 0 || len(r.Devices) == 0 && len(r.known()) == 0 {
		return nil
	}
	return []string{"without a driver, perhaps because nothing is attached: " + strings.Join(r.Undriven, ", ")}
}

// Cause is what has most likely kept every disk away, "" when there are disks or nothing tells.
func (r Report) Cause() string {
	lines := r.lacking()
	switch {
	case len(r.Devices) > 0 || len(lines) == 0:
		return ""
	case len(r.Unready) > 0:
		return lines[0]
	}
	for _, l := range lines {
		if strings.HasPrefix(l, "firmware ") {
			return l
		}
	}
	return lines[0]
}

func (r Report) deviceLines() []string {
	switch {
	case len(r.Devices) == 0 && len(r.Unready) > 0:
		return nil
	case len(r.Devices) == 0 && len(r.lacking()) > 0:
		return []string{"no block device was found"}
	case len(r.Devices) == 0:
		return []string{"no block device was found: is the driver of the disk controller in this image?"}
	}
	lines := []string{"block devices:"}
	for _, d := range r.Devices {
		lines = append(lines, "  "+describe(d))
	}
	return lines
}

func names(list []*device.Device) []string {
	var out []string
	for _, d := range list {
		out = append(out, d.Name)
	}
	return out
}

func describe(d *device.Device) string {
	s := d.Describe()
	if d.Driver != "" {
		s += ", driver " + d.Driver
	}
	if d.ReadOnly {
		s += ", write-protected"
	}
	if d.Probe != nil && d.Probe.PTBackup {
		s += ": its GPT is damaged, the backup at its end is good; the kernel takes that with the word gpt (sgdisk -e mends it)"
	} else if d.Probe != nil && d.Probe.PTDamaged {
		s += ": its partition table is damaged"
	}
	if d.ProbeErr != nil {
		s += ": " + d.ProbeErr.Error()
	}
	return s
}

// Text is the whole report as a file: lines of any length, foreign text made harmless line by line.
func (r Report) Text() string {
	var t strings.Builder
	line := func(s string) { t.WriteString(klog.Clean(s) + "\n") }
	line("preroot's report of a boot that stopped, " + strconv.FormatFloat(r.Uptime.Seconds(), 'f', 1, 64) + " s after the kernel's start")
	line("stage " + r.Stage + ": " + r.Reason)
	for _, l := range r.facts() {
		line(l)
	}
	for _, s := range append(r.Sections, Section{"kernel log", r.KernelLog}) {
		t.WriteString("\n")
		line("== " + s.Title)
		for _, l := range strings.Split(strings.TrimRight(s.Text, "\n"), "\n") {
			line(l)
		}
	}
	return t.String()
}
