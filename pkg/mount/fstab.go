package mount

import (
	"fmt"
	"strconv"
	"strings"
)

// Entry is one line of fstab(5).
type Entry struct {
	Spec, File, Type string
	Options          Options
	Pass             int
}

// maxFstab bounds what is read of a file of fstab(5), in bytes.
const maxFstab = 256 << 10

// MaxFstab is the longest fstab that is read, in bytes.
const MaxFstab = maxFstab

// ParseFstab reads fstab(5). A line that is none is passed over and named in problems; the others count.
func ParseFstab(text string) (entries []Entry, problems []error) {
	if len(text) > maxFstab {
		return nil, []error{fmt.Errorf("fstab: longer than %d bytes", maxFstab)}
	}
	for n, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0][0] == '#' {
			continue
		}
		e, err := parseEntry(fields)
		if err != nil {
			problems = append(problems, fmt.Errorf("fstab: line %d: %w", n+1, err))
			continue
		}
		entries = append(entries, e)
	}
	return entries, problems
}

func parseEntry(fields []string) (Entry, error) {
	if len(fields) < 3 {
		return Entry{}, fmt.Errorf("%q: want \"device directory type options dump pass\"", strings.Join(fields, " "))
	}
	e := Entry{Spec: Unescape(fields[0]), File: Unescape(fields[1]), Type: fields[2]}
	if len(fields) > 3 {
		e.Options = ParseOptions(Unescape(fields[3]))
	}
	if len(fields) > 5 {
		pass, err := strconv.Atoi(fields[5])
		if err != nil {
			return e, fmt.Errorf("pass %q is not a number", fields[5])
		}
		e.Pass = pass
	}
	return e, nil
}

// Unescape undoes the octal escapes of fstab(5) and /proc/self/mountinfo: \040 is a blank.
func Unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				out = append(out, byte(n))
				i += 3
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}

// For finds the entry of a directory; the first one counts.
func For(entries []Entry, file string) (Entry, bool) {
	for _, e := range entries {
		if strings.TrimRight(e.File, "/") == strings.TrimRight(file, "/") && e.Type != "swap" {
			return e, true
		}
	}
	return Entry{}, false
}
