package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/preroot/preroot/test/trials"
)

// told is what a console says about a boot. Times are the kernel log's, in milliseconds; 0 is never.
type told struct {
	end     string // the text behind "preroot: end: "
	marker  string
	device  string // of the root, by the kernel's name
	mounts  int
	appear  []disk // the disks, in the order in which their drivers named them
	events  []disk // the same by the records of their uevents, where the real init ran
	leave   float64
	refusal []string // the report's lines about more than one device
	warns   int      // lines about twins after the switch began
}

type disk struct {
	name string
	ms   float64
}

var (
	stamped = regexp.MustCompile(`^\[ *(\d+)\.(\d+)\] (.*)`)
	sized   = regexp.MustCompile(`\[([vs]d[a-z])\] .*logical blocks`)
	logged  = regexp.MustCompile(`^TWINS log (\d+) (.*)`)
	uevent  = regexp.MustCompile(`kobject: '([vs]d[a-z])' \S+ kobject_uevent_env(.*)`)
)

// read takes the console apart.
func read(lines []string) told {
	var t told
	for _, l := range lines {
		if m := stamped.FindStringSubmatch(l); m != nil {
			s, _ := strconv.ParseFloat(m[1]+"."+m[2], 64)
			t.kernel(s*1000, m[3])
		}
		if m := logged.FindStringSubmatch(l); m != nil {
			us, _ := strconv.ParseFloat(m[1], 64)
			t.record(us/1000, m[2])
		}
		if text, ok := strings.CutPrefix(l, "TWINS marker "); ok {
			t.marker = text
		}
		if text, ok := strings.CutPrefix(l, "TWINS device "); ok {
			t.device = text
		}
		if text, ok := strings.CutPrefix(l, "TWINS mounts "); ok {
			t.mounts, _ = strconv.Atoi(text)
		}
	}
	return t
}

func (t *told) kernel(ms float64, text string) {
	if _, end, ok := strings.Cut(text, "preroot: end: "); ok {
		t.end = end
	}
	if m := sized.FindStringSubmatch(text); m != nil && !has(t.appear, m[1]) {
		t.appear = append(t.appear, disk{m[1], ms})
	}
	if strings.Contains(text, "preroot: switching root to") {
		t.leave = ms
	}
	if strings.Contains(text, "more than one device answers") {
		t.refusal = append(t.refusal, text)
		if t.leave > 0 && t.end == "" {
			t.warns++
		}
	}
}

// record takes a line of the log that the real init copied.
func (t *told) record(ms float64, text string) {
	if m := uevent.FindStringSubmatch(text); m != nil {
		t.uevent(ms, m[1], m[2])
	}
	if strings.Contains(text, "preroot: switching root to") {
		t.leave = ms
	}
}

// uevent notes the first event that is sent of each disk: before it the kernel makes one that it drops, and says so.
func (t *told) uevent(ms float64, name, more string) {
	switch {
	case strings.Contains(more, "caused the event to drop"):
		t.events = slices.DeleteFunc(t.events, func(d disk) bool { return d.name == name })
	case !has(t.events, name):
		t.events = append(t.events, disk{name, ms})
	}
}

func has(list []disk, name string) bool {
	return slices.ContainsFunc(list, func(d disk) bool { return d.name == name })
}

// apart is the time between the two disks.
func (t told) apart() (float64, bool) {
	list := t.events
	if len(list) < 2 {
		list = t.appear
	}
	if len(list) < 2 {
		return 0, false
	}
	return list[1].ms - list[0].ms, true
}

// judge says whether a boot ended as it must.
func judge(c cell, t told) trials.Result {
	r := trials.Result{Figures: map[string]float64{}}
	if ms, ok := t.apart(); ok {
		r.Figures["apart ms"] = ms
	}
	switch {
	case t.marker != "":
		r.End = "BOOTED"
		r.Bad = t.booted(c, &r)
	case t.end != "":
		r.End, _, _ = strings.Cut(t.end, ":")
		r.Bad = t.refused(c)
	default:
		r.End, r.Bad = "none", "neither booted nor ended with a reason"
	}
	return r
}

// booted judges a boot that reached a root: one mount; of twins, the disk whose event came first, and the other came after the switch began.
func (t told) booted(c cell, r *trials.Result) string {
	if t.mounts != 1 {
		return fmt.Sprintf("%d mounts on /, want 1", t.mounts)
	}
	if !c.twins {
		return ""
	}
	if len(t.events) != 2 || t.leave == 0 {
		return fmt.Sprintf("the log has %d disks' uevents (want 2) and the switch at %.3f ms", len(t.events), t.leave)
	}
	second := t.events[1].ms - t.leave
	r.Figures["twin after switch ms"] = second
	switch {
	case second <= 0:
		return fmt.Sprintf("a twin was there %.3f ms before the switch, and %s was booted", -second, t.marker)
	case t.device != t.events[0].name:
		return fmt.Sprintf("%s (%s) was booted, %s came first", t.device, t.marker, t.events[0].name)
	case t.warns > 1:
		return fmt.Sprintf("%d lines about twins, want one at most", t.warns)
	}
	return ""
}

// refused judges a boot that ended: only twins may, both of them must be there, and both be named by serial and size.
func (t told) refused(c cell) string {
	switch {
	case !c.twins:
		return "it must boot: " + t.end
	case len(t.appear) < 2:
		return "refused though there was one disk only: " + t.end
	case len(t.refusal) == 0:
		return "no line says that more than one device answers: " + t.end
	}
	all := strings.Join(t.refusal, "\n")
	for _, want := range append(serials[:], " MB", t.appear[0].name, t.appear[1].name) {
		if !strings.Contains(all, want) {
			return fmt.Sprintf("the refusal does not name %q: %s", want, t.end)
		}
	}
	return ""
}
