package vm

import "golang.org/x/sys/unix"

// start starts QEMU. The threads of one that is measured come before everything else on the host: the clock of a machine that counts instructions leaps while the guest waits for a
// thread of QEMU that has to wait for a processor.
func (m *Machine) start(measured bool) error {
	if err := m.cmd.Start(); err != nil {
		return err
	}
	if measured {
		attr := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 10}
		_ = unix.SchedSetAttr(m.cmd.Process.Pid, &attr, 0) // who may not: the times scatter as before
	}
	return nil
}
