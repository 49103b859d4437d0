package qemu

import "testing"

// TestNoDescriptors starts PID 1 with descriptors 0, 1 and 2 closed, as the
// kernel does when it cannot open a console.
func TestNoDescriptors(t *testing.T) {
	t.Parallel()
	b := mustReach(t, plain(t, image{launcher: []string{"close-fds"}}, serial))
	t.Logf("the real init has %d descriptors", b.FDs)
}
