// Package rescue says why a boot has stopped and what can be done: a report of one screen, and a shell where the image has one.
package rescue

import (
	"fmt"
	"strings"
	"time"

	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/kmod"
)

// Report is what is known when a boot stops.
type Report struct {
	// Stage is where it stopped, Reason why, in one line.
	Stage, Reason string
	// Waited is how long the boot has run.
	Waited time.Duration
	// Devices are the block devices that are there, Missing the modules that the image should have had.
	Devices []*device.Device
	Missing []kmod.Want
	// CommandLine is the kernel's.
	CommandLine string
}

// maxDevices bounds the list on the screen.
const maxDevices = 40

// Lines is the report: the reason first and again last, so that it is seen wherever the screen ends.
func (r Report) Lines() []string {
	lines := []string{"boot stopped in stage " + r.Stage + ": " + r.Reason}
	lines = append(lines, fmt.Sprintf("after %.1f s, with the command line: %s", r.Waited.Seconds(), r.CommandLine))
	if len(r.Devices) == 0 {
		lines = append(lines, "no block device was found: is the driver of the disk controller in this image?")
	} else {
		lines = append(lines, "block devices:")
	}
	for i, d := range r.Devices {
		if i == maxDevices {
			lines = append(lines, fmt.Sprintf("  and %d more", len(r.Devices)-i))
			break
		}
		lines = append(lines, "  "+describe(d))
	}
	for _, w := range r.Missing {
		lines = append(lines, "module "+w.Module+" is not in this image (wanted for "+w.For+")")
	}
	return append(lines, "reason: "+r.Reason)
}

func describe(d *device.Device) string {
	s := d.Describe()
	if d.Driver != "" {
		s += ", driver " + d.Driver
	}
	if d.ProbeErr != nil {
		s += ": " + d.ProbeErr.Error()
	}
	return s
}

// Text is the report as a file.
func (r Report) Text() string { return strings.Join(r.Lines(), "\n") + "\n" }
