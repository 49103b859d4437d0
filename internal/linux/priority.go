package linux

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// mostUrgent is the lowest nice value (sched(7)): about ninety times the share of the processor that 0 gives, and the processor at once on waking.
const mostUrgent = -20

// Urgent gives all threads that this process has now the highest priority of usual ones, or with false the usual one again. Processes that it starts, and threads
// that begin later, have the usual one (SCHED_FLAG_RESET_ON_FORK, sched_setattr(2)). It needs CAP_SYS_NICE; nothing happens without.
func Urgent(urgent bool) {
	attr := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_NORMAL}
	if urgent {
		attr.Nice, attr.Flags = mostUrgent, unix.SCHED_FLAG_RESET_ON_FORK
	}
	threads, _ := os.ReadDir("/proc/self/task")
	for _, thread := range threads {
		if id, err := strconv.Atoi(thread.Name()); err == nil {
			_ = unix.SchedSetAttr(id, &attr, 0)
		}
	}
}
