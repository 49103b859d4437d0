package main

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// outcome is what the output of a fuzzing test binary says.
type outcome struct {
	execs  int64         // runs of the function, after those of the seeds
	corpus int           // inputs that were kept, the seeds included
	failed bool          // an input broke the target
	after  time.Duration // when that was seen, from the start
	seed   string        // the seed that did it: "seed#2"; "" for a new input
	input  string        // the file of a new input, seen from the package's folder
	fault  string        // the first line that says what broke
	text   string        // the whole output without the lines of progress
}

var (
	progressLine = regexp.MustCompile(`^fuzz: elapsed: [^,]+, execs: (\d+) \(.*\), new interesting: \d+ \(total: (\d+)\)`)
	seedLine     = regexp.MustCompile(`^failure while testing seed corpus entry: Fuzz\w*/(\S+)`)
	inputLine    = regexp.MustCompile(`^\s*Failing input written to (\S+)`)
)

// parseOutput reads the output as it comes; since is the clock of the run.
func parseOutput(r io.Reader, since func() time.Duration) (outcome, error) {
	var o outcome
	var text strings.Builder
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20) // a failed check may print its input
	for lines.Scan() {
		line := lines.Text()
		o.take(line, since)
		if !strings.HasPrefix(line, "fuzz: elapsed:") {
			fmt.Fprintln(&text, line)
		}
	}
	o.text = text.String()
	o.fault = fault(o.text)
	return o, lines.Err()
}

func (o *outcome) take(line string, since func() time.Duration) {
	if m := progressLine.FindStringSubmatch(line); m != nil {
		o.execs, _ = strconv.ParseInt(m[1], 10, 64)
		o.corpus, _ = strconv.Atoi(m[2])
	}
	if !o.failed && (strings.HasPrefix(line, "failure while testing seed") || strings.HasPrefix(line, "--- FAIL")) {
		o.failed, o.after = true, since()
	}
	if m := seedLine.FindStringSubmatch(line); m != nil {
		o.seed = m[1]
	}
	if m := inputLine.FindStringSubmatch(line); m != nil {
		o.input = m[1]
	}
}

// fault is the first line behind the heads of the failed tests.
func fault(text string) string {
	_, rest, ok := strings.Cut(text, "--- FAIL: ")
	if !ok {
		return ""
	}
	for line := range strings.Lines(rest) {
		if line = strings.TrimSpace(line); strings.Contains(line, "panic:") || strings.Contains(line, "_test.go:") {
			return line
		}
	}
	return ""
}

// ended says whether a run without a failure did what it was to do. At the end of its time Go may take its own deadline for an error.
func (o *outcome) ended(err error) bool {
	return err == nil || o.execs > 0 && o.input == "" && strings.Contains(o.text, "context deadline exceeded") && !strings.Contains(o.text, "panic:")
}
