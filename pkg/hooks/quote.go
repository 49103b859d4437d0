package hooks

import "strings"

// Quote writes a value as one word of shell text, in single quotes, where no character means anything. It is the one place where a value becomes
// text that a shell reads. A shell cannot hold NUL: the value ends there.
func Quote(value string) string {
	value, _, _ = strings.Cut(value, "\x00")
	return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}

// IsName says whether a word can be the name of a shell variable (POSIX, XBD 3.235).
func IsName(s string) bool {
	for i := 0; i < len(s); i++ {
		if !nameByte(s[i]) || i == 0 && s[i] <= '9' {
			return false
		}
	}
	return s != ""
}

func nameByte(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
