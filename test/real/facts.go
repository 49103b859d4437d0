package main

import (
	"regexp"
	"strings"
)

// facts are an answer taken apart: what is told about -> what is told. Two
// answers are compared fact by fact, so that their order says nothing.
type facts map[string]string

func (f facts) add(key, value string) {
	value = strings.TrimSpace(value)
	if old, twice := f[key]; twice {
		value = old + " + " + value
	}
	f[key] = value
}

// record are questions whose answers are for a reader, not for comparison.
var record = []string{"journal", "systemd-time", "timeline", "whole"}

// factsOf takes the answer to a question apart.
func factsOf(question, text string) facts {
	f := facts{}
	if question == "udev" {
		udevFacts(f, text)
		return f
	}
	for line := range strings.Lines(text) {
		line = normalise(strings.TrimRight(line, "\n"))
		key, value, ok := lineFact(question, line)
		if ok && !chance(key) {
			f.add(key, value)
		}
	}
	return f
}

// chance tells whether a value counts what happened since the start.
func chance(key string) bool {
	for _, prefix := range []string{"Vm", "Rss", "voluntary_", "nonvoluntary_", "kernel.ns_last_pid", "fs.file-nr", "fs.inode-", "fs.dentry-state", "tsc: ", "hrtimer: ", "hpet: "} {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

// lineFact takes one line apart; a line of no known form is told by itself.
func lineFact(question, line string) (key, value string, ok bool) {
	words := strings.Fields(line)
	switch question {
	case "sysctl", "proc1-environ", "fsck-unit":
		key, value, _ = strings.Cut(line, "=")
	case "proc1-status":
		key, value, _ = strings.Cut(line, ":")
	case "proc1-limits":
		key, value = line[:min(26, len(line))], line[min(26, len(line)):]
	case "rlimits-child":
		if n := len(words); n > 0 {
			key, value = strings.Join(words[:n-1], " "), words[n-1]
		}
	case "units", "mounts", "proc1-links":
		if len(words) > 0 {
			key, value = words[0], strings.Join(words[1:], " ")
		}
	case "run", "dev", "rootdir":
		if len(words) > 2 && words[2] != "/run/..." {
			key, value = words[2], words[0]+" "+words[1]+" "+strings.Join(words[3:], " ")
		}
	case "proc1-mountinfo":
		key, value = mountFact(words)
	case "kernel-warnings":
		return kernelFact(line)
	case "processes":
		// How many of these run at the moment is chance.
		return line, "", line != "" && !strings.HasPrefix(line, "kworker/") && line != "(udev-worker)"
	case "fsck":
		// What systemd itself says of a unit this early may reach the journal or
		// not.
		return line, "", line != "" && !strings.Contains(line, ".service - ")
	default:
		key = line
	}
	return strings.TrimSpace(key), value, strings.TrimSpace(key) != ""
}

// mountFact leaves out the numbers that the kernel counts up (proc(5),
// mountinfo): identities of mounts and groups, minor numbers of devices that
// are none.
func mountFact(words []string) (key, value string) {
	if len(words) < 7 {
		return "", ""
	}
	device := words[2]
	if strings.HasPrefix(device, "0:") {
		device = "0:"
	}
	rest := strings.Join(words[5:], " ")
	return words[4], device + " " + words[3] + " " + groups.ReplaceAllString(rest, "$1:")
}

// kernelFact takes warnings and worse of the kernel's own (facility 0) log.
func kernelFact(line string) (key, value string, ok bool) {
	m := kernelLine.FindStringSubmatch(line)
	if m == nil || len(m[1]) != 1 || m[1] > "4" {
		return "", "", false
	}
	return m[2], "", true
}

var (
	groups     = regexp.MustCompile(`\b(shared|master|propagate_from):\d+`)
	kernelLine = regexp.MustCompile(`^<(\d+)>\[[^]]*\] (.*)`)
	identity   = regexp.MustCompile(`\b[0-9a-f]{32}\b`)
	inode      = regexp.MustCompile(`(socket|pipe|anon_inode|mnt|pid|net|user|cgroup):\[\d+\]`)
	counter    = regexp.MustCompile(`\b(pid|PID|audit)[ =:(]*\d+(\.\d+:\d+)?`)
	spent      = regexp.MustCompile(`\b\d+(\.\d+)?(us|ms|s|min)\b`)
	inputs     = regexp.MustCompile(`(/input)\d+\b`)
	notify     = regexp.MustCompile(`/run/systemd/(inhibit|sessions|users|journal/streams|units)/\S+|/run/udev/(data|tags|links|watch)/\S*`)
)

// normalise replaces what is another value in each boot of the same system.
func normalise(line string) string {
	line = identity.ReplaceAllString(line, "ID")
	line = inode.ReplaceAllString(line, "$1:[N]")
	line = counter.ReplaceAllString(line, "$1 N")
	return spent.ReplaceAllString(notify.ReplaceAllString(line, "/run/..."), "TIME")
}

// udevFacts takes udev's database apart: device and property -> value
// (udevadm(8), info --export-db). The time of initialisation is left out.
func udevFacts(f facts, text string) {
	device := ""
	for line := range strings.Lines(text) {
		// Input devices are numbered as their drivers happen to load.
		line = inputs.ReplaceAllString(strings.TrimRight(line, "\n"), "${1}N")
		kind, rest, _ := strings.Cut(line, ": ")
		switch kind {
		case "P":
			device = rest
			f.add(device, "present")
		case "E":
			key, value, _ := strings.Cut(rest, "=")
			if key != "USEC_INITIALIZED" && key != "SEQNUM" {
				f.add(device+" "+key, sortedWords(key, value))
			}
		case "S":
			f.add(device+" link "+rest, "present")
		case "N", "L", "I", "V", "T", "D", "Q", "M", "R", "U", "G":
			if !strings.Contains("IQMR", kind) {
				f.add(device+" "+kind+":", rest)
			}
		}
	}
}
