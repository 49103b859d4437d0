package blkid

import "unicode/utf8"

// jolietLabel is the label of a disc with both names: Joliet's has 16 UTF-16
// units, the primary one 32 characters of a small alphabet, with '_' for what
// it cannot say. If one is the beginning of the other, they complete each
// other; else Joliet's counts. That is libblkid's rule since 2.37.
func jolietLabel(long, short []byte) string {
	if merged, ok := mergeLabels(long, short); ok {
		return utf16Text(merged, true)
	}
	return utf16Text(long, true)
}

func mergeLabels(long, short []byte) (out []byte, ok bool) {
	a := 0
	for u := 0; u+1 < len(long) && a < len(short); a, u = a+1, u+2 {
		if u+3 < len(long) && long[u]&0xfc == 0xd8 && long[u+2]&0xfc == 0xdc {
			out = append(out, long[u], long[u+1])
			u += 2
		}
		unit, ok := mergeUnit(long[u], long[u+1], short[a])
		if !ok {
			return nil, false
		}
		out = append(out, unit[:]...)
	}
	for ; a < len(short); a++ {
		out = append(out, 0, short[a])
	}
	return out, true
}

// mergeUnit returns the better of a UTF-16 unit and the character that should
// be the same, or false if it is another one.
func mergeUnit(hi, lo, short byte) (unit [2]byte, ok bool) {
	switch {
	case short == '_':
		return [2]byte{hi, lo}, true
	case hi == 0 && lo == '_':
		return [2]byte{0, short}, true
	case hi == 0 && upper(lo) == upper(short):
		if upper(short) == short && short >= 'A' && short <= 'Z' {
			return [2]byte{0, lo}, true
		}
		return [2]byte{0, short}, true
	}
	return unit, false
}

func upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		c -= 'a' - 'A'
	}
	return c
}

// utf16Text decodes UTF-16 up to its first NUL and drops trailing white space.
// A lone surrogate becomes U+FFFD.
func utf16Text(b []byte, bigEndian bool) string {
	out := make([]byte, 0, len(b))
	for len(b) >= 2 {
		r := rune(unit(b, bigEndian))
		b = b[2:]
		if r == 0 {
			break
		}
		if r&^0x3ff == 0xd800 && len(b) >= 2 {
			if low := rune(unit(b, bigEndian)); low&^0x3ff == 0xdc00 {
				r = 0x10000 + (r&0x3ff)<<10 + low&0x3ff
				b = b[2:]
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return label(out)
}

func unit(b []byte, bigEndian bool) uint16 {
	if bigEndian {
		return be.Uint16(b)
	}
	return le.Uint16(b)
}
