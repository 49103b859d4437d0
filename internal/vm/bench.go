package vm

import (
	"fmt"
	"strconv"
	"strings"
)

// A Bench is what test/bench/rootinit.c printed: the times of a boot and what
// the real init was handed.
type Bench struct {
	InitSeconds  float64 // from the kernel's "Run /init" to the real init
	TotalSeconds float64 // from the kernel's start to the real init
	LeftKB       int     // what the initramfs left in memory
	FDs          int
	Processes    int
	Argv         string
	Env          []string
	Spans        []Span // preroot's own record, if it left one
}

// A Span is one line of preroot's timeline: what took how long.
type Span struct {
	StartUS    int64 // microseconds since the kernel's start
	DurationUS int64
	Kind, Name string
}

// Bench reads the lines of rootinit.c out of the console log.
func (r Result) Bench() (Bench, error) {
	var b Bench
	line := r.Line("BENCH init_s=")
	if line == "" {
		return b, fmt.Errorf("the real init was not reached")
	}
	_, line, _ = strings.Cut(line, "BENCH ")
	n, err := fmt.Sscanf(line, "init_s=%f total_s=%f left_kB=%d fds=%d processes=%d",
		&b.InitSeconds, &b.TotalSeconds, &b.LeftKB, &b.FDs, &b.Processes)
	if n != 5 {
		return b, fmt.Errorf("line %q of the real init: %v", line, err)
	}
	for _, l := range r.Lines {
		if _, rest, found := strings.Cut(l, "BENCH argv "); found {
			b.Argv = rest
		}
		if _, rest, found := strings.Cut(l, "BENCH env "); found {
			b.Env = append(b.Env, rest)
		}
		if _, rest, found := strings.Cut(l, "BENCH span "); found {
			if s, ok := parseSpan(rest); ok {
				b.Spans = append(b.Spans, s)
			}
		}
	}
	return b, nil
}

// parseSpan reads "start_us duration_us kind name".
func parseSpan(text string) (Span, bool) {
	f := strings.SplitN(strings.TrimSpace(text), " ", 4)
	if len(f) != 4 {
		return Span{}, false
	}
	start, err1 := strconv.ParseInt(f[0], 10, 64)
	duration, err2 := strconv.ParseInt(f[1], 10, 64)
	return Span{start, duration, f[2], f[3]}, err1 == nil && err2 == nil
}
