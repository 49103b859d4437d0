package boot

import (
	"slices"
	"strings"
	"time"
)

// What is recorded of hooks beyond the life of an engine (docs/architecture.md, "Restart"): hooks are not made to be run twice. Nothing is recorded before the first
// one runs, so that a boot without hooks pays nothing. A hook of a stage is counted when it begins and when it has ended; a job of the queue, which may run often, while
// it runs.
const (
	stateHook  = "hook "
	stateJob   = "job "
	stateStage = "stage finished: "
	stateMount = "hooks of mount begun"
)

// inherit takes over what the engine before this one has done with hooks: variables of their shell, the stages that are finished, and which hook
// was under way.
func (h *hookRunner) inherit() {
	if !h.b.m.Restarted || !h.any() || !h.b.recorded(stateHook) && !h.b.recorded(stateJob) && !h.b.recorded(stateStage) {
		return
	}
	h.used = true
	for _, s := range stages {
		if h.b.counted(stateStage+s.name) > 0 {
			h.finished = append(h.finished, s.name)
		}
	}
	h.done = slices.Clone(h.finished)
	h.b.breaks = slices.DeleteFunc(h.b.breaks, func(name string) bool { return slices.Contains(h.finished, name) })
	if h.ready() {
		vars, err := h.shell.Inherit()
		if err != nil {
			h.b.m.Log.Warnf("hooks: %v; their variables are lost", err)
		}
		h.mu.Lock()
		h.values = vars
		h.mu.Unlock()
	}
	h.b.m.Log.Warnf("hooks have run under the engine before this one: going on after stage %s", h.lastFinished())
}

func (h *hookRunner) lastFinished() string {
	if len(h.finished) == 0 {
		return "none"
	}
	return h.finished[len(h.finished)-1]
}

// ran says whether a hook of a stage has run under the engine before this one. The one that was under way when that ended is named: it is not
// tried again, since it may be why.
func (h *hookRunner) ran(stage, path string) bool {
	if !h.b.m.Restarted || !h.used {
		return false
	}
	switch h.b.counted(stateHook + path) {
	case 0:
		return false
	case 1:
		h.b.m.Log.Errf("hook %s (stage %s) was under way when the engine ended; it is not run again", path, stage)
	}
	return true
}

// forgetEnded lets hooks that have run to their end run again. The one under which an engine ended is still not tried again.
func (h *hookRunner) forgetEnded() {
	h.b.forgetAll(func(what string, times int) bool { return strings.HasPrefix(what, stateHook) && times > 1 })
}

// guilty says the same of a job of the queue, once: what it has queued since is another one.
func (h *hookRunner) guilty(path string) bool {
	if !h.b.m.Restarted || h.b.counted(stateJob+path) == 0 {
		return false
	}
	h.b.m.Log.Errf("job %s was under way when the engine ended; it is not run again", path)
	h.b.forget(stateJob + path)
	return true
}

// begin records that a hook begins; the result, that it has ended.
func (h *hookRunner) begin(path string) (ended func()) {
	h.used = true
	h.b.count(stateHook + path)
	return func() { h.b.count(stateHook + path) }
}

// beginJob does the same for a job of the queue.
func (h *hookRunner) beginJob(path string) (ended func()) {
	h.b.count(stateJob + path)
	return func() { h.b.forget(stateJob + path) }
}

// stageDone records that a stage is finished.
func (h *hookRunner) stageDone(name string) {
	if h.used {
		h.b.count(stateStage + name)
	}
}

// again records that the stages from this one on are to be gone through again.
func (h *hookRunner) again(from string) {
	for _, s := range stages[stageIndex(from):] {
		h.b.forget(stateStage + s.name)
		h.finished = slices.DeleteFunc(h.finished, func(name string) bool { return name == s.name })
	}
}

// beginMount records that hooks mount from here on: what they have done by a crash nobody knows.
func (h *hookRunner) beginMount(byHooks bool) {
	if h.used = h.used || byHooks; h.used {
		h.b.count(stateMount)
	}
}

// tooLate ends a boot whose first engine has ended after hooks began to mount: then there is no second try, but the emergency action.
func (b *Boot) tooLate() bool {
	if !b.m.Restarted || b.counted(stateMount) == 0 {
		return false
	}
	b.end(b.config.Emergency, "the engine ended after hooks had begun to mount root")
	return true
}

func stageIndex(name string) int {
	return slices.IndexFunc(stages, func(s stage) bool { return s.name == name })
}

// skippedLook is how long a queue that was finished before a restart waits for udevd, which has been started again.
const skippedLook = 10 * time.Second
