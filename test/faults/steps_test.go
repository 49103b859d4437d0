package faults

import (
	"time"

	"github.com/preroot/preroot/internal/vm"
)

// A step is one thing that is done to a running machine.
type step func(m *vm.Machine) error

// steps does one thing after the other.
func steps(m *vm.Machine, list ...step) error {
	for _, s := range list {
		if err := s(m); err != nil {
			return err
		}
	}
	return nil
}

// say waits until the console says a text.
func say(text string) step {
	return func(m *vm.Machine) error {
		_, err := m.Await(text)
		return err
	}
}

// pause lets time pass: the machine is to stay as it is for that long.
func pause(d time.Duration) step {
	return func(*vm.Machine) error {
		time.Sleep(d)
		return nil
	}
}

func plug(disk int) step   { return func(m *vm.Machine) error { return m.Plug(disk) } }
func unplug(disk int) step { return func(m *vm.Machine) error { return m.Unplug(disk) } }

// plugAfter attaches a disk that long after /init began.
func plugAfter(d time.Duration, disk int) func(*rig, *vm.Machine) error {
	return func(_ *rig, m *vm.Machine) error { return steps(m, say(" as init process"), pause(d), plug(disk)) }
}

// replug takes a disk away when the console says a text, and attaches another one later.
func replug(text string, disk int, later time.Duration, other int) func(*rig, *vm.Machine) error {
	return func(_ *rig, m *vm.Machine) error {
		return steps(m, say(text), unplug(disk), pause(later), plug(other))
	}
}
