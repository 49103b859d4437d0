package crypttab

import (
	"strconv"
	"strings"
)

// Entry is a line of crypttab(5).
type Entry struct {
	// Line is its number in the file, from 1.
	Line int
	// Name is that of the mapping; ValidName holds.
	Name string
	// Device is what is encrypted: "/dev/...", "UUID=...", "LABEL=...", "PARTUUID=...", "PARTLABEL=..." or "ID=...".
	Device string
	// Key is the file with the key; without a path the passphrase is asked for.
	Key     Location
	Options Options
}

// The bounds of a crypttab.
const (
	maxText    = 256 << 10
	maxLine    = 4096
	maxEntries = 256
)

// Parse reads a crypttab; file is its name in problems. A bad line costs that line.
func Parse(file, text string) ([]Entry, []Problem) {
	r := &report{source: file}
	var entries []Entry
	if len(text) > maxText {
		r.bad(file, "longer than "+strconv.Itoa(maxText)+" bytes, the rest is left out", "one line for each volume that is opened here")
		text = text[:maxText]
	}
	for line := range strings.SplitSeq(text, "\n") {
		r.line++
		fields := strings.FieldsFunc(line, isBlank)
		if len(fields) == 0 || fields[0][0] == '#' {
			continue
		}
		e, ok := parseLine(line, fields, r)
		switch {
		case !ok:
		case len(entries) == maxEntries:
			r.bad(e.Name, "more than "+strconv.Itoa(maxEntries)+" volumes, the rest is left out", "fewer")
			return entries, r.problems
		default:
			entries = append(entries, e)
		}
	}
	return entries, r.problems
}

func isBlank(c rune) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// parseLine reads the fields of a line: name, device, key file, options. What stands behind them is ignored, as by systemd.
func parseLine(line string, fields []string, r *report) (Entry, bool) {
	const form = "NAME DEVICE [KEYFILE|none [OPTIONS]]"
	switch {
	case len(line) > maxLine:
		r.bad(fields[0], "the line is longer than "+strconv.Itoa(maxLine)+" bytes", form)
		return Entry{}, false
	case len(fields) < 2:
		r.bad(fields[0], "the device is missing", form)
		return Entry{}, false
	}
	for i, f := range fields[:min(len(fields), 4)] {
		fields[i] = unescape(f)
		if strings.IndexByte(fields[i], 0) >= 0 {
			r.bad(f, "a zero byte", form)
			return Entry{}, false
		}
	}
	e := Entry{Line: r.line, Name: fields[0], Device: unquoteTag(fields[1])}
	switch {
	case !ValidName(e.Name):
		r.bad(e.Name, "not a name of a mapping", "1 to 127 letters, digits and any of _.+-")
		return Entry{}, false
	case !validDevice(e.Device):
		r.bad(e.Device, "not a block device", "UUID=..., PARTUUID=..., LABEL=..., PARTLABEL=..., ID=... or /dev/NAME")
		return Entry{}, false
	}
	if len(fields) > 3 {
		e.Options = parseOptions(fields[3], r)
	} else {
		e.Options = parseOptions("", r)
	}
	if len(fields) > 2 && e.Options.Keyscript == "" {
		e.Key = keyField(fields[2], r)
	}
	return e, true
}

// validDevice accepts the tags and paths under /dev. A file with a volume in it is no matter of the initramfs.
func validDevice(s string) bool {
	if !namesDevice(s) || s[0] != '/' {
		return namesDevice(s) && !strings.HasSuffix(s, "=")
	}
	return len(s) > len("/dev/") && strings.HasPrefix(s, "/dev/") && !strings.Contains(s+"/", "/../")
}

// keyField reads the third field; "none", "-" and what cannot be used ask for the passphrase.
func keyField(text string, r *report) Location {
	if text == "none" || text == "-" {
		return Location{}
	}
	l := splitLocation(text)
	switch {
	case !strings.HasPrefix(l.Path, "/"):
		r.bad(text, "a key file that is no absolute path, the passphrase is asked for", "/PATH[:DEVICE] or none")
	case l.Device != "" && !validDevice(l.Device):
		r.bad(text, "the key file is on no block device, the passphrase is asked for", "/PATH:UUID=... or /PATH:/dev/NAME")
	case l.Device == "" && inList(l.Path, "/dev/urandom /dev/random /dev/hw_random /dev/hwrng /dev/null"):
		r.bad(text, "no key of a volume that lasts, the passphrase is asked for", "none")
	default:
		return l
	}
	return Location{}
}

// unescape decodes a backslash and three octal digits, as Debian's crypttab(5) has them; any other backslash stays.
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
