package supervisor

import (
	"os"
	"syscall"
	"time"

	"github.com/preroot/preroot/internal/safe"
)

// end ends the boot. It does not return. The reason is the last line of the kernel log, so what may add lines to it (the
// processes that are killed, the file systems that are unmounted) comes before.
func (s *Supervisor) end(a Action, reason string) {
	if a != Hold {
		s.killAll("")
		s.Machine.Settle()
	}
	s.reason = reason
	s.Log.Errf("end: %s: %s", a.End(), reason)
	s.Log.Flush(2 * time.Second)
	s.hold(a)
}

// endLimit is how long the kernel may take to end the machine's run before PID 1 says that it did not.
const endLimit = 30 * time.Second

// hold serves signals and orphans after the end: for ever where the action is to stay as it is or where the kernel refuses. reboot(2) is
// called elsewhere, because a power-off that has no effect ends the thread that asked for it (kernel/reboot.c, do_exit).
func (s *Supervisor) hold(a Action) {
	failed, under := make(chan error, 1), a // the action that is under way
	var late <-chan time.Time
	if a != Hold {
		safe.Go("end", nil, func() { failed <- s.Machine.End(a) })
		late = time.After(endLimit)
	}
	tick := time.NewTicker(s.interval())
	defer tick.Stop()
	for {
		select {
		case sig := <-s.Signals:
			s.signalHeld(sig, under)
		case msg, ok := <-s.engine.messages:
			s.messageHeld(msg, ok)
		case err := <-failed:
			under = Hold
			s.Log.Errf("end: HELD: the kernel refuses: %v", err)
		case <-late:
			under = Hold
			s.force(a)
		case <-tick.C:
			s.dogs.ping()
		}
		s.reap()
	}
}

// force ends a machine whose kernel waits in reboot(2) for a device that does not answer, without asking its driver.
func (s *Supervisor) force(a Action) {
	if a == Halt {
		return // it stands still either way
	}
	s.Log.Errf("end: %s: %s (forced: the kernel was asked and did nothing for %d s)", a.End(), s.reason, int(endLimit/time.Second))
	s.Log.Flush(2 * time.Second)
	safe.Go("force", nil, func() {
		if err := s.Machine.Force(a); err != nil {
			s.Log.Errf("end: HELD: %v", err)
		}
	})
}

// signalHeld: Ctrl-Alt-Del reboots a machine that is held. One that reboots already has said so.
func (s *Supervisor) signalHeld(sig os.Signal, under Action) {
	if sig == syscall.SIGINT && under != Reboot {
		s.end(Reboot, "Ctrl-Alt-Del")
	}
}

// messageHeld takes the one message that counts after the end: another end (the power button, a person at a prompt).
func (s *Supervisor) messageHeld(msg []byte, ok bool) {
	switch {
	case !ok:
		s.engine.messages = nil
	case len(msg) > 1 && msg[0] == msgEnd && Action(msg[1]) != Hold:
		s.end(Action(msg[1]), string(msg[2:]))
	}
}
