package rescue

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// record splits a line of the kernel's log as syslog(2) gives it: "<4>[    1.234567] text".
func record(line string) (level int, text string) {
	level = 6
	if len(line) > 2 && line[0] == '<' {
		if end := strings.IndexByte(line, '>'); end > 1 && end < 5 {
			level = 0
			for _, c := range line[1:end] {
				level = level*10 + int(c-'0')
			}
			level &= 7 // the rest is the facility
			line = line[end+1:]
		}
	}
	if strings.HasPrefix(line, "[") {
		if _, rest, ok := strings.Cut(line, "] "); ok {
			line = rest
		}
	}
	return level, line
}

// maxTrouble bounds the lines of the kernel's log on the screen.
const maxTrouble = 6

// Trouble picks the last lines of the kernel's log in which a driver or a file system complains about one of the devices, or a module
// is refused; the same complaint counts once.
func Trouble(log string, devices []string) []string {
	var list []string
	for line := range strings.SplitSeq(log, "\n") {
		level, text := record(line)
		if level > 4 || strings.HasPrefix(text, "preroot: ") || !complains(level, text, devices) {
			continue
		}
		if i := slices.IndexFunc(list, func(l string) bool { return sameWords(l, text) }); i >= 0 {
			list = slices.Delete(list, i, i+1)
		}
		list = append(list, text)
	}
	return list[max(0, len(list)-maxTrouble):]
}

// complains judges a message of level warning or worse. Those that name no device count when they say that a module was refused.
func complains(level int, text string, devices []string) bool {
	for _, m := range []string{"Unknown symbol", "disagrees about version", "module verification failed", "Loading of module with unavailable key", "Lockdown:"} {
		if strings.Contains(text, m) {
			return true
		}
	}
	return level <= 4 && slices.ContainsFunc(devices, func(d string) bool { return mentions(text, d) })
}

// mentions finds a device's name as a word of its own: "(vda)", "device vda1:", "dev vda, sector 0", "sd 0:0:0:0: [sda]".
func mentions(text, name string) bool {
	for rest := text; name != ""; {
		i := strings.Index(rest, name)
		if i < 0 {
			return false
		}
		before, after := i == 0 || !wordByte(rest[i-1]), i+len(name) == len(rest) || !wordByte(rest[i+len(name)])
		if before && after {
			return true
		}
		rest = rest[i+len(name):]
	}
	return false
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

// sameWords says whether two messages differ in numbers only.
func sameWords(a, b string) bool {
	strip := func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}
	return strings.Map(strip, a) == strings.Map(strip, b)
}

// Firmware names the firmware files that the kernel asked for and did not get (drivers/base/firmware_loader/main.c; Debian's
// kernels have words of their own), each with the driver and the device that asked.
func Firmware(log string) []string {
	var list []string
	for line := range strings.SplitSeq(log, "\n") {
		_, text := record(line)
		who, name := "", ""
		if before, rest, ok := strings.Cut(text, "Direct firmware load for "); ok {
			who, name = before, first(rest)
		} else if before, rest, ok := strings.Cut(text, "firmware: failed to load "); ok {
			who, name = before, first(rest)
		}
		if name == "" || slices.ContainsFunc(list, func(l string) bool { return first(l) == name }) {
			continue
		}
		if who = strings.TrimSuffix(who, ": "); who != "" {
			name += " (for " + who + ")"
		}
		list = append(list, name)
	}
	return list
}

func first(s string) string {
	word, _, _ := strings.Cut(s, " ")
	return word
}

// Since picks the messages of level warning or worse about a device that have come since the kernel's clock showed from: what the
// kernel said about one mount. A log without times (printk.time=0) counts as a whole.
func Since(log string, from time.Duration, device string) []string {
	var fresh strings.Builder
	for line := range strings.SplitSeq(log, "\n") {
		if at, known := stamp(line); !known || at >= from-clockSlack {
			fresh.WriteString(line + "\n")
		}
	}
	return Trouble(fresh.String(), []string{device})
}

// clockSlack is how far the log's clock may lie behind CLOCK_MONOTONIC.
const clockSlack = 200 * time.Millisecond

// stamp is the time in "<4>[    1.234567] text".
func stamp(line string) (at time.Duration, known bool) {
	_, rest, ok := strings.Cut(line, "[")
	number, _, closed := strings.Cut(rest, "]")
	seconds, fraction, dotted := strings.Cut(strings.TrimSpace(number), ".")
	s, err := strconv.Atoi(seconds)
	us, err2 := strconv.Atoi(fraction)
	return time.Duration(s)*time.Second + time.Duration(us)*time.Microsecond, ok && closed && dotted && err == nil && err2 == nil
}
