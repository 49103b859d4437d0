package activate

import (
	"fmt"
	"strings"

	"github.com/preroot/preroot/pkg/device"
)

// ParseArgs reads the arguments of cmd/lvm.
func ParseArgs(args []string) (r Request, err error) {
	for _, arg := range args {
		key, value, _ := strings.Cut(arg, "=")
		switch {
		case !strings.HasPrefix(arg, "-"):
			r.Nodes = append(r.Nodes, arg)
		case arg == "--degraded":
			r.Degraded = true
		case arg == "--no-conf":
			r.NoConf = true
		case key == "--vg":
			r.VGs = append(r.VGs, value)
		case key == "--lv":
			r.LVs = append(r.LVs, value)
		case key == "--for" || key == "--locked":
			ref, err := device.ParseRef(value)
			if err != nil {
				return Request{}, err
			}
			if key == "--for" {
				r.For = append(r.For, ref)
			} else {
				r.Locked = append(r.Locked, ref)
			}
		default:
			return Request{}, fmt.Errorf("lvm: %s is not known; the arguments are --degraded, --no-conf, --vg=VG, --lv=VG/LV, --for=DEVICE, --locked=DEVICE, and nodes", arg)
		}
	}
	return r, nil
}
