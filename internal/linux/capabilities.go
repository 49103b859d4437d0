package linux

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// DropBounding takes capabilities, by number, out of the bounding set of this thread, for ever: what it executes next, and all below, never gets them (capabilities(7)).
// Those that the kernel does not know are none to take. The thread is kept for the caller, who is to execute.
func DropBounding(numbers []int) error {
	if len(numbers) == 0 {
		return nil
	}
	runtime.LockOSThread()
	for _, n := range numbers {
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(n), 0, 0, 0); err != nil && err != unix.EINVAL {
			return fmt.Errorf("capability %d cannot be dropped: %w", n, err)
		}
	}
	return nil
}
