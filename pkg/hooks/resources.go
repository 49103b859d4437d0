package hooks

import "time"

// Resources are what the machine has to give, at a moment.
type Resources struct {
	// MemoryLeft and Memory are in bytes; a Memory of 0 means that nothing is known.
	MemoryLeft, Memory uint64
	// Processes counts all of the machine, with threads; 0 means that it is not known.
	Processes int
}

// How the machine is looked after while a hook runs. A hook may write to the root directory, which has no limit in an initramfs; where that ends is
// the death of the machine, since the kernel can take nothing of it back. And it may start processes until the kernel starts no more, for nobody.
const (
	resourceFirst   = 20 * time.Millisecond // the first look: a short hook costs none
	resourceSoonest = 10 * time.Millisecond
	resourceLatest  = time.Second

	memoryLeast = 32 << 20  // what is kept free for the boot, in bytes, at least,
	memoryShare = 16        // and as this part of the whole,
	memoryMost  = 256 << 20 // and at most
	memoryRate  = 4 << 30   // no hook fills more in a second

	processMost = 1000 // so many more than a look before has found may be a crowd, if the hook has started half of them
	crowdSoon   = 100  // so many more are looked at every resourceSoonest, and are to blame if memory goes
)

// resources is the watch over them for one hook. It holds no clock.
type resources struct {
	looked    bool
	floor     uint64 // a hook is ended below this
	processes int    // at the look that found the fewest
	crowded   bool   // there were crowdSoon more, once
}

// look says whether the hook has to be ended and why, and otherwise when to look again: sooner, the less is left. The look that finds the most left sets the floor: where
// little is left by what hooks before have written, this one may take half of it; but one that removes that first, to fill the memory anew, may not. Processes are
// counted for the whole machine, which costs nothing, from the fewest that a look has found: the crowd of a hook before may still be dying at the first. crowd counts
// those of the hook, and is asked only before it is blamed: udevd and the kernel of a big machine start hundreds at once.
func (m *resources) look(now Resources, crowd func() int) (Excess, time.Duration) {
	if !m.looked {
		m.looked, m.processes = true, now.Processes
	}
	m.floor = max(1, m.floor, min(now.MemoryLeft/2, max(memoryLeast, min(now.Memory/memoryShare, memoryMost))))
	m.processes = min(m.processes, now.Processes)
	low := now.Memory > 0 && now.MemoryLeft < m.floor
	more := now.Processes - m.processes
	m.crowded = m.crowded || more > crowdSoon
	if more > processMost && crowd() > processMost/2 || low && crowd() > crowdSoon {
		return TooManyProcesses, 0
	}
	if more > processMost { // they are others'
		m.processes, more = now.Processes, 0
	}
	switch {
	case low:
		return TooMuchMemory, 0
	case now.Memory == 0:
		return NoExcess, resourceLatest
	case more > crowdSoon:
		return NoExcess, resourceSoonest
	}
	return NoExcess, max(resourceSoonest, min(resourceLatest, time.Duration((now.MemoryLeft-m.floor)*uint64(time.Second)/memoryRate)))
}

// Excess is what a hook took too much of.
type Excess int

// A hook is ended for these.
const (
	NoExcess Excess = iota
	TooMuchMemory
	TooManyProcesses
)
