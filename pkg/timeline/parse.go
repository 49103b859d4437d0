package timeline

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Parse reads the text of a record back. Lines that begin with # are comments.
func Parse(text string) ([]Span, error) {
	var spans []Span
	for i, line := range strings.Split(text, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		span, ok := parseLine(line)
		if !ok {
			return nil, fmt.Errorf("timeline: line %d: %q is not \"start_us length_us kind name\"", i+1, line)
		}
		spans = append(spans, span)
	}
	return spans, nil
}

func parseLine(line string) (Span, bool) {
	f := strings.SplitN(line, " ", 4)
	if len(f) < 4 {
		return Span{}, false
	}
	start, err1 := strconv.ParseInt(f[0], 10, 64)
	length, err2 := strconv.ParseInt(f[1], 10, 64)
	kind, failed := strings.CutSuffix(f[2], "!")
	return Span{
		Kind: kind, Name: f[3], Failed: failed,
		Start: time.Duration(start) * time.Microsecond, Length: time.Duration(length) * time.Microsecond,
	}, err1 == nil && err2 == nil
}
