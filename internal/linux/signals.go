package linux

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// sigaction is struct sigaction as rt_sigaction(2) takes it; the handler comes first on every machine that Go knows.
type sigaction [4]uintptr

// IgnoreUnclaimed sets the signals that the Go runtime leaves alone (32 to 34, which C libraries use among their threads) to be
// ignored, or back to their default. PID 1 needs it: the kernel spares it from default actions, but for one case. While
// the main thread blocks a signal and another thread does not, complete_signal() in kernel/signal.c ends the whole group, and the
// kernel panics; Go's main thread blocks every signal whenever it makes a thread. What is ignored stays so through exec, so
// the engine and PID 1's last exec put the default back.
func IgnoreUnclaimed(on bool) {
	var act sigaction
	if on {
		act[0] = 1 // SIG_IGN
	}
	for sig := uintptr(32); sig <= 34; sig++ {
		// It fails for no signal in this range (rt_sigaction(2)).
		_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGACTION, sig, uintptr(unsafe.Pointer(&act)), 0, 8, 0, 0)
	}
}
