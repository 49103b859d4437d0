package hooks

import "time"

// How the memory of the machine is looked after while a hook runs. A hook may write to the root directory, which has no limit in an initramfs; where that ends is
// the death of the machine, since the kernel can take nothing of it back.
const (
	memoryFirst   = 20 * time.Millisecond // the first look: a short hook costs none
	memoryLeast   = 32 << 20              // what is kept free for the boot, in bytes, at least,
	memoryShare   = 16                    // and as this part of the whole,
	memoryMost    = 256 << 20             // and at most
	memoryRate    = 4 << 30               // no hook fills more in a second
	memorySoonest = 10 * time.Millisecond
	memoryLatest  = time.Second
)

// memory is the watch over it for one hook. It holds no clock.
type memory struct {
	floor uint64 // a hook is ended below this
}

// look says whether the hook has to be ended, and otherwise when to look again: sooner, the less is left. The first look sets the floor: where little is left
// already, by what hooks before have written, this one may take half of it. A total of 0 means that nothing is known.
func (m *memory) look(left, total uint64) (low bool, again time.Duration) {
	if total == 0 {
		return false, memoryLatest
	}
	if m.floor == 0 {
		m.floor = max(1, min(left/2, max(memoryLeast, min(total/memoryShare, memoryMost))))
	}
	if left < m.floor {
		return true, 0
	}
	return false, max(memorySoonest, min(memoryLatest, time.Duration((left-m.floor)*uint64(time.Second)/memoryRate)))
}
