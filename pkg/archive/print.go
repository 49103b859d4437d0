package archive

import (
	"fmt"
	"io"
	"strconv"
)

// String is the member as a line of ls -l, without owner and time, which are always 0.
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

// copyBounded copies at most limit bytes; more is an error.
func copyBounded(w io.Writer, r io.Reader, limit int64) error {
	n, err := io.Copy(w, io.LimitReader(r, limit+1))
	if err == nil && n > limit {
		return fmt.Errorf("more than %d bytes unpacked", limit)
	}
	return err
}
