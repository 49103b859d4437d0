// Command init is preroot's /init: PID 1 of an initramfs. What it is depends on how it was started:
//
//	PID 1                 the supervisor, which starts the engine and does the last step
//	preroot-engine        the engine: the stages cmdline, pre-udev, pre-trigger, initqueue, pre-mount, mount,
//	                      pre-pivot, cleanup and switch_root (table in pkg/boot), with the parameters of
//	                      docs/parameters.md
//	preroot-prompt        the prompt on a console when the image has no shell
//	preroot-ask           what asks for kernel parameters (rd.cmdline=ask)
//	@preroot-empty        what empties a large initramfs while the real init runs already
//	modprobe, initqueue, dracut-getarg, dracut-getargs, rdsosreport, loginit, netroot
//	                      the programs that the kernel, udev rules and hook scripts call (table in applets.go)
package main

import (
	"os"
	"os/signal"
	"path"
	"runtime/debug"
	"slices"

	"github.com/preroot/preroot/internal/klog"
	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/internal/safe"
	"github.com/preroot/preroot/pkg/boot"
	"github.com/preroot/preroot/pkg/rescue"
	"github.com/preroot/preroot/pkg/supervisor"
	"github.com/preroot/preroot/pkg/switchroot"
)

func main() {
	switch name := path.Base(os.Args[0]); {
	case os.Getpid() == 1:
		supervise()
	case name == supervisor.EngineName:
		os.Exit(engine())
	case name == switchroot.RestName:
		if switchroot.EmptyRest() != nil {
			os.Exit(1)
		}
		return
	case name == rescue.PromptName:
		os.Exit(boot.Prompt())
	case name == rescue.AskName:
		os.Exit(boot.Ask())
	default:
		os.Exit(applet(name, os.Args[1:]))
	}
}

// supervise is PID 1; it does not return.
func supervise() {
	signals := make(chan os.Signal, 64)
	signal.Notify(signals)
	linux.IgnoreUnclaimed(true)
	debug.SetGCPercent(-1) // what PID 1 allocates in a boot fits in memory many times
	debug.SetMemoryLimit(32 << 20)
	log := logger()
	_ = linux.CtrlAltDel(false) // until the last exec PID 1 gets SIGINT
	s := supervisor.Supervisor{
		Self: self(), Argv: slices.Clone(os.Args), Env: os.Environ(), Signals: signals, Machine: supervisor.Kernel{}, Log: log,
	}
	s.Run()
}

// self is the program that the kernel started.
func self() string {
	if path.IsAbs(os.Args[0]) {
		return os.Args[0]
	}
	return "/init"
}

func engine() int {
	linux.IgnoreUnclaimed(false)
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(64 << 20)
	log := logger()
	client := supervisor.NewClient(linux.AdoptSocket(supervisor.EngineFD))
	client.Asked = make(chan struct{}, 1)
	report := func(name, trace string) { log.Errf("%s: %s", name, trace) }
	safe.Go("PID 1's messages", report, client.Serve)
	m := boot.Real(log)
	m.Parent, m.Signals, m.Asked = parent{client}, client.Signal, client.Asked
	m.Restarted = slices.Contains(os.Args, "start=2")
	if err := boot.Run(m); err != nil {
		log.Errf("%v", err)
		return 1
	}
	return 0
}

func logger() *klog.Logger {
	log := klog.New(boot.OpenLog, false)
	safe.Go("log", nil, log.Serve)
	return log
}

// parent is PID 1 in the words of the boot.
type parent struct{ *supervisor.Client }

func (p parent) Policy(action string) { p.Client.Policy(supervisor.ActionOf(action)) }

func (p parent) End(action, reason string) error {
	if err := p.Client.End(supervisor.ActionOf(action), reason); err != nil {
		return err
	}
	select {} // PID 1 ends the machine, and this process with it
}
