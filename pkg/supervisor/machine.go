package supervisor

import (
	"slices"
	"time"

	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/internal/safe"
)

// Machine is what PID 1 does to the machine when a boot ends without a real init.
type Machine interface {
	// RootMounted says whether something is mounted where the engine puts the new root.
	RootMounted() bool
	// Settle brings what is written to the disks, and takes the new root off. It waits for no disk longer than a bounded time.
	Settle()
	// End ends the machine's run. It returns when the kernel refuses, and may never return though the machine goes on.
	End(Action) error
	// Force ends the machine's run without the drivers, for a kernel that waits for a device in End.
	Force(Action) error
}

// Sysroot is where the engine mounts the new root.
const Sysroot = "/sysroot"

// Kernel is the Machine that this process runs on.
type Kernel struct{}

// RootMounted asks the kernel's list of mounts, which waits for no disk.
func (Kernel) RootMounted() bool { return len(linux.MountsBelow(Sysroot)) > 0 }

// settleLimit bounds the wait for disks at the end: one that does not answer would keep the machine for ever.
const settleLimit = 10 * time.Second

// Settle writes everything out and unmounts the new root, what is mounted last first.
func (Kernel) Settle() {
	done := make(chan struct{})
	safe.Go("settle", nil, func() {
		defer close(done)
		linux.Sync()
		for _, m := range slices.Backward(linux.MountsBelow(Sysroot)) {
			_ = linux.Unmount(m)
		}
	})
	limit := time.NewTimer(settleLimit)
	defer limit.Stop()
	select {
	case <-done:
	case <-limit.C:
	}
}

// End calls reboot(2).
func (Kernel) End(a Action) error {
	switch a {
	case PowerOff:
		return linux.End(linux.PowerOff)
	case Halt:
		return linux.End(linux.Halt)
	}
	return linux.End(linux.Reboot)
}

// Force asks by the magic SysRq key, which asks no driver (Documentation/admin-guide/sysrq.rst: b, o); writing to its file is not bound by
// kernel.sysrq.
func (Kernel) Force(a Action) error {
	key := "b"
	if a == PowerOff {
		key = "o"
	}
	return linux.WriteSys("/proc/sysrq-trigger", key)
}
