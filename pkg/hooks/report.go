package hooks

import (
	"bytes"
	"strconv"
	"strings"
)

// report is what the shell says after a request: fields that end in NUL, the last of them empty.
//
//	number of the request, kind, status, state file, "d"+directory, "o"+options, name=value of each variable that is set, umask
type report struct {
	seq    uint64
	kind   string // "ready", "done" or "exited"
	status int
	kept   string // suffix of the state file that is whole
	dir    string
	opts   string
	umask  string
	vars   map[string]string
}

// maxReport bounds a report, in bytes: whoever writes more than this is no hook shell.
const maxReport = 4 << 20

// decoder collects what comes through the FIFO.
type decoder struct{ rest []byte }

// add takes more bytes and gives the reports that they complete. What is no report is passed over.
func (d *decoder) add(data []byte) []report {
	d.rest = append(d.rest, data...)
	var list []report
	for {
		text, rest, whole := bytes.Cut(d.rest, []byte{0, 0})
		if !whole {
			break
		}
		d.rest = rest
		if r, ok := decode(string(text)); ok {
			list = append(list, r)
		}
	}
	if len(d.rest) > maxReport {
		d.rest = nil
	}
	return list
}

// fixedFields is how many fields a report has before its variables.
const fixedFields = 6

// decode reads one report, without the two NULs at its end.
func decode(text string) (r report, ok bool) {
	fields := strings.Split(strings.TrimLeft(text, "\x00"), "\x00")
	if len(fields) <= fixedFields {
		return r, false
	}
	seq, errSeq := strconv.ParseUint(fields[0], 10, 64)
	status, errStatus := strconv.ParseUint(fields[2], 10, 16)
	dir, isDir := strings.CutPrefix(fields[4], "d")
	opts, isOpts := strings.CutPrefix(fields[5], "o")
	if errSeq != nil || errStatus != nil || !isDir || !isOpts {
		return r, false
	}
	last := len(fields) - 1
	r = report{seq, fields[1], int(status), fields[3], dir, opts, octal(fields[last]), map[string]string{}}
	for _, field := range fields[fixedFields:last] {
		if name, value, is := strings.Cut(field, "="); is && IsName(name) {
			r.vars[name] = value
		}
	}
	return r, true
}

// octal is a umask as umask(1) prints it, "" for anything else.
func octal(s string) string {
	s = strings.TrimSpace(s)
	if n, err := strconv.ParseUint(s, 8, 32); err != nil || n > 0o777 {
		return ""
	}
	return s
}
