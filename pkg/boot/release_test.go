package boot

import (
	"testing"
	"testing/fstest"

	"github.com/preroot/preroot/pkg/timeline"
)

// leftFiles keeps what was written.
type leftFiles map[string]string

func (l leftFiles) WriteFile(path string, data []byte) error { l[path] = string(data); return nil }
func (leftFiles) Symlink(_, _ string) error                  { return nil }
func (leftFiles) Remove(string) error                        { return nil }

// TestLeaveRelease: the real system can read which image it was booted by.
func TestLeaveRelease(t *testing.T) {
	const release = "ID=preroot\nBUILD_ID=0123\n"
	left := leftFiles{}
	b := &Boot{m: Machine{Files: fstest.MapFS{"usr/lib/initrd-release": {Data: []byte(release)}}, Scratch: left}, spans: timeline.New(0)}
	b.leaveRecord()
	if got := left["/run/initramfs/preroot/initrd-release"]; got != release {
		t.Errorf("left %q; want %q", got, release)
	}
}
