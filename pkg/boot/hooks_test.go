package boot

import (
	"slices"
	"testing"
	"testing/fstest"

	"github.com/preroot/preroot/pkg/hooks"
)

// noScratch takes files and forgets them.
type noScratch struct{ Scratch }

func (noScratch) WriteFile(string, []byte) error { return nil }

// TestHookShell: hooks find what dracut's own init of that version has exported, and nothing that it has not.
func TestHookShell(t *testing.T) {
	for release, old := range map[string]bool{"DRACUT_VERSION=059-4\n": true, "DRACUT_VERSION=106-6\n": false} {
		files := fstest.MapFS{"usr/lib/initrd-release": {Data: []byte(release)}, "etc/conf.d/systemd.conf": {}}
		c := HookShell(Machine{Files: files, Hooks: &hooks.System{}, Scratch: noScratch{}})
		if got := slices.Contains(c.Env, "UDEVRULESD=/run/udev/rules.d"); got != old {
			t.Errorf("%q: UDEVRULESD is there: %v", release, got)
		}
		if slices.Contains(c.Env, "DRACUT_SYSTEMD=") || c.Library[0] != "/lib/dracut-lib.sh" || c.Library[len(c.Library)-1] != "/etc/conf.d/systemd.conf" {
			t.Errorf("%q: %v %v", release, c.Env, c.Library)
		}
	}
}
