// Package boot is the order of a boot: the table of stages, which is dracut's, and the wiring of what each does.
package boot

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/preroot/preroot/internal/safe"
	"github.com/preroot/preroot/pkg/cmdline"
	"github.com/preroot/preroot/pkg/config"
	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/initqueue"
	"github.com/preroot/preroot/pkg/kmod"
	"github.com/preroot/preroot/pkg/mount"
	"github.com/preroot/preroot/pkg/stock"
	"github.com/preroot/preroot/pkg/timeline"
	"github.com/preroot/preroot/pkg/udevd"
)

// Sysroot is where the new root is mounted.
const Sysroot = "/sysroot"

// stage is one row of the order: the name is dracut's, for rd.break= and for hooks. Its hooks come first, then our own step: the native one,
// or the one beside an udevd of the image.
type stage struct {
	name          string
	native, udevd func(*Boot) error
}

// stages is the boot, from top to bottom.
var stages = []stage{
	{"cmdline", (*Boot).tellProblems, (*Boot).takeRoot},       // what is asked for, and what of it is not understood
	{"pre-udev", (*Boot).openModules, (*Boot).startUdevd},     // module index, modprobe.d, the forced modules
	{"pre-trigger", (*Boot).listen, (*Boot).trigger},          // uevents, before anything can cause one
	{"initqueue", (*Boot).waitForDevices, (*Boot).waitBeside}, // modules, devices, probes: until root is there; resume
	{"pre-mount", (*Boot).delay, (*Boot).delay},               // rootdelay=
	{"mount", (*Boot).mountByHooks, (*Boot).mountByHooks},     // check and mount root
	{"pre-pivot", (*Boot).mountFstab, (*Boot).mountFstab},     // /usr and what else the new root wants from us
	{"cleanup", (*Boot).prove, (*Boot).prove},                 // the new init is proven, the record of this boot is written
	{"switch_root", (*Boot).handOverTo, (*Boot).leaveUdevd},   // PID 1 does the rest
}

// Boot is one run of the engine.
type Boot struct {
	m       Machine
	spans   *timeline.Recorder
	sources cmdline.Sources
	params  cmdline.Params
	bad     []config.Problem
	breaks  []string // of rd.break=, those that are still to come
	config  config.Config
	loader  *kmod.Loader
	uevents Uevents
	events  chan initqueue.Event
	over    chan struct{} // closed when nobody takes events any more
	loop    initqueue.Loop
	finder  *finder

	root    *device.Device
	source  string           // what a hook has mounted as root
	members []*device.Device // all devices of root, when it lies on several
	fstab   []mount.Entry
	resume  resume
	init    string
	mounted []string // the mounts at and below Sysroot, in order

	otherRoots int // how often root was looked for again, because it was not what it had been

	awaited string        // what the last wait was for
	waited  time.Duration // and how long it was

	hooks     *hookRunner
	stock     *stock.Systemd // of the image, nil for none: its part is ours
	udevd     *udevd.Daemon  // nil in native mode
	queue     *queue
	udevdRuns bool
	pinged    time.Time // when udevd was asked for a sign of life
	revived   bool      // it was started again
	bareDev   bool      // /dev is no devtmpfs: nodes are made here

	initialDisk initialDisk

	deadline deadline                      // root's, for hooks
	state    state                         // what is remembered beyond the life of this engine
	waits    atomic.Pointer[chan struct{}] // closed when the wait under way ends; nil outside

	silent     atomic.Bool  // a secret is asked for on the consoles
	printLevel atomic.Int32 // the console's level before it was lowered, 0 for as it was
}

// Run boots. It returns nil when PID 1 has taken the hand-over or the end: the engine is done.
func Run(m Machine) error {
	b := &Boot{m: m, spans: timeline.New(m.Uptime()), events: make(chan initqueue.Event), over: make(chan struct{})}
	defer close(b.over)
	b.finder = newFinder(b)
	b.loop = initqueue.Loop{Owner: b.finder, Spawn: b.spawn, Events: b.events, Over: b.over}
	m.Log.OnSlow(b.quietConsole)
	b.listenToParent()
	if err := b.mountAPIs(); err != nil {
		return m.Parent.End("reboot", err.Error())
	}
	b.configure()
	if b.decide() || b.tooLate() || b.ask() {
		return nil
	}
	b.forgetHost()
	for i := 0; i < len(stages); {
		switch b.runStage(stages[i]) {
		case stageDone:
			i++
		case rootAgain:
			i = stageIndex("initqueue")
			b.again(i)
		case bootAgain:
			i = 0
			b.again(i)
		case bootOver:
			return nil
		}
	}
	return nil
}

// again prepares for a second time from a stage on: what was chosen as root is not known any more.
func (b *Boot) again(stage int) {
	b.root, b.members, b.source = nil, nil, ""
	b.hooks.again(stages[stage].name)
}

// runStage stops where rd.break= asks for it, runs the built-in step, and says what follows.
func (b *Boot) runStage(s stage) next {
	if slices.Contains(b.breaks, s.name) {
		b.breaks = slices.DeleteFunc(b.breaks, func(name string) bool { return name == s.name })
		if n := b.breakBefore(s.name); n != stageAgain {
			return n
		}
	}
	end := b.spans.Start("stage", s.name)
	b.m.Log.Debugf("stage %s", s.name)
	err := b.guard(s)
	end(err)
	if s.name == "mount" || len(b.mounted) > 0 {
		err = b.blameRoot(err)
	}
	switch {
	case err == nil:
		b.hooks.stageDone(s.name)
		return stageDone
	case errors.Is(err, errOtherRoot) && b.otherRoots < maxOtherRoots:
		b.otherRoots++
		b.m.Log.Warnf("%v: looking for root again", err)
		return rootAgain
	}
	return b.rescue(s.name, err)
}

// maxOtherRoots is how often root is looked for again because it has changed, before the boot stops and says so: a boot must end.
const maxOtherRoots = 10

// guard turns a panic of a step into an error: the machine is still there to tell.
func (b *Boot) guard(s stage) (err error) {
	defer safe.Catch(s.name, func(name, trace string) {
		err = fmt.Errorf("stage %s: %s", name, trace)
	})
	if s.name == "cmdline" {
		if err := b.errSquashed(); err != nil {
			return err
		}
		b.tellHooksRoot()
	}
	if s.name != "initqueue" && s.name != "mount" { // these run theirs by rules of their own
		if err := b.hooks.runOnce(s.name); err != nil {
			return err
		}
	}
	if b.udevd != nil {
		return s.udevd(b)
	}
	return s.native(b)
}

func (b *Boot) mountAPIs() error {
	end := b.spans.Start("mount", "API file systems")
	warnings, err := mount.MountAPIs(b.m.Mounter, b.m.Directories)
	end(err)
	if len(warnings) > 0 {
		b.startNodes() // the log is one of them
	}
	for _, w := range warnings {
		b.m.Log.Warnf("%v; ignoring it", w)
	}
	for _, l := range []struct{ target, path string }{
		{"/proc/self/fd", "/dev/fd"}, {"/proc/self/fd/0", "/dev/stdin"},
		{"/proc/self/fd/1", "/dev/stdout"}, {"/proc/self/fd/2", "/dev/stderr"},
	} {
		_ = b.m.Scratch.Symlink(l.target, l.path)
	}
	return err
}

// configure reads the command line, before the first stage: rd.break= may name that one.
func (b *Boot) configure() {
	sources, ignored := cmdline.Read(b.m.Files)
	for _, i := range ignored {
		b.m.Log.Warnf("%s", i)
	}
	b.sources = sources
	b.config, b.params, b.bad = config.Load(sources)
	c := b.config
	b.breaks = slices.Clone(c.Break)
	b.m.Log.SetDebug(c.Debug)
	b.m.Parent.Policy(c.Emergency)
	b.armPanic()
	if c.Info && c.Quiet && b.m.Console != nil {
		b.m.Log.SetConsole(b.m.Console)
	}
}

// configureAgain reads the command line once more: hooks add to it.
func (b *Boot) configureAgain() {
	typed := b.sources
	sources, _ := cmdline.Read(b.m.Files)
	if len(typed) > len(sources) {
		sources = append(sources, typed[len(sources):]...) // words from a prompt
	}
	b.sources = sources
	b.config, b.params, b.bad = config.Load(sources)
	b.suitMode()
}

// tellProblems names the bad values together; the defaults of their words are used.
func (b *Boot) tellProblems() error {
	for _, p := range b.bad {
		b.m.Log.Warnf("%s", p)
	}
	if len(b.config.Unknown) > 0 {
		b.m.Log.Warnf("unknown words on the command line, passed over: %v", b.config.Unknown)
	}
	return nil
}

// openModules opens the module index. An image without modules is in order: everything may be built in.
func (b *Boot) openModules() error {
	dir, err := b.modulesDir()
	if err != nil {
		if others := dirNames(b.m.Files, "lib/modules"); len(others) > 0 {
			b.m.Log.Warnf("the image has modules of other kernels (%s): %v; going on with what is built into the kernel", strings.Join(others, ", "), err)
		}
		return nil
	}
	index, err := kmod.Open(b.m.Files, dir)
	if err != nil {
		b.m.Log.Warnf("modules: %v; going on with what is built into the kernel", err)
		return nil
	}
	b.loader = b.newLoader(index)
	return nil
}

func (b *Boot) listen() (err error) {
	if b.uevents != nil {
		return nil
	}
	b.uevents, err = b.m.Uevents()
	if err != nil {
		return fmt.Errorf("uevents: %w", err)
	}
	b.pump()
	b.findWatchdogs()
	return nil
}

// delay is rootdelay=. What has come or gone meanwhile is judged again.
func (b *Boot) delay() error {
	if b.config.RootDelay <= 0 {
		return nil
	}
	b.m.Log.Notef("rootdelay: the first mount waits %v", b.config.RootDelay)
	over := time.NewTimer(b.config.RootDelay)
	defer over.Stop()
	for b.finder.err == nil {
		select {
		case <-over.C:
			return b.waitForRoot()
		case ev := <-b.events:
			b.finder.Handle(ev)
		}
	}
	return b.finder.err
}

// errAborted ends a boot that somebody wants to end.
var errAborted = errors.New("Ctrl-Alt-Del")

// signalled judges a signal that PID 1 passed on.
func (b *Boot) signalled(n int) error {
	const sigint, sigpwr = 2, 30
	switch n {
	case sigint:
		return errAborted
	case sigpwr:
		b.m.Log.Warnf("SIGPWR: the power supply warns; the boot goes on")
	}
	return nil
}
