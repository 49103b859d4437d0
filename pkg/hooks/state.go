package hooks

import (
	"slices"
	"strings"
)

// variable is one of the shell's, as it is put back.
type variable struct {
	value    string
	set      bool // it has a value, be it empty
	exported bool
}

// ownPrefix begins the names of the loop's own variables.
const ownPrefix = "_pr_"

// endMark is the variable in the last line of a whole state file.
const endMark = "_pr_end"

// special are variables that a shell makes itself: read-only in one of them, or without meaning in another process.
var special = strings.Fields(`_ IFS OPTIND OPTERR PPID PWD LINENO FUNCNAME RANDOM SRANDOM SECONDS EPOCHSECONDS EPOCHREALTIME UID EUID GROUPS
	SHELLOPTS BASHOPTS DIRSTACK PIPESTATUS HISTCMD SHLVL POSIXLY_CORRECT job`)

// restorable says whether a variable is put back after a restart.
func restorable(name string) bool {
	return IsName(name) && !strings.HasPrefix(name, ownPrefix) && !strings.HasPrefix(name, "BASH") && !slices.Contains(special, name)
}

// parseState reads what the builtins set and export -p printed (POSIX: in a form that the shell itself can read again). dash and busybox write
// 'value', bash also value, "value" and $'value'. whole is false when the end mark of the request with that number is missing: then the
// file was cut off. Arrays and functions of bash are passed over.
func parseState(text, number string) (vars map[string]variable, whole bool) {
	vars = map[string]variable{}
	for text != "" {
		var line stateLine
		line, text = nextLine(text)
		if line.name == endMark && line.hasValue {
			return vars, line.value == number
		}
		if !restorable(line.name) {
			continue
		}
		v := vars[line.name]
		if line.hasValue {
			v.value, v.set = line.value, true
		}
		v.exported = v.exported || line.exported
		vars[line.name] = v
	}
	return vars, false
}

// stateLine is NAME=value or export NAME[=value]; the name is empty when it is neither.
type stateLine struct {
	name, value        string
	hasValue, exported bool
}

func nextLine(text string) (line stateLine, rest string) {
	head, after := exportPrefix(text)
	line.exported = head
	n := 0
	for n < len(after) && nameByte(after[n]) {
		n++
	}
	name := after[:n]
	switch after = after[n:]; {
	case after == "" || after[0] == '\n':
		if line.exported {
			line.name = name
		}
		return line, strings.TrimPrefix(after, "\n")
	case !IsName(name) || after[0] != '=' || strings.HasPrefix(after, "=("):
		_, rest, _ = strings.Cut(after, "\n")
		return line, rest
	}
	line.name, line.hasValue = name, true
	line.value, rest = word(after[1:])
	return line, rest
}

// exportPrefix takes off what export -p writes before a name: "export " in POSIX mode, "declare -x " in bash's own.
func exportPrefix(text string) (is bool, rest string) {
	if rest, ok := strings.CutPrefix(text, "export "); ok {
		return true, rest
	}
	if rest, ok := strings.CutPrefix(text, "declare -"); ok {
		if flags, rest, ok := strings.Cut(rest, " "); ok && strings.Contains(flags, "x") && !strings.Contains(flags, "\n") {
			return true, rest
		}
	}
	return false, text
}

// word reads one word of shell text up to the end of its line.
func word(s string) (value, rest string) {
	var b strings.Builder
	for s != "" && s[0] != '\n' {
		switch {
		case s[0] == '\'':
			var part string
			part, s, _ = strings.Cut(s[1:], "'")
			b.WriteString(part)
		case s[0] == '"':
			s = doubleQuoted(&b, s[1:])
		case strings.HasPrefix(s, "$'"):
			s = ansiQuoted(&b, s[2:])
		case s[0] == '\\' && len(s) > 1:
			b.WriteByte(s[1])
			s = s[2:]
		default:
			b.WriteByte(s[0])
			s = s[1:]
		}
	}
	return b.String(), strings.TrimPrefix(s, "\n")
}

// doubleQuoted reads up to the closing quote and gives what follows it.
func doubleQuoted(b *strings.Builder, s string) string {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return s[i+1:]
		case s[i] == '\\' && i+1 < len(s) && strings.IndexByte("$`\"\\", s[i+1]) >= 0:
			i++
		}
		b.WriteByte(s[i])
	}
	return ""
}

// ansiQuoted reads what bash writes as $'...', up to the closing quote, and gives what follows it.
func ansiQuoted(b *strings.Builder, s string) string {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\'':
			return s[i+1:]
		case s[i] != '\\' || i+1 == len(s):
			b.WriteByte(s[i])
		default:
			i += ansiEscape(b, s[i+1:])
		}
	}
	return ""
}

// ansiEscape writes the character that is meant by what follows a backslash, and says how many bytes that was.
func ansiEscape(b *strings.Builder, s string) int {
	n, c := 0, 0
	for n < 3 && n < len(s) && '0' <= s[n] && s[n] <= '7' {
		c = c<<3 | int(s[n]-'0')
		n++
	}
	if n > 0 {
		b.WriteByte(byte(c))
		return n
	}
	if i := strings.IndexByte("abEefnrtv", s[0]); i >= 0 {
		b.WriteByte("\a\b\x1b\x1b\f\n\r\t\v"[i])
	} else {
		b.WriteByte(s[0])
	}
	return 1
}
