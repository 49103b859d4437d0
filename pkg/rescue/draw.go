package rescue

import (
	"strconv"
	"unicode/utf8"
)

// Output returns what the terminal is to show since the last call.
func (e *Editor) Output() []byte {
	out := e.out
	e.out = nil
	return out
}

func (e *Editor) draw(s string) { e.out = append(e.out, s...) }

// room is how many columns a line has beside the prompt. The last column stays empty: some terminals wrap when it is written.
func (e *Editor) room() int {
	return max(8, e.columns-1-textWidth(e.prompt))
}

// redraw writes prompt and line anew: the part of the line that holds the cursor, where it is wider than the terminal.
func (e *Editor) redraw() {
	e.scroll()
	end := e.shownFrom
	for left := e.room(); end < len(e.line); {
		r, n := utf8.DecodeRune(e.line[end:])
		if left -= runeWidth(r); left <= 0 {
			break
		}
		end += n
	}
	e.draw("\r" + e.prompt + string(e.line[e.shownFrom:end]) + "\x1b[K")
	if back := e.width(e.at, end); back > 0 {
		e.draw("\x1b[" + strconv.Itoa(back) + "D")
	}
}

// scroll chooses the part of the line that is shown: it moves by half the room, so that it does not move with every key.
func (e *Editor) scroll() {
	if e.at < e.shownFrom {
		e.shownFrom = e.at
		e.scrollBack(e.room() / 2)
	}
	if e.width(e.shownFrom, e.at) >= e.room() {
		e.shownFrom = e.at
		e.scrollBack(e.room() / 2)
	}
}

// scrollBack shows up to so many columns more at the left.
func (e *Editor) scrollBack(columns int) {
	for e.shownFrom > 0 {
		r, n := utf8.DecodeLastRune(e.line[:e.shownFrom])
		if columns -= runeWidth(r); columns < 0 {
			return
		}
		e.shownFrom -= n
	}
}

// width is how many columns the bytes from..to of the line take.
func (e *Editor) width(from, to int) int {
	if from >= to {
		return 0
	}
	return textWidth(string(e.line[from:to]))
}

func textWidth(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

// runeWidth is the number of columns of a character: two for those that Unicode's EastAsianWidth.txt calls wide, by its blocks.
func runeWidth(r rune) int {
	switch {
	case r < 0x1100:
		return 1
	case r <= 0x115f, r >= 0x2e80 && r <= 0xa4cf, r >= 0xac00 && r <= 0xd7a3, r >= 0xf900 && r <= 0xfaff,
		r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60, r >= 0xffe0 && r <= 0xffe6,
		r >= 0x1f300 && r <= 0x1faff, r >= 0x20000 && r <= 0x3fffd:
		return 2
	}
	return 1
}
