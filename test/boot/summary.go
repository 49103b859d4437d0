package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/preroot/preroot/internal/vm"
)

func fields(s string) []string { return strings.Fields(s) }

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

// summary prints the end of a good boot: what was handed over and where the
// time went.
func summary(r vm.Result, out io.Writer) error {
	b, err := r.Bench()
	if err != nil {
		return err
	}
	timeTable(b, out)
	fmt.Fprintf(out, "\nroot reached: %.3f s after /init started, %.3f s after the kernel started (emulated, so slower than a real machine)\n",
		b.InitSeconds, b.TotalSeconds)
	fmt.Fprintf(out, "left in memory: %d kB; open files: %d; processes: %d; the whole run: %.1f s\n",
		b.LeftKB, b.FDs, b.Processes, r.Duration.Seconds())
	return nil
}

// timeTable prints the spans in the order in which they began; a bar shows
// where in the boot each lies.
func timeTable(b vm.Bench, out io.Writer) {
	if len(b.Spans) == 0 {
		return
	}
	spans := slices.Clone(b.Spans)
	slices.SortStableFunc(spans, func(a, b vm.Span) int { return int(a.StartUS - b.StartUS) })
	begin := int64((b.TotalSeconds - b.InitSeconds) * 1e6)
	end := int64(b.TotalSeconds * 1e6)
	fmt.Fprintf(out, "\nwhere the time went (ms; 0 is the start of /init)\n%10s %10s  %-10s %-34s\n", "from", "for", "what", "name")
	for _, s := range spans {
		fmt.Fprintf(out, "%10.1f %10.1f  %-10s %-34s %s\n", float64(s.StartUS-begin)/1e3, float64(s.DurationUS)/1e3,
			s.Kind, s.Name, bar(s.StartUS-begin, s.DurationUS, end-begin))
	}
}

const barWidth = 30

func bar(start, duration, whole int64) string {
	if whole <= 0 {
		return ""
	}
	at := clamp(start * barWidth / whole)
	length := max(1, clamp((start+duration)*barWidth/whole)-at)
	return strings.Repeat(" ", at) + strings.Repeat("#", length)
}

func clamp(n int64) int { return int(min(max(n, 0), barWidth)) }
