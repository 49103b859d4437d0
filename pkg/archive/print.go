package archive

import (
	"fmt"
	"strconv"
)

// String is the member as a line of ls -l, without time, and without owner, which is root nearly always.
func (e Entry) String() string {
	size := strconv.Itoa(len(e.Data))
	if e.Kind == Char || e.Kind == Block {
		size = fmt.Sprintf("%d,%d", e.Major, e.Minor)
	}
	line := fmt.Sprintf("%c%04o %10s %s", e.letter(), e.Perm, size, printable(e.Name))
	if e.Kind == Symlink {
		line += " -> " + printable(string(e.Data))
	}
	return line
}

func (e Entry) letter() byte {
	switch e.Kind {
	case Regular:
		return '-'
	case Dir:
		return 'd'
	case Symlink:
		return 'l'
	case Char:
		return 'c'
	case Block:
		return 'b'
	case FIFO:
		return 'p'
	case Socket:
		return 's'
	}
	return '?'
}

// printable quotes a name that could steer a terminal.
func printable(s string) string {
	if q := strconv.Quote(s); q != `"`+s+`"` {
		return q
	}
	return s
}
