package cmdline

import "strconv"

// Problem is a word of the command line, or of a file of configuration, that was not taken as written: a bad value, for which the default is used, or a deprecated
// name, which works.
type Problem struct {
	Word   string // as written
	Source string // where it stands: "/proc/cmdline", "/etc/cmdline.d/10.conf", "/etc/crypttab"
	Line   int    // of a file that is read by lines, from 1; 0 for a kernel parameter
	Reason string // what is wrong
	Want   string // what to write instead
	// Deprecated tells a mere warning (the word was obeyed) from a bad value (the default is used).
	Deprecated bool
}

// String returns the problem as one line, for example:
//
//	rd.retry=soon (/proc/cmdline): not a number; write rd.retry=SECONDS
//	/etc/crypttab:3: tries=many: not a number; write tries=NUMBER
func (p Problem) String() string {
	line := p.Word
	switch {
	case p.Line > 0:
		line = p.Source + ":" + strconv.Itoa(p.Line) + ": " + p.Word
	case p.Source != "":
		line += " (" + p.Source + ")"
	}
	line += ": " + p.Reason
	if p.Want != "" {
		line += "; write " + p.Want
	}
	return line
}
