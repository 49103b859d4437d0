package trial

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/preroot/preroot/pkg/timeline"
)

// Verdict is what a trial has shown.
type Verdict int

// The verdicts.
const (
	Untold  Verdict = iota // neither: it was stopped at its limit, or had not the hardware that the image is for
	Booted                 // the right root was reached, with all that is mounted before its init starts
	Stopped                // it was not
)

// Report is what the console says of a boot.
type Report struct {
	Verdict Verdict
	Reason  string  // why not, in one line
	Seconds float64 // of the kernel's clock, until the real init
	Mounts  []Mount
	Modules []string
	Spans   []timeline.Span
	// Warnings are those of the image, Last the end of the console of a boot that did not get through.
	Warnings, Last []string
}

// Mount is a stand-in that was mounted.
type Mount struct{ Point, Name, Type, Source, Options string }

// Judge reads the console.
func Judge(p *Plan, c *Console) *Report {
	r := &Report{}
	begun, ended := r.read(c.Lines)
	var bad string
	if begun {
		bad = r.compare(p)
	}
	switch {
	case begun && ended && bad == "":
		r.Verdict = Booted
	case begun && ended:
		r.Verdict, r.Reason = Stopped, bad
	case begun:
		r.Reason = "the real init was started, and said nothing more"
	default:
		r.Verdict, r.Reason = stopped(c)
		r.Last = lastLines(c.Lines, 12, r.Reason)
	}
	if r.Verdict == Stopped && p.Substitute && !begun {
		r.Verdict = Untold
		r.Reason += "; the disk is on another bus than that of the machine, for which the image need not have drivers"
	}
	return r
}

// read takes in the lines of cmd/trialinit.
func (r *Report) read(lines []string) (begun, ended bool) {
	for _, l := range lines {
		_, l, ok := strings.Cut(l, "TRIAL ")
		if !ok {
			continue
		}
		what, rest, _ := strings.Cut(stripColors(l), " ")
		f := strings.Fields(rest)
		switch what {
		case "begin":
			begun = true
		case "end":
			ended = true
		case "uptime":
			r.Seconds, _ = strconv.ParseFloat(rest, 64)
		case "mark":
			if len(f) == 2 {
				r.Mounts = append(r.Mounts, Mount{Point: f[0], Name: f[1]})
			}
		case "mount":
			if n := len(r.Mounts); n > 0 && len(f) == 4 {
				r.Mounts[n-1].Type, r.Mounts[n-1].Source, r.Mounts[n-1].Options = f[1], f[2], f[3]
			}
		case "module":
			r.Modules = append(r.Modules, rest)
		case "span":
			if spans, err := timeline.Parse(rest); err == nil && !slices.ContainsFunc(spans, implausible) {
				r.Spans = append(r.Spans, spans...)
			}
		case "warning":
			r.Warnings = append(r.Warnings, rest)
		}
	}
	return begun, ended
}

// implausible is a span that no boot has: sums and products of the others fit.
func implausible(s timeline.Span) bool {
	const longest = 7 * 24 * time.Hour
	return s.Start < 0 || s.Start > longest || s.Length < 0 || s.Length > longest
}

// compare says what of the machine's file systems is not where it belongs. Those that fstab has beside root and /usr are for the real init.
func (r *Report) compare(p *Plan) string {
	at := func(point string) string {
		name := ""
		for _, m := range r.Mounts { // a later one lies over an earlier one
			if m.Point == point {
				name = m.Name
			}
		}
		return name
	}
	for _, g := range p.Goals {
		if g.Name != "/" && g.Name != "/usr" {
			continue
		}
		switch got := at(g.Name); got {
		case g.Name:
		case "":
			return fmt.Sprintf("the real init was started, but nothing is mounted at %s", g.Name)
		default:
			return fmt.Sprintf("the real init was started, but mounted at %s is what belongs at %s", g.Name, got)
		}
	}
	return ""
}

// ends are lines that say why a boot ended, the one that says most first.
var ends = []*regexp.Regexp{
	regexp.MustCompile(`preroot: end: \w+: (.*)`),
	regexp.MustCompile(`(check access for rdinit=.* failed.*)`),
	regexp.MustCompile(`(Kernel panic - not syncing: (?:VFS|No working init|Requested init).*)`),
	regexp.MustCompile(`(ALERT!.*)`),
	regexp.MustCompile(`(Gave up waiting for .*)`),
	regexp.MustCompile(`dracut(?:-\w+)?(?:\[\d+\])?: (?:Warning: )?(FATAL: .*|.*does not exist.*|.*[Cc]ould not boot.*)`),
	regexp.MustCompile(`(Timed out waiting for device .*|.*\bDependency failed for .*)`),
	regexp.MustCompile(`(?i)((?:.*emergency (?:shell|mode)).*)`),
	regexp.MustCompile(`(Kernel panic - not syncing: .*)`),
	regexp.MustCompile(`(Initramfs unpacking failed: .*)`),
}

// stopped says why a boot did not reach the real init.
func stopped(c *Console) (Verdict, string) {
	why := ""
	for _, e := range ends {
		for _, l := range c.Lines {
			if m := e.FindStringSubmatch(stripColors(l)); m != nil {
				why = strings.TrimSpace(m[1])
			}
		}
		if why != "" {
			break
		}
	}
	switch {
	case c.Exit != nil:
		return Untold, c.Exit.Error()
	case c.Expired && len(lastLines(c.Lines, 1, "")) == 0:
		return Untold, fmt.Sprintf("nothing was heard of it for %.0f s", c.Duration.Seconds())
	case c.Prompt != "" && why != "":
		return Stopped, why
	case c.Prompt != "":
		return Stopped, fmt.Sprintf("it waits for somebody to type: %q", c.Prompt)
	case c.Expired && why == "":
		return Untold, fmt.Sprintf("it was neither there nor at an end after %.0f s: --timeout gives it longer", c.Duration.Seconds())
	case why == "":
		return Stopped, "the machine ended without a word why"
	}
	return Stopped, why
}

var colors = regexp.MustCompile(`\x1b\[[0-9;?]*[A-Za-z]`)

// stripColors takes a terminal's sequences and control characters out: what is printed comes from an image.
func stripColors(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, colors.ReplaceAllString(s, ""))
}

// lastLines are the last lines with text, but for those that say what is said already.
func lastLines(lines []string, n int, said string) (list []string) {
	for _, l := range slices.Backward(lines) {
		if l = strings.TrimSpace(stripColors(l)); l != "" && len(list) < n && (said == "" || !strings.Contains(l, said)) {
			list = append(list, l)
		}
	}
	slices.Reverse(list)
	return list
}

// Length is how long the timeline is.
func (r *Report) Length() (from, to time.Duration) {
	for i, s := range r.Spans {
		if i == 0 || s.Start < from {
			from = s.Start
		}
		to = max(to, s.Start+s.Length)
	}
	return from, to
}
