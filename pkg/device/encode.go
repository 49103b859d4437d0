package device

import (
	"strings"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// Encode writes a label as udev and libblkid spell it in the name of a link (blkid_encode_string in
// libblkid): letters, digits, "#+-.:=@_" and valid multi-byte UTF-8 stay, every other byte becomes \xNN.
func Encode(label string) string {
	var b strings.Builder
	for i := 0; i < len(label); {
		c := label[i]
		if c >= utf8.RuneSelf {
			if r, n := utf8.DecodeRuneInString(label[i:]); r != utf8.RuneError || n > 1 {
				b.WriteString(label[i : i+n])
				i += n
				continue
			}
		}
		if plain(c) {
			b.WriteByte(c)
		} else {
			b.WriteString(`\x`)
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
		}
		i++
	}
	return b.String()
}

// Decode undoes Encode: each \xNN becomes its byte, other backslashes stay.
func Decode(name string) string {
	if !strings.Contains(name, `\x`) {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if name[i] == '\\' && i+3 < len(name) && name[i+1] == 'x' {
			hi, lo := hexValue(name[i+2]), hexValue(name[i+3])
			if hi >= 0 && lo >= 0 {
				b.WriteByte(byte(hi<<4 | lo))
				i += 3
				continue
			}
		}
		b.WriteByte(name[i])
	}
	return b.String()
}

func hexValue(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// plain is the white list of udev for names of links (whitelisted_char_for_devnode).
func plain(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || strings.IndexByte("#+-.:=@_", c) >= 0
}

// Safe makes a name for a link out of a string that a device gave, as udev does with the values in a
// SYMLINK rule: white space round it is cut, runs of it become one '_', and so does every byte that is not
// plain or valid UTF-8.
func Safe(s string) string {
	s = strings.Join(strings.Fields(strings.TrimRight(s, "\x00")), "_")
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] >= utf8.RuneSelf {
			if r, n := utf8.DecodeRuneInString(s[i:]); r != utf8.RuneError || n > 1 {
				b.WriteString(s[i : i+n])
				i += n
				continue
			}
		}
		if plain(s[i]) {
			b.WriteByte(s[i])
		} else {
			b.WriteByte('_')
		}
		i++
	}
	return b.String()
}
