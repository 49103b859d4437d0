package crypttab

import (
	"strings"
	"time"
)

// maxSpan bounds a time so that it never overflows: thirty years.
const maxSpan = 1_000_000_000 * time.Second

// parseSpan reads a time span of systemd.time(7), such as "90", "1min30s" or "500ms"; seconds when no unit is there. "infinity" is zero, as is "0".
func parseSpan(s string) (time.Duration, bool) {
	if s == "infinity" {
		return 0, true
	}
	var sum time.Duration
	if s == "" {
		return 0, false
	}
	for s != "" {
		digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
		if digits == 0 || digits > 18 {
			return 0, false
		}
		n := int64(0)
		for _, c := range s[:digits] {
			n = n*10 + int64(c-'0')
		}
		s = s[digits:]
		letters := len(s) - len(strings.TrimLeft(s, "abcdefghijklmnopqrstuvwxyzM"))
		unit := unitOf(s[:letters])
		if unit == 0 {
			return 0, false
		}
		s = s[letters:]
		if n > int64(maxSpan/unit) {
			return maxSpan, s == ""
		}
		sum = min(sum+time.Duration(n)*unit, maxSpan)
	}
	return sum, true
}

// unitOf is the length of a unit of systemd.time(7), 0 when there is none of this name.
func unitOf(name string) time.Duration {
	const day = 24 * time.Hour
	switch name {
	case "usec", "us":
		return time.Microsecond
	case "msec", "ms":
		return time.Millisecond
	case "", "s", "sec", "second", "seconds":
		return time.Second
	case "m", "min", "minute", "minutes":
		return time.Minute
	case "h", "hr", "hour", "hours":
		return time.Hour
	case "d", "day", "days":
		return day
	case "w", "week", "weeks":
		return 7 * day
	case "M", "month", "months":
		return 2629800 * time.Second
	case "y", "year", "years":
		return 31557600 * time.Second
	}
	return 0
}
