package boot

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/preroot/preroot/dracut/lib"
	"github.com/preroot/preroot/pkg/hooks"
)

// hookRunner runs the hook scripts of the image. The shell is started by the first of them.
type hookRunner struct {
	b        *Boot
	finder   hooks.Finder
	shell    *hooks.Shell
	programs *hooks.Programs
	mu       sync.Mutex        // guards values and full: a hook of the queue may outlive the wait for it
	values   map[string]string // of the shell, after the last hook
	failed   error             // why there is no shell

	used     bool      // a hook has run in this boot
	done     []string  // the stages that had their turn
	past     []string  // the hooks of such stages that have run
	refused  bool      // a hook has called die
	dead     time.Time // when it was the last time
	finished []string  // those that were finished by the engine before this one
	discard  []string  // what was mounted for hooks; nil before
	full     map[string]bool
	printed  printed
}

// shared are the variables of the shell that mean something to us (dracut.modules(7)).
var shared = []string{"root", "rootok", "rflags", "fstype", "netroot", "NEWROOT", "main_loop", "RDRETRY", "resume", "hookdir"}

func newHooks(b *Boot, finder hooks.Finder) *hookRunner {
	h := &hookRunner{b: b, finder: finder, values: map[string]string{}, full: map[string]bool{}}
	h.printed.line = func(line string) { b.m.Log.Infof("hook: %s", line) }
	h.printed.console = b.m.Console
	return h
}

// any says whether the image has a hook at all.
func (h *hookRunner) any() bool { return h.b.m.Hooks != nil && h.finder.Any() }

// has says whether a stage has hooks now.
func (h *hookRunner) has(stage string) bool {
	return h.b.m.Hooks != nil && len(h.finder.Scripts(stage)) > 0
}

// named says whether a stage has a hook whose name holds a text.
func (h *hookRunner) named(stage, text string) bool {
	return h.b.m.Hooks != nil && slices.ContainsFunc(h.finder.Scripts(stage), func(s hooks.Script) bool { return strings.Contains(path.Base(s.Path), text) })
}

// runOnce runs the hooks of a stage that has its turn once in a boot: not again when our own step is tried again. One that refuses the boot ends the stage; a
// person who goes on all the same goes on behind it.
func (h *hookRunner) runOnce(stage string) error {
	if slices.Contains(h.done, stage) || h.b.m.Hooks == nil {
		return nil
	}
	for _, s := range h.finder.Scripts(stage) {
		if slices.Contains(h.past, s.Path) || h.ran(stage, s.Path) {
			continue
		}
		h.past = append(h.past, s.Path)
		ended := h.begin(s.Path)
		h.one(stage, s)
		ended()
		if err := h.died(); err != nil {
			return err
		}
	}
	h.done = append(h.done, stage)
	return nil
}

// anew lets every stage have its turn again: root is another one.
func (h *hookRunner) anew() {
	h.done, h.past = nil, nil
	h.forgetEnded()
}

// run runs the hooks of a stage. Each costs at most itself: what went wrong is told, and the next one runs.
func (h *hookRunner) run(stage string, args ...string) {
	if h.b.m.Hooks == nil {
		return
	}
	for _, s := range h.finder.Scripts(stage) {
		h.one(stage, s, args...)
	}
}

// one runs one hook.
func (h *hookRunner) one(stage string, s hooks.Script, args ...string) {
	if !s.Sourced {
		h.program(stage, s.Path, args...)
		return
	}
	if !h.ready() {
		return
	}
	end := h.b.spans.Start("hook", s.Path)
	r, err := h.shell.Run(context.Background(), hooks.Hook{Path: s.Path, Args: args})
	end(err)
	h.judge(stage, s.Path, r, err)
}

// program runs a hook that is a program: it gets the values, and leaves nothing but what it writes.
func (h *hookRunner) program(stage, path string, args ...string) {
	r, err := h.runProgram(path, args...)
	h.tellFull(path)
	switch {
	case err != nil:
		h.b.m.Log.Errf("hook %s (stage %s): %v", path, stage, err)
	case r.End != hooks.Returned || r.Status != 0:
		h.b.m.Log.Warnf("hook %s (stage %s): status %d%s%s", path, stage, r.Status, stopped(r), after(r.Message))
	}
}

func (h *hookRunner) runProgram(path string, args ...string) (r hooks.Result, err error) {
	if h.programs == nil {
		h.mountScratch()
		h.programs = &hooks.Programs{
			System: *h.b.m.Hooks, Dir: hookDirectory, EnvDir: hookDirectory + "/env", Limit: h.b.config.HookTimeout, // it waits for nobody (faults K04)
			Line:     func(line string) { h.b.m.Log.Infof("hook: %s", line) },
			Patience: hooks.Patience{Slow: h.slow, Resources: h.b.resources},
		}
	}
	defer func(end func(error)) { end(err) }(h.b.spans.Start("hook", path))
	if err := h.programs.Values(h.given()); err != nil {
		return hooks.Result{}, err
	}
	return h.programs.Run(context.Background(), path, args...)
}

// stopped says why a hook was ended.
func stopped(r hooks.Result) string {
	switch {
	case r.Excess == hooks.TooMuchMemory:
		return ": it has taken nearly all memory of the machine and was ended"
	case r.Excess == hooks.TooManyProcesses:
		return ": it has started processes without end and was ended"
	case r.End == hooks.Stopped:
		return ": it did not end and was ended"
	}
	return ""
}

// given are the values that programs get: those of the hook shell, and what is known without one.
func (h *hookRunner) given() map[string]string {
	values := map[string]string{"root": h.b.config.Root, "NEWROOT": Sysroot}
	h.mu.Lock()
	defer h.mu.Unlock()
	maps.Copy(values, h.values)
	return values
}

// value is that of a variable of the shell, "" for none.
func (h *hookRunner) value(name string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.values[name]
}

// judge keeps what a hook has left, and tells what became of it where that is worth a line.
func (h *hookRunner) judge(stage, path string, r hooks.Result, err error) {
	if err != nil {
		h.b.m.Log.Errf("hook %s (stage %s): %v", path, stage, err)
		return
	}
	h.mu.Lock()
	h.values = r.Vars
	h.mu.Unlock()
	h.tellFull(path)
	switch r.End {
	case hooks.Returned:
		h.b.m.Log.Debugf("hook %s (stage %s): status %d", path, stage, r.Status)
	case hooks.Exited:
		h.b.m.Log.Warnf("hook %s (stage %s) has ended the shell of the hooks, status %d%s; going on with a new one", path, stage, r.Status, after(r.Message))
	case hooks.Gone:
		h.b.m.Log.Warnf("hook %s (stage %s): the shell of the hooks is gone, status %d%s; going on with a new one", path, stage, r.Status, after(r.Message))
	case hooks.Stopped:
		if r.Excess != hooks.NoExcess {
			h.b.m.Log.Errf("hook %s (stage %s)%s", path, stage, stopped(r))
			break
		}
		h.b.m.Log.Errf("hook %s (stage %s) did nothing any more and was ended", path, stage)
	}
}

func after(message string) string {
	if message == "" {
		return ""
	}
	return ": " + message
}

// ready sees to it that there is a shell to ask.
func (h *hookRunner) ready() bool {
	if h.shell != nil || h.failed != nil {
		return h.shell != nil
	}
	h.mountScratch()
	c := HookShell(h.b.m)
	c.Output = h.printed.take
	c.Patience = hooks.Patience{Limit: h.b.config.HookTimeout, Expired: h.b.deadline.passed, Resources: h.b.resources, Slow: h.slow}
	h.shell, h.failed = hooks.New(c)
	if h.failed != nil {
		h.b.m.Log.Errf("hooks: %v", h.failed)
	}
	return h.shell != nil
}

// hookDirectory holds the files of the hook shell.
const hookDirectory = Directory + "/hooks"

// HookShell is the hook shell as hooks of dracut expect it: the library of the image, and what dracut's own init has set by then.
func HookShell(m Machine) hooks.Config {
	env := []string{"HOME=/", "TERM=linux", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "NEWROOT=" + Sysroot}
	if dracutVersion(m.Files) < 60 {
		env = append(env, "UDEVRULESD=/run/udev/rules.d")
	}
	return hooks.Config{System: *m.Hooks, Dir: hookDirectory, Library: hookLibrary(m), Before: "preroot_cmdline", Report: shared, Env: env}
}

// hookLibrary is what dracut's own init sources before the first hook (dracut's init.sh): the functions, the release, and where programs are. Our getarg,
// which needs no process, takes the place of the image's.
func hookLibrary(m Machine) []string {
	getarg := hookDirectory + "/getarg.sh"
	if err := m.Scratch.WriteFile(getarg, []byte(lib.Getarg)); err != nil {
		m.Log.Warnf("hooks: %v", err)
	}
	list := []string{"/lib/dracut-lib.sh", getarg, "/usr/lib/initrd-release"}
	names, _ := fs.Glob(m.Files, "etc/conf.d/*.conf")
	slices.Sort(names)
	for _, n := range names {
		list = append(list, "/"+n)
	}
	return list
}

func (h *hookRunner) slow(s hooks.Slow) {
	var what []string
	for _, p := range s.Processes {
		what = append(what, fmt.Sprintf("%d %s (%s)", p.PID, strings.Join(p.Argv, " "), p.Waits))
	}
	h.b.m.Log.Notef("hook %s runs for %d s: %s", s.Hook, int(s.For.Seconds()), strings.Join(what, ", "))
}

// set sets variables of the shell for the hooks to come; without hooks nobody asks for them.
func (h *hookRunner) set(vars ...hooks.Var) {
	if !h.any() || !h.ready() {
		return
	}
	if err := h.shell.Set(context.Background(), vars...); err != nil {
		h.b.m.Log.Warnf("hooks: %v", err)
	}
}
