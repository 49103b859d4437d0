package klog

import (
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// Clean makes foreign text (labels, serial numbers, what a program printed) harmless for a terminal and for the
// kernel log: printable UTF-8 stays, every other byte becomes \xNN. Characters that change the direction of text or have no
// width count as not printable, since they hide what is said.
func Clean(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7f {
			return clean(s)
		}
	}
	return s
}

func clean(s string) string {
	out := make([]byte, 0, len(s)+16)
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if harmless(r, n) {
			out = append(out, s[i:i+n]...)
		} else {
			for _, b := range []byte(s[i : i+n]) {
				out = append(out, '\\', 'x', hexDigits[b>>4], hexDigits[b&15])
			}
		}
		i += n
	}
	return string(out)
}

// harmless judges by ranges rather than by the Unicode tables, which would cost more bytes than the rest of the log.
func harmless(r rune, size int) bool {
	switch {
	case r == utf8.RuneError && size == 1:
		return false
	case r < ' ', r >= 0x7f && r < 0xa1, r == 0xad: // C0, DEL, C1, no-break space, soft hyphen
		return false
	case r >= 0x0300 && r <= 0x036f: // combining marks: they pile up on the character before
		return false
	case r == 0x061c, r == 0x115f, r == 0x1160, r == 0x180e, r == 0x3164, r == 0xffa0:
		return false
	case r >= 0x2000 && r <= 0x200f, r >= 0x2028 && r <= 0x202f, r >= 0x205f && r <= 0x206f: // spaces, zero width, bidi
		return false
	case r >= 0xd800 && r <= 0xf8ff, r >= 0xfe00 && r <= 0xfe0f, r == 0xfeff, r >= 0xfff0 && r <= 0xfffc, r >= 0xe0000:
		return false
	}
	return true
}
