package faults

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

// An End is how a boot ends.
type End string

// The four defined ends.
const (
	Booted     End = "BOOTED"
	Rebooted   End = "REBOOTED"
	PoweredOff End = "POWERED OFF"
	Held       End = "HELD"
)

// Want is what a run must show.
type Want struct {
	End    End
	Reason string   // must be part of the reason in the last "end:" line
	Says   []string // each must be part of a line that came after /init began
	Never  []string // none may be part of such a line
	// Within bounds the time from the start of /init to the end, by the guest's clock; 30 s if 0. NotBefore is a lower bound. On a
	// busy host, whose machines start slower than usualStart, upper bounds are longer by that factor.
	Within, NotBefore time.Duration
	Marker            string   // /marker in the right root; "root" if ""
	Root              []string // each must be part of what the real init says of its root (root.c)
	// Soon bounds the time from the first line that holds From to the end.
	Soon Span
	// Prompt says that a prompt may open before the end.
	Prompt bool
	// Stays says that the real system cannot switch the machine off: the harness does, once the real init has spoken.
	Stays bool
	// Until is a line after which the emulator cannot end: it waits for the disk that hangs. The harness ends it.
	Until string
	// Shell says that the probe command may be executed.
	Shell bool
	// Outside is part of the last that is heard before something else than preroot ends the machine: a panic of the kernel that was
	// injected, a watchdog. "" where preroot ends it.
	Outside string
	// Crash says that the engine is crashed on purpose: what PID 1 prints of it is no fault.
	Crash bool
}

// A Span begins with a line and ends with the boot.
type Span struct {
	From   string
	Within time.Duration
}

// A Run is what is known of a machine that has ended.
type Run struct {
	Lines   []string // the serial line
	Err     error    // QEMU's own failure
	Expired bool     // killed at the wall-clock limit
	Leaves  bool     // the console is a device that is gone before the kernel's last word (virtio)
	Silent  bool     // nothing is read from the console: Root says whether the real init ran
	Root    string   // the line of root.c, from the console or from the disk; "" if root was not reached
	Disks   []DiskState
}

// A DiskState is a disk image before and after the run.
type DiskState struct {
	Name          string
	Before, After string // digests
	MayChange     bool
}

// A Verdict is the judgement over a run.
type Verdict struct {
	End     End     // "" for none
	Reason  string  // of the last "end:" line, or root.c's line
	Seconds float64 // from the start of /init to the end
	Words   int     // lines of preroot
	Faults  []string
}

// maxLines bounds what a boot may print: nobody reads more.
const maxLines = 200

const defaultWithin = 30 * time.Second

// usualStart is when the kernel starts /init on a host that does nothing else, in seconds of its clock.
const usualStart = 2.5

// Judge passes a run that has no Faults.
func Judge(w Want, r Run) Verdict {
	lines := afterStart(r.Lines)
	v := Verdict{}
	ends := endings(lines, r.Root)
	if l := find(r.Lines, w.Outside); w.Outside != "" && l != "" {
		ends = append(ends, ending{w.End, l, stamp(l)})
	}
	v.judgeEnd(w, r, ends)
	v.judgeTime(w, r)
	v.judgeText(w, lines)
	v.judgeRoot(w, r)
	for _, d := range r.Disks {
		if d.Before != d.After && !d.MayChange {
			v.fault("the disk %s has changed", d.Name)
		}
	}
	return v
}

func (v *Verdict) fault(format string, args ...any) {
	v.Faults = append(v.Faults, fmt.Sprintf(format, args...))
}

// afterStart leaves out what the kernel said before /init.
func afterStart(lines []string) []string {
	for i, l := range lines {
		if strings.Contains(l, "] Run ") && strings.HasSuffix(l, " as init process") {
			return lines[i:]
		}
	}
	return lines
}

// An ending is one "end:" line.
type ending struct {
	end    End
	reason string
	at     float64
}

const endWord = "preroot: end: "

// endings lists every end that was told, in order; the real init's line last.
func endings(lines []string, root string) []ending {
	var list []ending
	for _, l := range lines {
		_, text, ok := strings.Cut(l, endWord)
		if !ok {
			continue
		}
		word, reason, _ := strings.Cut(text, ": ")
		end := ending{End(word), reason, stamp(l)}
		if before := len(list) - 1; before >= 0 && end.forces(list[before]) {
			list = list[:before]
		}
		list = append(list, end)
	}
	if root != "" {
		at, _ := strconv.ParseFloat(field(root, "at"), 64)
		list = append(list, ending{Booted, root, at})
	}
	return list
}

// forces says that an end was told a second time because the kernel did nothing about the first.
func (e ending) forces(first ending) bool {
	return e.end == first.end && strings.HasPrefix(e.reason, first.reason+" (forced: ")
}

// prompt tells a prompt from a machine that is halted.
func (e ending) prompt() bool { return e.end == Held && strings.HasPrefix(e.reason, "prompt") }

// judgeEnd wants exactly one end. Only a prompt may have been open before it, and been left by nobody.
func (v *Verdict) judgeEnd(w Want, r Run, ends []ending) {
	switch {
	case r.Err != nil:
		v.fault("QEMU: %v", r.Err)
	case r.Expired:
		v.fault("no end: killed at the limit of wall-clock time")
	}
	if len(ends) == 0 {
		v.fault("no defined end")
		return
	}
	last := ends[len(ends)-1]
	v.End, v.Reason = last.end, last.reason
	for _, e := range ends[:len(ends)-1] {
		switch {
		case !e.prompt():
			v.fault("two ends: %s (%s), then %s", e.end, e.reason, last.end)
		case !w.Prompt && (w.End == Booted || w.End == Held):
			v.fault("a prompt opened before the end: %s", e.reason)
		}
	}
	if last.end != w.End {
		v.fault("ended %s (%s), wanted %s", last.end, last.reason, w.End)
	}
	if !strings.Contains(last.reason, w.Reason) {
		v.fault("the reason is %q, wanted %q in it", last.reason, w.Reason)
	}
	if w.Outside == "" {
		v.kernelAgrees(r, last)
	}
}

// kernelAgrees looks for what the kernel itself says when the machine ends (kernel/reboot.c).
func (v *Verdict) kernelAgrees(r Run, last ending) {
	word := map[End]string{Rebooted: "reboot: Restarting system", PoweredOff: "reboot: Power down"}[last.end]
	if strings.Contains(last.reason, " (forced: ") {
		word = "sysrq: "
	}
	if last.end == Held && !last.prompt() {
		word = "reboot: System halted"
	}
	if word == "" || r.Silent || r.Leaves {
		return
	}
	for _, l := range r.Lines {
		if strings.Contains(l, word) {
			return
		}
	}
	v.fault("the end is told as %s, but the kernel does not say %q", last.end, word)
}

func (v *Verdict) judgeTime(w Want, r Run) {
	lines := afterStart(r.Lines)
	ends := endings(lines, r.Root)
	if len(ends) == 0 || r.Silent || len(lines) == len(r.Lines) {
		return
	}
	end := ends[len(ends)-1].at
	v.Seconds = end - stamp(lines[0])
	slow := max(1, stamp(lines[0])/usualStart)
	if from := find(lines, w.Soon.From); w.Soon.From != "" && (from == "" || end-stamp(from) > slow*w.Soon.Within.Seconds()) {
		v.fault("the end came later than %v (times %.1f) after %q (%s)", w.Soon.Within, slow, w.Soon.From, from)
	}
	within := w.Within
	if within == 0 {
		within = defaultWithin
	}
	if took := time.Duration(v.Seconds * float64(time.Second)); took.Seconds() > slow*within.Seconds() || took < w.NotBefore {
		v.fault("the end came after %.1f s, wanted %v to %v (times %.1f)", v.Seconds, w.NotBefore, within, slow)
	}
}

// crashWords are what a kernel in trouble prints; vm.Judge knows those of panics and of Go.
var crashWords = []string{"BUG: ", "Oops: ", "general protection fault", "blocked for more than", "rcu: INFO", "Attempted to kill init"}

func (v *Verdict) judgeText(w Want, lines []string) {
	var own []string // without what PID 1 quotes of an engine that was to crash
	for _, l := range lines {
		if strings.Contains(l, "preroot: ") {
			v.Words++
		}
		if strings.Contains(l, "SHELL-42") && !w.Shell {
			v.fault("a shell has executed the probe: %s", l)
		}
		injected := w.Outside != "" && strings.Contains(l, "Kernel panic") || w.Crash && strings.Contains(l, "preroot: engine: ")
		if !injected {
			own = append(own, l)
		}
		for _, word := range crashWords {
			if strings.Contains(l, word) {
				v.fault("crash: %s", l)
			}
		}
	}
	if crash := vm.Judge(own); crash != "" {
		v.fault("crash: %s", crash)
	}
	if v.Words > maxLines {
		v.fault("%d lines, wanted at most %d", v.Words, maxLines)
	}
	for _, text := range w.Says {
		if find(lines, text) == "" {
			v.fault("not said: %q", text)
		}
	}
	for _, text := range w.Never {
		if l := find(lines, text); l != "" {
			v.fault("must not be said: %q: %s", text, l)
		}
	}
}

// judgeRoot looks at what the real init found.
func (v *Verdict) judgeRoot(w Want, r Run) {
	if v.End != Booted || w.End != Booted {
		return
	}
	marker := w.Marker
	if marker == "" {
		marker = "root"
	}
	if got := field(r.Root, "marker"); got != marker {
		v.fault("the wrong root: its marker is %q, wanted %q", got, marker)
	}
	if got := field(r.Root, "mounts"); got != "1" {
		v.fault("the root device is mounted %s times", got)
	}
	for _, text := range w.Root {
		if !strings.Contains(r.Root, text) {
			v.fault("the real init does not see %q: %s", text, r.Root)
		}
	}
}

func find(lines []string, text string) string {
	for _, l := range lines {
		if strings.Contains(l, text) {
			return l
		}
	}
	return ""
}

// field returns the value of name= in a line of words.
func field(line, name string) string {
	for word := range strings.FieldsSeq(line) {
		if value, ok := strings.CutPrefix(word, name+"="); ok {
			return value
		}
	}
	return ""
}

// stamp is the kernel's time in front of a line, in seconds; 0 without one. A countdown may stand before it.
func stamp(line string) float64 {
	for ok := true; ok; {
		var text string
		if _, line, ok = strings.Cut(line, "["); !ok {
			break
		}
		text, _, _ = strings.Cut(line, "]")
		if at, err := strconv.ParseFloat(strings.TrimSpace(text), 64); err == nil {
			return at
		}
	}
	return 0
}
