package boot

import (
	"testing"
	"testing/fstest"

	"github.com/preroot/preroot/pkg/device"
)

// TestAgainForgetsRoot: what was chosen as root before is chosen anew, beside an udevd too. There a stale choice made the boot look for root without end.
func TestAgainForgetsRoot(t *testing.T) {
	for _, stage := range []string{"cmdline", "initqueue"} {
		b := hookedEngine(fstest.MapFS{})
		b.root, b.members, b.source = &device.Device{Name: "md127"}, []*device.Device{{}}, "/dev/md127"
		if b.again(stageIndex(stage)); b.root != nil || b.members != nil || b.source != "" {
			t.Errorf("from %s: %v, %v, %q", stage, b.root, b.members, b.source)
		}
	}
}
