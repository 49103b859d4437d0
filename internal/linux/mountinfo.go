package linux

import (
	"os"
	"strconv"
	"strings"
)

// MountsBelow lists what is mounted on dir and below it, in the order of the mounts, from /proc/self/mountinfo (proc(5)). It
// touches no file system: one that does not answer is listed as well. Without /proc the list is empty.
func MountsBelow(dir string) []string {
	text, _ := os.ReadFile("/proc/self/mountinfo")
	return mountsBelow(string(text), dir)
}

func mountsBelow(mountinfo, dir string) []string {
	var list []string
	for line := range strings.Lines(mountinfo) {
		f := strings.Fields(line)
		if len(f) < 5 {
			continue
		}
		if target := unescape(f[4]); target == dir || strings.HasPrefix(target, dir+"/") {
			list = append(list, target)
		}
	}
	return list
}

// unescape undoes the octal escapes of mountinfo: \040 is a blank.
func unescape(s string) string {
	head, rest, found := strings.Cut(s, `\`)
	if !found {
		return s
	}
	if len(rest) >= 3 {
		if n, err := strconv.ParseUint(rest[:3], 8, 8); err == nil {
			return head + string([]byte{byte(n)}) + unescape(rest[3:])
		}
	}
	return head + `\` + unescape(rest)
}
