package qemu

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/preroot/preroot/internal/vm"
)

// TestStateOfInit compares what the real init is handed by preroot with what it is handed by a C program that does the same
// steps (test/bench/floor.c): signals, limits, descriptors, environment, masks, session, sysctls. Words on the command line that the kernel
// puts into the environment must come through.
func TestStateOfInit(t *testing.T) {
	t.Parallel()
	words := serial + " quiet FOO=bar single"
	k := kernel(t, "6.1-cloud")
	ours := stateOf(t, plain(t, image{}, words))
	c := stateOf(t, machine(t, k, floorImage(t, k), words))
	t.Logf("%d lines of state", len(ours))
	if diff := cmp.Diff(c, ours); diff != "" {
		t.Errorf("the state of the real init differs (-after the C program +after preroot):\n%s", diff)
	}
}

func stateOf(t *testing.T, s vm.Spec) []string {
	t.Helper()
	init := program(t, "state.c")
	s.Disks[0].Path = makeOnce(t, "root-state.img", func(path string) error {
		return vm.Root{FS: "ext4", Init: init}.Make(path)
	})
	r := boot(t, s)
	mustSay(t, r, "STATE done", "STATE environ: FOO=bar")
	var lines []string
	for _, l := range r.Lines {
		// The kernel computes two limits from the memory that is free when it starts: the size of the image counts.
		if strings.HasPrefix(l, "STATE ") && !strings.Contains(l, "Max processes") && !strings.Contains(l, "Max pending signals") {
			lines = append(lines, strings.TrimSpace(l))
		}
	}
	return lines
}
