package blkid

import "bytes"

// label returns a label field as libblkid reports it: up to the first NUL,
// without trailing white space.
func label(field []byte) string {
	if i := bytes.IndexByte(field, 0); i >= 0 {
		field = field[:i]
	}
	n := len(field)
	for n > 0 && isSpace(field[n-1]) {
		n--
	}
	return string(field[:n])
}

// isSpace is isspace(3) in the C locale.
func isSpace(c byte) bool {
	return c == ' ' || c >= '\t' && c <= '\r'
}

const hexDigits = "0123456789abcdef"

// uuid spells 16 bytes as 8-4-4-4-12 digits. All zeros mean no UUID.
func uuid(b []byte) string {
	if len(b) < 16 || allZero(b[:16]) {
		return ""
	}
	var out [36]byte
	n := 0
	for i, c := range b[:16] {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			out[n] = '-'
			n++
		}
		out[n], out[n+1] = hexDigits[c>>4], hexDigits[c&15]
		n += 2
	}
	return string(out[:])
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
