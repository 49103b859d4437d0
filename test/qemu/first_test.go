package qemu

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/preroot/preroot/internal/vm"
)

// TestFloor boots the lower bound, which knows everything in advance: if it
// fails, the rig is at fault and not preroot.
func TestFloor(t *testing.T) {
	for _, name := range []string{"6.1-cloud", "6.1", "6.12-cloud"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := kernel(t, name)
			b := mustReach(t, machine(t, k, floorImage(t, k), serial+" quiet"))
			t.Logf("floor on %s: %.3f s from /init", k, b.InitSeconds)
		})
	}
}

func floorImage(t *testing.T, k vm.Kernel) string {
	t.Helper()
	modules, err := vm.FloorModules(k)
	if err != nil {
		t.Fatal(err)
	}
	data, err := vm.FloorImage(k, program(t, benchDir+"/floor.c"), modules, "")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "floor.img")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestFirstBoot boots a virtio disk by name and by UUID, and looks at what the
// real init was handed.
func TestFirstBoot(t *testing.T) {
	for _, root := range []string{"/dev/vda", "UUID=" + vm.RootUUID} {
		t.Run(root, func(t *testing.T) {
			t.Parallel()
			s := plain(t, image{}, serial+" quiet")
			s.Cmdline = "root=" + root + " rw quiet " + serial
			b := mustReach(t, s)
			t.Logf("%.3f s from /init; %d kB left; argv %s", b.InitSeconds, b.LeftKB, b.Argv)
			if b.LeftKB > 64 {
				t.Errorf("%d kB of the initramfs are left in memory, wanted at most 64", b.LeftKB)
			}
			if b.FDs != 3 || b.Processes != 1 {
				t.Errorf("the real init has %d descriptors and %d processes, wanted 3 and 1", b.FDs, b.Processes)
			}
		})
	}
}

// TestInfo tells decisions on a quiet console with rd.info, and not without.
func TestInfo(t *testing.T) {
	for _, words := range []string{"quiet", "quiet rd.info"} {
		t.Run(words, func(t *testing.T) {
			t.Parallel()
			r := boot(t, plain(t, image{}, serial+" "+words))
			if got, want := r.Says("preroot: root: UUID="), words != "quiet"; got != want || !r.Reached() {
				fail(t, r, "the decision is on the console: %v, wanted %v", got, want)
			}
		})
	}
}
