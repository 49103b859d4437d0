package chain

import (
	"strings"

	"github.com/preroot/preroot/pkg/device"
)

// leftOut lists the devices with something on them that no goal needs.
func (f *finder) leftOut() {
	for _, d := range f.inv.Devices() {
		if f.known[d.Name] != nil || d.Size == 0 || d.Hidden || strings.HasPrefix(d.Name, "ram") || strings.HasPrefix(d.Name, "zram") {
			continue
		}
		what := strings.Join(f.usedAt(d), " ")
		if what == "" {
			what = d.FSType()
		}
		f.c.Left = append(f.c.Left, Left{d.Name, what, f.whyLeft(d)})
	}
}

// whyLeft gives the reason.
func (f *finder) whyLeft(d *device.Device) string {
	switch d.FSType() {
	case "swap":
		return "no word resumes from it"
	case "":
		if d.Whole() {
			return "nothing that root needs is on it"
		}
	}
	names := make([]string, 0, len(f.c.Goals))
	for _, g := range f.c.Goals {
		names = append(names, g.Name)
	}
	return "not needed for " + strings.Join(names, ", ")
}
