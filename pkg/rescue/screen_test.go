package rescue

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// screen is a terminal of the plainest kind. It knows what an Editor may use and calls everything else a fault.
type screen struct {
	mu      sync.Mutex
	columns int
	rows    []string // all but the last are done
	line    []rune   // the last row; a wide character is followed by a zero
	at      int
	bells   int
	partial []byte
	faults  []string
}

func newScreen(columns int) *screen { return &screen{columns: columns} }

func (s *screen) fault(format string, args ...any) {
	s.faults = append(s.faults, fmt.Sprintf(format, args...))
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data := append(s.partial, p...)
	for len(data) > 0 {
		n := s.take(data)
		if n == 0 {
			break
		}
		data = data[n:]
	}
	s.partial = append([]byte(nil), data...)
	return len(p), nil
}

// take shows the first character of data and says how many bytes it has, 0 when the end of it is not there.
func (s *screen) take(data []byte) int {
	switch b := data[0]; {
	case b == '\r':
		s.at = 0
	case b == '\n':
		s.rows, s.line, s.at = append(s.rows, s.row()), nil, 0
	case b == '\a':
		s.bells++
	case b == 0x1b:
		return s.escape(data)
	case b < ' ' || b == 0x7f:
		s.fault("control character %#x", b)
	default:
		if !utf8.FullRune(data) {
			return 0
		}
		r, n := utf8.DecodeRune(data)
		if r == utf8.RuneError && n == 1 {
			s.fault("byte %#x", b)
		}
		s.put(r)
		return n
	}
	return 1
}

func (s *screen) put(r rune) {
	for w := runeWidth(r); w > 0; w-- {
		for len(s.line) <= s.at {
			s.line = append(s.line, ' ')
		}
		s.line[s.at] = r
		r = 0
		s.at++
	}
}

func (s *screen) escape(data []byte) int {
	if len(data) < 2 {
		return 0
	}
	end := 2
	for end < len(data) && data[end] < '@' {
		end++
	}
	if end == len(data) {
		return 0
	}
	n, _ := strconv.Atoi(string(data[2:end]))
	switch data[end] {
	case 'K':
		s.line = s.line[:min(s.at, len(s.line))]
	case 'D':
		if n < 1 || n > s.at {
			s.fault("%d to the left of column %d", n, s.at)
		}
		s.at -= n
	case 'H', 'J':
		s.rows, s.line, s.at = nil, nil, 0
	default:
		s.fault("sequence %q", data[:end+1])
	}
	return end + 1
}

func (s *screen) row() string {
	var b strings.Builder
	for _, r := range s.line {
		if r != 0 {
			b.WriteRune(r)
		}
	}
	return strings.TrimRight(b.String(), " ")
}

// text is everything that was shown, with "|" for the cursor where it is not behind the text.
func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(append(append([]string(nil), s.rows...), s.row()), "\n")
}
