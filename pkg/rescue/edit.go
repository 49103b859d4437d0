package rescue

import (
	"strings"
	"unicode/utf8"
)

// MaxLine is the longest line that an Editor takes, in bytes. What is longer is refused whole: a line that was cut could mean anything.
const MaxLine = 512

// Event says what a byte has done to a line.
type Event int

// The events of Editor.Feed.
const (
	// EventNone: the line is still being edited.
	EventNone Event = iota
	// EventLine: Enter. The line is what Line returns.
	EventLine
	// EventTooLong: Enter, on a line that was longer than MaxLine and is thrown away.
	EventTooLong
	// EventInterrupt: Ctrl-C, the line is thrown away.
	EventInterrupt
	// EventEOF: Ctrl-D on an empty line.
	EventEOF
)

// Editor edits one line after the other: bytes of a terminal go in by Feed, what the terminal shall show comes out of Output. It does no
// input or output, takes any bytes, and uses only CR, LF, "erase to end of line", "cursor left" and printable text, so that it works on a
// serial line as on a VT (Ctrl-L alone clears the screen). A line that is wider than the terminal is shown in part and never wraps.
type Editor struct {
	// Complete gives for the text left of the cursor where the word begins that may be completed, and what it may become. nil is
	// no completion.
	Complete func(left string) (start int, candidates []string)

	decoder decoder
	prompt  string
	columns int
	line    []byte
	at      int  // the cursor, a byte of line
	over    bool // something did not fit
	out     []byte

	shownFrom int // the first byte of line that the terminal shows

	history []string
	recall  int    // what of history is shown; len(history) is the line being written
	written []byte // that line, while another is shown
}

// maxHistory bounds the lines that are remembered.
const maxHistory = 64

// defaultColumns is the width of a terminal that does not tell it.
const defaultColumns = 80

// Begin starts a new line: prompt is shown before it, columns is the terminal's width, 0 when not known.
func (e *Editor) Begin(prompt string, columns int) {
	if columns <= 0 {
		columns = defaultColumns
	}
	e.prompt, e.columns = prompt, columns
	e.reset()
	e.redraw()
}

func (e *Editor) reset() {
	e.line, e.at, e.over, e.shownFrom = e.line[:0], 0, false, 0
	e.recall, e.written = len(e.history), nil
}

// Line is the line as it is.
func (e *Editor) Line() string { return string(e.line) }

// Remember puts a line into the history; an empty one and a repetition of the last are left out.
func (e *Editor) Remember(line string) {
	if line == "" || len(e.history) > 0 && e.history[len(e.history)-1] == line {
		return
	}
	if len(e.history) >= maxHistory {
		e.history = append(e.history[:0], e.history[1:]...)
	}
	e.history = append(e.history, line)
	e.recall = len(e.history)
}

// Feed takes one byte of the terminal.
func (e *Editor) Feed(b byte) Event {
	switch k := e.decoder.feed(b); k {
	case keyNone:
	case keyEnter:
		e.draw("\n")
		if e.over {
			e.reset()
			return EventTooLong
		}
		return EventLine
	case keyInterrupt:
		e.draw("^C\n")
		e.reset()
		return EventInterrupt
	case keyDeleteOrEOF:
		if len(e.line) == 0 {
			return EventEOF
		}
		e.delete(e.at, e.next())
	case keyTab:
		e.complete()
	default:
		e.edit(k)
	}
	return EventNone
}

func (e *Editor) edit(k key) {
	switch k {
	case keyHome:
		e.moveTo(0)
	case keyEnd:
		e.moveTo(len(e.line))
	case keyLeft:
		e.moveTo(e.previous())
	case keyRight:
		e.moveTo(e.next())
	case keyUp:
		e.show(e.recall - 1)
	case keyDown:
		e.show(e.recall + 1)
	case keyBackspace:
		e.delete(e.previous(), e.at)
	case keyDelete:
		e.delete(e.at, e.next())
	case keyKillToEnd:
		e.delete(e.at, len(e.line))
	case keyKillToStart:
		e.delete(0, e.at)
	case keyKillWord:
		e.delete(e.wordStart(), e.at)
	case keyClear:
		e.draw("\x1b[H\x1b[J")
		e.redraw()
	default:
		e.insert(string(rune(k)))
	}
}

// previous and next are where the characters beside the cursor begin.
func (e *Editor) previous() int {
	_, n := utf8.DecodeLastRune(e.line[:e.at])
	return e.at - n
}

func (e *Editor) next() int {
	_, n := utf8.DecodeRune(e.line[e.at:])
	return e.at + n
}

// wordStart is where the word left of the cursor begins.
func (e *Editor) wordStart() int {
	left := strings.TrimRight(string(e.line[:e.at]), " ")
	return strings.LastIndexByte(left, ' ') + 1
}

func (e *Editor) insert(s string) {
	if len(e.line)+len(s) > MaxLine {
		e.full()
		return
	}
	atEnd := e.at == len(e.line)
	e.splice(e.at, e.at, s)
	e.at += len(s)
	if atEnd && e.width(e.shownFrom, e.at) < e.room() {
		e.draw(s)
		return
	}
	e.redraw()
}

// full says once that the line is too long, and rings.
func (e *Editor) full() {
	if !e.over {
		e.over = true
		e.draw("\a\r\x1b[K[the line is too long: at most 512 bytes; Ctrl-U and Ctrl-C throw it away]\n")
		e.redraw()
	}
}

func (e *Editor) delete(from, to int) {
	e.over = false // the person has seen it
	if from >= to {
		return
	}
	e.splice(from, to, "")
	e.at = from
	e.redraw()
}

// splice puts text in the place of the bytes from..to of the line.
func (e *Editor) splice(from, to int, text string) {
	e.line = append(e.line[:from], text+string(e.line[to:])...)
}

func (e *Editor) moveTo(at int) {
	if at != e.at {
		e.at = at
		e.redraw()
	}
}

// show puts line i of the history, or the one being written, in the place of the line.
func (e *Editor) show(i int) {
	if i < 0 || i > len(e.history) || i == e.recall {
		return
	}
	if e.recall == len(e.history) {
		e.written = append([]byte(nil), e.line...)
	}
	e.recall, e.over = i, false
	if i == len(e.history) {
		e.line = append(e.line[:0], e.written...)
	} else {
		e.line = append(e.line[:0], e.history[i]...)
	}
	e.at, e.shownFrom = len(e.line), 0
	e.redraw()
}
