// Package timeline records where the time of a boot goes: spans of stages, modules, probes, mounts and jobs. The record
// is written under /run/initramfs/preroot/ and survives into the real system.
package timeline

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Span is one piece of work. Times count from the kernel's start, as in the kernel log.
type Span struct {
	Kind, Name    string
	Start, Length time.Duration
	Failed        bool
}

// Recorder collects spans; its methods may be called from any goroutine.
type Recorder struct {
	base  time.Time     // when Base was read
	since time.Duration // the kernel's clock at that moment
	mu    sync.Mutex
	spans []Span
}

// maxSpans bounds the record; what a machine with thousands of disks does past that is not kept.
const maxSpans = 8192

// New makes a Recorder; uptime is the kernel's clock now.
func New(uptime time.Duration) *Recorder {
	return &Recorder{base: time.Now(), since: uptime}
}

// Now is the kernel's clock, from the monotonic clock of the process.
func (r *Recorder) Now() time.Duration { return r.since + time.Since(r.base) }

// Start begins a span; calling the result ends it.
func (r *Recorder) Start(kind, name string) func(err error) {
	start := r.Now()
	return func(err error) {
		r.Add(Span{Kind: kind, Name: name, Start: start, Length: r.Now() - start, Failed: err != nil})
	}
}

// Add records a span measured elsewhere.
func (r *Recorder) Add(s Span) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.spans) < maxSpans {
		r.spans = append(r.spans, s)
	}
}

// Spans gives what is recorded, by start.
func (r *Recorder) Spans() []Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := slices.Clone(r.spans)
	slices.SortStableFunc(list, func(a, b Span) int { return int(a.Start - b.Start) })
	return list
}

// Text is the record as a file: one line a span, "start_us length_us kind name", with "!" behind the kind of
// one that failed. A name is the rest of the line, without what a terminal would not show as it is.
func (r *Recorder) Text() string {
	var b strings.Builder
	b.WriteString("# preroot timeline 1: start_us length_us kind name\n")
	for _, s := range r.Spans() {
		kind := s.Kind
		if s.Failed {
			kind += "!"
		}
		fmt.Fprintf(&b, "%d %d %s %s\n", s.Start.Microseconds(), s.Length.Microseconds(), kind, oneLine(s.Name))
	}
	return b.String()
}

func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < ' ', r >= 0x7f && r < 0xa0, r == utf8.RuneError: // C0, DEL, C1
			return '?'
		case r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069: // no width, another direction
			return '?'
		}
		return r
	}, s)
}
