// Package supervisor is what PID 1 does: it starts the engine, takes every signal, reaps every orphan, outlives every
// failure, and does the last step of the boot. It parses nothing and decides nothing that the engine can decide.
//
// Its states, in the order of a good boot:
//
//	starting    the engine runs; messages and signals come in
//	handed over a record came and was checked again; the engine is told and ends by itself
//	switching   every process of the initramfs is killed, the root exchanged, the initramfs emptied
//	gone        the real init has taken the place of this program
//
// Instead of a record a program of the initramfs may come, the image's own init: then nothing is switched.
//
// An engine that dies without a word is started once more if no root is mounted; otherwise, and the second time, the
// emergency action ends the boot. PID 1 never returns and never exits: the kernel would panic.
package supervisor

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/preroot/preroot/internal/klog"
	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/internal/safe"
	"github.com/preroot/preroot/pkg/switchroot"
)

// Supervisor is PID 1.
type Supervisor struct {
	// Self is the program to start the engine from.
	Self string
	// Argv and Env are what the kernel gave to PID 1; the real init gets them.
	Argv, Env []string
	// Signals is where every signal arrives.
	Signals <-chan os.Signal
	Machine Machine
	Log     *klog.Logger

	engine    *engine
	starts    int
	reason    string // of the end
	policy    Action
	interrupt interrupt
	dogs      dogs
	second    time.Duration // what counts as a second of running time; a second if 0
}

// engine is one run of the engine process.
type engine struct {
	pid      int
	socket   *linux.Socket
	crash    *os.File
	messages chan []byte // closed when the socket ends
	waiting  string
	silence  watch
	gone     bool // reaped, with this status
	status   syscall.WaitStatus
}

// maxStarts is the first start and one restart.
const maxStarts = 2

// corpseWait is how long a killed process may take to be reaped before it counts as one that the kernel will not let go.
const corpseWait = 5 * time.Second

// Run starts the engine and serves it; it never returns.
func (s *Supervisor) Run() {
	s.policy = Reboot
	s.restart("")
	tick := time.NewTicker(s.interval())
	for {
		select {
		case sig := <-s.Signals:
			s.signal(sig)
		case msg, ok := <-s.engine.messages:
			s.message(msg, ok)
		case <-tick.C:
			s.watch()
		}
		s.reap()
		if s.engine.gone {
			s.engineGone()
		}
	}
}

func (s *Supervisor) interval() time.Duration {
	if s.second > 0 {
		return s.second
	}
	return time.Second
}

// restart starts the engine for the first or the second time; the third time it ends the boot.
func (s *Supervisor) restart(reason string) {
	s.engine = &engine{gone: true}
	for s.starts < maxStarts {
		s.starts++
		err := s.start()
		if err == nil {
			return
		}
		reason = "the engine cannot be started: " + err.Error()
		s.Log.Errf("%s", reason)
	}
	s.end(s.policy, reason)
}

func (s *Supervisor) start() error {
	ours, theirs, err := linux.SocketPair()
	if err != nil {
		return err
	}
	defer theirs.Close()
	crash, err := linux.MemoryFile("preroot-crash")
	if err != nil {
		return err
	}
	argv := []string{EngineName, "start=" + strconv.Itoa(s.starts)}
	std := linux.StandardFD()
	pid, err := linux.StartChild(s.Self, argv, engineEnv, []uintptr{std, std, crash.Fd(), theirs.Fd()}, true)
	if err != nil {
		ours.Close()
		crash.Close()
		return err
	}
	s.engine = &engine{pid: pid, socket: ours, crash: crash, messages: make(chan []byte)}
	e := s.engine
	safe.Go("engine messages", nil, func() { e.read() })
	return nil
}

// engineEnv is all that the engine gets: what the kernel made of words on the command line (LD_PRELOAD=, GODEBUG=)
// must not reach it or its children.
var engineEnv = []string{"HOME=/", "TERM=linux", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}

func (e *engine) read() {
	defer close(e.messages)
	for {
		msg, err := e.socket.Receive()
		if err != nil {
			return
		}
		e.messages <- msg
	}
}

func (s *Supervisor) message(msg []byte, ok bool) {
	e := s.engine
	if !ok {
		e.messages = nil // its end is seen by the reaper
		return
	}
	e.silence.heard()
	s.dogs.ping()
	text := string(msg[1:])
	switch msg[0] {
	case msgHandOver:
		s.handOver(msg[1:])
	case msgExecute:
		s.executeHere(text)
	case msgEnd:
		if len(text) > 0 {
			s.end(Action(text[0]), text[1:])
		}
	case msgPolicy:
		if len(text) == 1 {
			s.policy = Action(text[0])
		}
	case msgWatchdog:
		s.dogs.take(text)
	case msgWait:
		e.waiting, e.silence.limit = parseWait(text)
	}
}

func (s *Supervisor) handOver(msg []byte) {
	record, err := switchroot.DecodeRecord(msg)
	var prepared *switchroot.Prepared
	if err == nil {
		prepared, err = prepare(record)
	}
	if err != nil {
		_ = s.engine.socket.Send(append([]byte{msgRefused}, err.Error()...))
		return
	}
	_ = s.engine.socket.Send([]byte{msgTaken})
	s.finish(prepared, record)
}

// executeHere hands the machine over to another init of the initramfs.
func (s *Supervisor) executeHere(program string) {
	if err := switchroot.Executable(program); err != nil {
		_ = s.engine.socket.Send(append([]byte{msgRefused}, err.Error()...))
		return
	}
	_ = s.engine.socket.Send([]byte{msgTaken})
	s.leave(program)
}

// prepareLimit is less than the engine waits for its answer.
const prepareLimit = 20 * time.Second

// prepare checks a record. A disk that does not answer any more must not keep PID 1.
func prepare(r switchroot.Record) (*switchroot.Prepared, error) {
	type result struct {
		p   *switchroot.Prepared
		err error
	}
	done := make(chan result, 1)
	safe.Go("prepare", nil, func() {
		p, err := switchroot.Prepare(r)
		done <- result{p, err}
	})
	limit := time.NewTimer(prepareLimit)
	defer limit.Stop()
	select {
	case r := <-done:
		return r.p, r.err
	case <-limit.C:
		return nil, errors.New(r.Device + " does not answer")
	}
}

// signal passes on what the engine must know; every other signal has done its harm by arriving here.
func (s *Supervisor) signal(sig os.Signal) {
	n, ok := sig.(syscall.Signal)
	if !ok {
		return
	}
	switch n {
	case syscall.SIGINT:
		s.ctrlAltDel()
	case syscall.SIGPWR, syscall.SIGWINCH:
		_ = s.engine.socket.Send([]byte{msgSignal, byte(n)})
	}
}

// ctrlAltDel asks the engine for an orderly end; the second time within two seconds PID 1 reboots by itself.
func (s *Supervisor) ctrlAltDel() {
	switch {
	case s.interrupt.press():
		s.end(Reboot, "Ctrl-Alt-Del twice")
	case s.engine.socket.Send([]byte{msgSignal, byte(syscall.SIGINT)}) != nil:
		s.end(Reboot, "Ctrl-Alt-Del")
	}
}

func (s *Supervisor) reap() {
	for child, ok := linux.Reap(); ok; child, ok = linux.Reap() {
		s.collect(child)
	}
}

// collect notes the end of a child: the engine, or an orphan that PID 1 got.
func (s *Supervisor) collect(child linux.Reaped) {
	if child.PID == s.engine.pid {
		s.engine.gone, s.engine.status = true, child.Status
	}
}

// engineGone judges an engine that ended before the hand-over.
func (s *Supervisor) engineGone() {
	s.drain()
	reason := "the engine ended (" + describe(s.engine.status) + ")"
	s.Log.Errf("%s", reason)
	for _, line := range strings.Split(linux.TakeText(s.engine.crash, 4096), "\n") {
		s.Log.Errf("engine: %s", line)
	}
	_ = s.engine.socket.HangUp()
	s.killAll("")
	switch {
	case s.interrupt > 0:
		s.end(Reboot, "Ctrl-Alt-Del; "+reason)
	case s.starts < maxStarts && s.Machine.RootMounted():
		s.end(s.policy, reason+" after root was mounted")
	}
	s.restart(reason)
}

// drainLimit bounds the wait for the end of the messages: a child of the engine that the kernel holds may keep the socket open.
const drainLimit = time.Second

// drain takes the messages that the engine sent before it ended.
func (s *Supervisor) drain() {
	limit := time.NewTimer(drainLimit)
	defer limit.Stop()
	for s.engine.messages != nil {
		select {
		case msg, ok := <-s.engine.messages:
			s.message(msg, ok)
		case <-limit.C:
			return
		}
	}
}

func describe(w syscall.WaitStatus) string {
	if w.Signaled() {
		return "signal " + w.Signal().String()
	}
	return "exit status " + strconv.Itoa(w.ExitStatus())
}
