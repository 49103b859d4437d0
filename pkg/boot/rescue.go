package boot

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/preroot/preroot/pkg/cmdline"
	"github.com/preroot/preroot/pkg/config"
	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/hooks"
)

// next is what follows a stage that did not succeed.
type next int

const (
	bootOver   next = iota // PID 1 ends the machine
	stageDone              // the next stage
	stageAgain             // the stage is tried once more
	rootAgain              // root is looked for anew
	bootAgain              // the hooks, too, are to hear of another root
)

// rescue ends a stage that failed: the report, then a prompt where there may be one, then, or otherwise, the emergency
// action (rule 9 of docs/architecture.md).
func (b *Boot) rescue(stage string, err error) next {
	var ended *endError
	switch {
	case errors.As(err, &ended):
		b.end(ended.action, ended.reason)
		return bootOver
	case errors.Is(err, errAborted):
		b.end("reboot", err.Error())
		return bootOver
	}
	b.emergencyHooks()
	_ = b.hooks.died() // what one of them says so, is said
	reason := b.report(stage, err)
	if !b.mayPrompt() || errors.Is(err, errAuthentication) {
		b.end(b.config.Emergency, reason)
		return bootOver
	}
	o := b.attend(stop{stage: stage, reason: reason, failure: true, waited: isWait(err)})
	if o.action == "" && o.words == "" && o.typed && b.config.EmergencyGiven && !holds(b.config.Emergency) {
		o = outcome{action: b.config.Emergency, reason: reason}
	}
	return b.obey(o)
}

// emergencyHooks runs what the image wants to be done before a prompt, or instead of one (dracut.modules(7)): a splash is taken off, what is still waited
// for is named.
func (b *Boot) emergencyHooks() {
	if b.mayPrompt() {
		b.hooks.run("emergency")
		return
	}
	b.hooks.run("shutdown-emergency")
}

// mayPrompt says whether a person may be given a prompt.
func (b *Boot) mayPrompt() bool {
	return !b.config.NoPrompt && (b.config.Shell || len(b.config.Break) > 0)
}

// isWait says whether a failure is one that a device which comes or goes can mend.
func isWait(err error) bool {
	return errors.Is(err, errDeadline) || errors.Is(err, device.ErrNotFound) || errors.Is(err, device.ErrTwins)
}

// obey does what an attendance has ended with.
func (b *Boot) obey(o outcome) next {
	switch {
	case o.action != "":
		b.end(o.action, o.reason)
		return bootOver
	case o.words != "":
		b.override(o.words)
		if b.udevd != nil {
			b.tellHooks(o.words)
			return bootAgain
		}
		return rootAgain
	}
	// What was done by hand may have changed anything: look again.
	b.finder.scan, b.finder.aliases = unknown, unknown
	return stageAgain
}

// override adds kernel parameters that were typed at the prompt to those of the command line; they win.
func (b *Boot) override(words string) {
	b.m.Log.Notef("from the prompt: %s", words)
	b.sources = append(b.sources, cmdline.Source{Name: "/run/initramfs/cmdline.d/prompt.conf", Text: words})
	c, params, problems := config.Load(b.sources)
	b.config, b.params = c, params
	b.suitMode()
	for _, p := range problems {
		b.m.Log.Errf("%s", p)
	}
	if typed := cmdline.Join(cmdline.Source{Text: words}); typed.Has("ro") && !typed.Has("rw") {
		b.config.Write = config.ReadOnly // elsewhere rw wins, wherever it stands
	}
	if err := b.unmountRoot(); err != nil {
		b.m.Log.Errf("root cannot be taken off: %v", err)
	}
}

// tellHooks has the hooks of the image read the command line once more, with the words typed: theirs are root, the rules and the list of what is waited for.
func (b *Boot) tellHooks(words string) {
	b.warn(b.m.Scratch.WriteFile("/run/initramfs/cmdline.d/prompt.conf", []byte(words+"\n")))
	for _, name := range []string{"root", "rootok", "netroot"} {
		b.hooks.set(hooks.Var{Name: name, Unset: true})
	}
	for _, s := range b.hooks.finder.Scripts("initqueue/finished") {
		if strings.HasPrefix(path.Base(s.Path), "devexists-") { // of the root that is not wanted any more; the others are made again
			b.warn(b.m.Scratch.Remove(s.Path))
		}
	}
	b.hooks.anew()
	if b.queue != nil {
		watched := b.queue.watched
		b.queue = b.newQueue()
		b.queue.watched = watched
	}
}

func (b *Boot) end(action, reason string) {
	b.m.Log.Flush(logPatience)
	if err := b.m.Parent.End(action, oneLine(reason)); err != nil {
		b.m.Log.Errf("end: PID 1 does not answer: %v (%s)", err, reason)
	}
}

func oneLine(s string) string { return strings.ReplaceAll(s, "\n", "; ") }

// breakBefore is the stop that rd.break= asks for.
func (b *Boot) breakBefore(stage string) next {
	word := "rd.break=" + stage
	if stage == "switch_root" {
		word = "rd.break"
	}
	if !b.mayPrompt() {
		b.m.Log.Errf("%s: this image gives no prompt; going on", word)
		return stageAgain
	}
	b.emergencyHooks()
	return b.obey(b.attend(stop{stage: stage, reason: fmt.Sprintf("%s stops before stage %s; exit goes on", word, stage)}))
}
