package cmdline

import (
	"math"
	"strings"
)

// Warning says that a word with a deprecated name was used.
type Warning struct {
	Old string // the word, as asked for
	New string // what to write instead; "" when there is nothing
}

// String returns the line to log.
func (w Warning) String() string {
	if w.New == "" {
		return "the kernel parameter " + w.Old + " is deprecated"
	}
	return "the kernel parameter " + w.Old + " is deprecated; write " + w.New + " instead"
}

// Result is what one of dracut's shell functions does: what it prints, its status, its warnings.
type Result struct {
	Text     string // standard output without the final newline
	Printed  bool   // false: nothing at all was printed, not even an empty line
	OK       bool   // the status is 0
	Warnings []Warning
}

// Lookup is the program dracut-getarg with its one argument: KEY, KEY= or KEY=VALUE. With a VALUE nothing
// is printed and ok says whether the last value is that one.
func (p Params) Lookup(arg string) (value string, printed, ok bool) {
	key, want, _ := strings.Cut(arg, "=")
	if want != "" {
		return "", false, p.Equal(key, want)
	}
	if key == "" {
		return "", false, false
	}
	w, ok := p.Last(key)
	return w.Value, w.HasValue, ok
}

// LookupAll is the program dracut-getargs with its one argument: the lines that it prints. It fails (status
// 1) when there is none.
func (p Params) LookupAll(arg string) []string {
	key, want, _ := strings.Cut(arg, "=")
	if want == "" {
		return p.All(key)
	}
	var lines []string
	for _, w := range p.words {
		if w.Key == key && key != "" && w.HasValue && w.Value == want {
			lines = append(lines, want)
		}
	}
	return lines
}

// Getarg is dracut's shell function getarg: `a -d b` tries a and then the deprecated b, `-y x` prints 1 if x
// is there, `-n x` prints 0 and fails if x is there; the first hit ends the search.
func (p Params) Getarg(args ...string) Result {
	deprecated := false
	current := "" // the first plain argument: the name to recommend
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "-d":
			deprecated = true
			continue
		case (arg == "-y" || arg == "-n") && i+1 < len(args):
			i++
			if _, _, ok := p.Lookup(args[i]); ok {
				return switchResult(arg == "-y", args[i], current, deprecated)
			}
		default:
			if current == "" {
				current = arg
			}
			if value, printed, ok := p.Lookup(arg); ok {
				return Result{value, printed, true, warnIf(deprecated, arg, current)}
			}
		}
		deprecated = false
	}
	return Result{}
}

// switchResult is the result of a hit of -y (yes) or -n.
func switchResult(yes bool, old, current string, deprecated bool) Result {
	if yes {
		return Result{"1", true, true, warnIf(deprecated, old, current)}
	}
	if current != "" {
		current += "=0"
	}
	return Result{"0", true, false, warnIf(deprecated, old, current)}
}

func warnIf(deprecated bool, old, current string) []Warning {
	if !deprecated {
		return nil
	}
	return []Warning{{Old: old, New: current}}
}

// Getargs is dracut's shell function getargs: the values of all its arguments (KEY, KEY= or KEY=VALUE; -d
// marks the next one as deprecated), one per line. As there, empty values at the end of one argument's
// lines print nothing, because they pass through a command substitution.
func (p Params) Getargs(args ...string) Result {
	var r Result
	var text []string
	deprecated := false
	for _, arg := range args {
		if arg == "-d" {
			deprecated = true
			continue
		}
		if lines := p.LookupAll(arg); len(lines) > 0 {
			r.OK = true
			r.Warnings = append(r.Warnings, warnIf(deprecated, arg, args[0])...)
			if s := strings.TrimRight(strings.Join(lines, "\n"), "\n"); s != "" {
				text = append(text, s)
			}
		}
		deprecated = false
	}
	r.Text, r.Printed = strings.Join(text, "\n"), len(text) > 0
	return r
}

// Getargbool is dracut's shell function getargbool with getarg's options: false only when getarg prints
// "0", "no" or "off"; def, in the same words, when it fails and prints nothing.
func (p Params) Getargbool(def string, args ...string) (bool, []Warning) {
	r := p.Getarg(args...)
	if !r.OK && r.Text == "" {
		r.Text = def
	}
	return !saysNo(r.Text), r.Warnings
}

// ParseNum reads a number as dracut's scripts and the kernel do: decimal digits only, a leading 0 means
// octal, too large is the largest int64.
func ParseNum(s string) (int64, bool) {
	if s == "" {
		return 0, false
	}
	base := int64(10)
	if s[0] == '0' {
		base = 8
	}
	n := int64(0)
	for i := 0; i < len(s); i++ {
		d := int64(s[i]) - '0'
		if d < 0 || d >= base {
			return 0, false
		}
		if n > (math.MaxInt64-d)/base {
			n = math.MaxInt64
			continue
		}
		n = n*base + d
	}
	return n, true
}
