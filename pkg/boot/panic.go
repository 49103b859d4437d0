package boot

import (
	"strconv"
	"strings"
)

// panicSeconds is what the kernel waits after a panic of its own until it reboots, while preroot runs: by default it would stand
// for ever, and nobody is there yet who could have decided that.
const panicSeconds = 30

// panicSetting is below /proc/sys.
const panicSetting = "kernel/panic"

// armPanic makes a panic of the kernel a reboot, unless panic= says something else or the machine is to stay as it is after a failure. It is put
// back before the hand-over.
func (b *Boot) armPanic() {
	if b.m.Sysctl == nil || holds(b.config.Emergency) || b.config.Emergency == "halt" || b.panicSetting() != "0" || b.panicGiven() {
		return
	}
	if err := b.m.Sysctl(panicSetting, strconv.Itoa(panicSeconds)); err != nil {
		b.m.Log.Debugf("%v", err)
	}
}

// disarmPanic puts the kernel's default back where armPanic has changed it, in this engine or in one before.
func (b *Boot) disarmPanic() {
	if b.m.Sysctl != nil && b.panicSetting() == strconv.Itoa(panicSeconds) && !b.panicGiven() {
		_ = b.m.Sysctl(panicSetting, "0")
	}
}

func (b *Boot) panicSetting() string {
	return b.read("proc/sys/" + panicSetting)
}

// panicGiven says whether the kernel itself was told: panic= on its own command line, or sysctl.kernel.panic=.
func (b *Boot) panicGiven() bool {
	for word := range strings.FieldsSeq(b.read("proc/cmdline")) {
		if word == "--" {
			return false
		}
		if key, _, _ := strings.Cut(word, "="); key == "panic" || key == "sysctl.kernel.panic" || key == "sysctl.kernel/panic" {
			return true
		}
	}
	return false
}
