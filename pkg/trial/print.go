package trial

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/preroot/preroot/pkg/timeline"
)

// Headline is the verdict in one line.
func (r *Report) Headline(image string, c *Console) string {
	how := "emulated, slower than a machine"
	if c.KVM {
		how = "under KVM"
	}
	switch r.Verdict {
	case Booted:
		return fmt.Sprintf("%s: booted in %.1f s to the right root (%s)", image, r.Seconds, how)
	case Stopped:
		return fmt.Sprintf("%s: stopped: %s (%s)", image, r.Reason, how)
	}
	return fmt.Sprintf("%s: cannot be told: %s (%s)", image, r.Reason, how)
}

// Print writes all but the headline.
func (r *Report) Print(w io.Writer, p *Plan) {
	for _, m := range r.Mounts {
		fmt.Fprintf(w, "  %s is %s, %s (%s)\n", m.Point, m.Source, m.Type, m.Options)
	}
	for _, u := range p.Untried {
		fmt.Fprintf(w, "  not tried: %s\n", u)
	}
	for _, l := range r.Warnings {
		fmt.Fprintf(w, "  warning: %s\n", stripColors(l))
	}
	if len(r.Last) > 0 {
		fmt.Fprintln(w, "  the end of its console:")
	}
	for _, l := range r.Last {
		fmt.Fprintf(w, "    | %s\n", l)
	}
	r.timeline(w)
	if len(r.Modules) > 0 {
		fmt.Fprintf(w, "  modules loaded (%d): %s\n", len(r.Modules), strings.Join(r.Modules, " "))
	}
}

// barWidth is that of a timeline, in characters.
const barWidth = 40

// timeline draws a bar for each span that takes a hundredth of the whole or a stage.
func (r *Report) timeline(w io.Writer) {
	from, to := r.Length()
	whole := to - from
	if len(r.Spans) == 0 || whole <= 0 {
		return
	}
	fmt.Fprintf(w, "  timeline, from %.3f s of the kernel's clock:\n", from.Seconds())
	short := 0
	for _, s := range r.Spans {
		if s.Kind != "stage" && !s.Failed && s.Length < whole/100 {
			short++
			continue
		}
		failed := ""
		if s.Failed {
			failed = " FAILED"
		}
		fmt.Fprintf(w, "    |%s| %7.3f s  %s %s%s\n", bar(s, from, whole), s.Length.Seconds(), s.Kind, stripColors(s.Name), failed)
	}
	if short > 0 {
		fmt.Fprintf(w, "    and %d that took less than %.3f s\n", short, (whole / 100).Seconds())
	}
}

func bar(s timeline.Span, from, whole time.Duration) string {
	a := int(barWidth * (s.Start - from) / whole)
	b := int(barWidth * (s.Start + s.Length - from) / whole)
	a = min(a, barWidth-1)
	b = min(max(b, a+1), barWidth)
	return strings.Repeat(" ", a) + strings.Repeat("=", b-a) + strings.Repeat(" ", barWidth-b)
}
