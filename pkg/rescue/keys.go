package rescue

import (
	"unicode/utf8"

	"github.com/preroot/preroot/internal/klog"
)

// key is what a person pressed: a character (a rune of its own value), or one of the constants.
type key rune

// The keys that edit; what is not a character is negative.
const (
	keyNone key = -1 - iota
	keyEnter
	keyInterrupt
	keyEnd
	keyHome
	keyLeft
	keyRight
	keyUp
	keyDown
	keyBackspace
	keyDelete
	keyDeleteOrEOF // Ctrl-D
	keyKillToEnd
	keyKillToStart
	keyKillWord
	keyClear
	keyTab
)

// decoder turns the bytes of a terminal into keys. It knows the sequences of the Linux console (console_codes(4)), of xterm
// (ctlseqs) and of VT100 and VT220 (ECMA-48): they may come in any pieces. What it does not know is swallowed whole, so
// that no rest of a sequence is taken for text.
type decoder struct {
	state  escape
	param  byte // the first digit of a CSI sequence, 0 for none
	length int  // of the sequence so far
	afterR bool // the last byte was CR: the LF of a CR LF pair is no second Enter
	part   [utf8.UTFMax]byte
	partN  int // bytes of a character that is not yet whole
}

// escape is where in an escape sequence the decoder stands.
type escape int

const (
	ground   escape = iota
	escaped         // after ESC
	csi             // after ESC [
	ss3             // after ESC O
	linuxFn         // after ESC [ [, the function keys of the Linux console
	overlong        // a CSI sequence that is too long to be one: swallowed up to its end
)

// maxSequence bounds an escape sequence: the longest known has twelve bytes.
const maxSequence = 32

// feed takes one byte and gives the key that it completes, keyNone for none.
func (d *decoder) feed(b byte) key {
	afterR := d.afterR
	d.afterR = b == '\r'
	switch {
	case b == '\n' && afterR:
		return keyNone
	case b < ' ' || b == 0x7f:
		return d.control(b)
	case d.state != ground:
		return d.sequence(b)
	case b < utf8.RuneSelf:
		d.partN = 0
		return key(b)
	}
	return d.multibyte(b)
}

// control takes a control character, which ends any sequence: Ctrl-C always works.
func (d *decoder) control(b byte) key {
	d.state, d.partN = ground, 0
	if b == 0x1b {
		d.state, d.param, d.length = escaped, 0, 0
		return keyNone
	}
	switch b {
	case '\r', '\n':
		return keyEnter
	case '\b', 0x7f:
		return keyBackspace
	case '\t':
		return keyTab
	}
	return controlKey(b + '@')
}

// controlKey is the meaning of Ctrl and a letter, as in other line editors.
func controlKey(letter byte) key {
	switch letter {
	case 'A':
		return keyHome
	case 'B':
		return keyLeft
	case 'C':
		return keyInterrupt
	case 'D':
		return keyDeleteOrEOF
	case 'E':
		return keyEnd
	case 'F':
		return keyRight
	case 'K':
		return keyKillToEnd
	case 'L':
		return keyClear
	case 'N':
		return keyDown
	case 'P':
		return keyUp
	case 'U':
		return keyKillToStart
	case 'W':
		return keyKillWord
	}
	return keyNone
}

func (d *decoder) sequence(b byte) key {
	d.length++
	switch d.state {
	case escaped:
		d.state = afterEscape(b)
	case ss3, linuxFn:
		last := d.state
		d.state = ground
		if last == ss3 {
			return finalKey(b, 0)
		}
	case csi:
		return d.csi(b)
	case overlong:
		if b >= '@' {
			d.state = ground
		}
	}
	return keyNone
}

// afterEscape judges the byte after ESC; ESC and a character is Alt and that key, which means nothing here.
func afterEscape(b byte) escape {
	switch b {
	case '[':
		return csi
	case 'O':
		return ss3
	}
	return ground
}

// csi takes the bytes behind ESC [: parameters (0x30 to 0x3f), intermediate bytes (0x20 to 0x2f), a final byte.
func (d *decoder) csi(b byte) key {
	switch {
	case b == '[' && d.length == 2:
		d.state = linuxFn
	case b >= '@':
		d.state = ground
		return finalKey(b, d.param)
	case d.length > maxSequence:
		d.state = overlong
	case d.length == 2 && b >= '0' && b <= '9':
		d.param = b
	case d.length == 3 && b >= '0' && b <= '9':
		d.param = 0 // two digits: a function key
	}
	return keyNone
}

// finalKey is the key of a sequence that ends in b, with its first parameter where that is one digit.
func finalKey(b, param byte) key {
	switch b {
	case 'A':
		return keyUp
	case 'B':
		return keyDown
	case 'C':
		return keyRight
	case 'D':
		return keyLeft
	case 'H':
		return keyHome
	case 'F':
		return keyEnd
	case '~':
		return editingKey(param)
	}
	return keyNone
}

// editingKey is the key of ESC [ N ~: 1 and 4 of the VT220 and the Linux console, 7 and 8 of rxvt.
func editingKey(param byte) key {
	switch param {
	case '1', '7':
		return keyHome
	case '4', '8':
		return keyEnd
	case '3':
		return keyDelete
	}
	return keyNone
}

// multibyte collects the bytes of a character. What is not UTF-8 is dropped, and so are characters that a terminal would not show as
// what they are (klog.Clean).
func (d *decoder) multibyte(b byte) key {
	d.part[d.partN] = b
	d.partN++
	text := d.part[:d.partN]
	if !utf8.FullRune(text) {
		return keyNone
	}
	r, size := utf8.DecodeRune(text)
	if r == utf8.RuneError && size == 1 {
		// The byte may begin the next character.
		d.partN = 0
		if len(text) > 1 && utf8.RuneStart(b) {
			return d.multibyte(b)
		}
		return keyNone
	}
	d.partN = 0
	if s := string(r); klog.Clean(s) != s {
		return keyNone
	}
	return key(r)
}
