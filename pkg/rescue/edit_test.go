package rescue

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/preroot/preroot/internal/klog"
)

// editing is an Editor with the screen that it draws on.
type editing struct {
	Editor
	screen *screen
	lines  []string
	events []Event
}

func newEditing(columns int) *editing {
	e := &editing{screen: newScreen(columns)}
	e.Begin("> ", columns)
	return e
}

// typeBytes feeds bytes and begins a new line whenever one is done.
func (e *editing) typeBytes(text string) {
	for i := 0; i < len(text); i++ {
		ev := e.Feed(text[i])
		_, _ = e.screen.Write(e.Output())
		if ev == EventNone {
			continue
		}
		e.events = append(e.events, ev)
		if ev == EventLine {
			e.lines = append(e.lines, e.Line())
			e.Remember(e.Line())
		}
		e.Begin("> ", e.columns)
		_, _ = e.screen.Write(e.Output())
	}
}

func TestEdit(t *testing.T) {
	const up, down, right, left, home, end, del = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[H", "\x1b[F", "\x1b[3~"
	for _, c := range []struct{ name, typed, want string }{
		{"plain", "ls -l /dev\r", "ls -l /dev"},
		{"newline ends too", "ls\n", "ls"},
		{"CR LF is one", "a\r\nb\r\n", "a\nb"},
		{"CR CR is two", "a\r\rb\r", "a\n\nb"},
		{"backspace", "lx\x7fs\r", "ls"},
		{"backspace as Ctrl-H", "lx\bs\r", "ls"},
		{"backspace at the start", "\x7f\x7fa\r", "a"},
		{"backspace over two bytes", "zü\x7fu\r", "zu"},
		{"backspace over four bytes", "a𝄞\x7fb\r", "ab"},
		{"insert in the middle", "lz" + left + "ü" + "\r", "lüz"},
		{"home and end", "bc" + home + "a" + end + "d\r", "abcd"},
		{"home of the Linux console", "bc\x1b[1~a\x1b[4~d\r", "abcd"},
		{"home of rxvt", "bc\x1b[7~a\x1b[8~d\r", "abcd"},
		{"home in application mode", "bc\x1bOHa\x1bOFd\r", "abcd"},
		{"control keys", "bc\x01a\x05d\x02\x02X\x06Y\r", "abXcYd"},
		{"delete", "abc" + left + left + del + "\r", "ac"},
		{"Ctrl-D deletes", "abc" + left + "\x04\r", "ab"},
		{"kill to the end", "abc" + left + left + "\x0b\r", "a"},
		{"kill to the start", "abc" + left + "\x15\r", "c"},
		{"kill a word", "mount /dev/sda1  /mnt  \x17\x17x\r", "mount x"},
		{"up", "one\rtwo\r" + up + up + "\r", "one\ntwo\none"},
		{"up and down again", "one\rtwo\rdra" + up + up + down + down + "ft\r", "one\ntwo\ndraft"},
		{"up too far", "one\r" + up + up + up + "\r", "one\none"},
		{"down without history", down + "a\r", "a"},
		{"a recalled line is edited as a copy", "one\r" + up + "x\r" + up + up + "\r", "one\nonex\none"},
		{"Ctrl-C drops the line", "abc\x03d\r", "d"},
		{"Ctrl-C ends a sequence", "ab\x1b[\x03d\r", "d"},
		{"cursor right with a modifier", "ab" + left + left + "\x1b[1;5Cx\r", "axb"},
		{"function keys", "\x1b[[A\x1b[15~\x1bOP\x1b[24;2~a\r", "a"},
		{"page keys and insert", "\x1b[5~\x1b[6~\x1b[2~a\r", "a"},
		{"Alt and a letter", "a\x1bfb\r", "ab"},
		{"ESC twice", "a\x1b\x1b[Db\r", "ba"},
		{"an endless sequence", "a\x1b[" + strings.Repeat("1;", 300) + "mb\r", "ab"},
		{"mouse and paste reports", "\x1b[200~a\x1b[201~\x1b[<0;12;3M\r", "a"},
		{"NUL and other controls", "a\x00\x1c\x1a\x13\x11b\r", "ab"},
		{"no UTF-8", "a\xff\xfe\xc0\x80b\xe2\x82c\r", "abc"},
		{"a broken character before a whole one", "\xe2\xc3\xbc\r", "ü"},
		{"surrogates and overlong", "\xed\xa0\x80\xc1\xbfa\r", "a"},
		{"characters that hide text", "a\u202eb\u200bc\u009bd\r", "abcd"},
		{"wide", "日本語\x7f\r", "日本"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEditing(80)
			e.typeBytes(c.typed)
			if got := strings.Join(e.lines, "\n"); got != c.want {
				t.Errorf("typed %q: %q, want %q", c.typed, got, c.want)
			}
			if len(e.screen.faults) > 0 {
				t.Error(e.screen.faults)
			}
		})
	}
}

// TestEditEvents: Ctrl-D on an empty line, and a line that is too long.
func TestEditEvents(t *testing.T) {
	for _, c := range []struct {
		name, typed string
		want        []Event
	}{
		{"Ctrl-D on an empty line", "\x04", []Event{EventEOF}},
		{"Ctrl-D at the end of a line", "a\x04\r", []Event{EventLine}},
		{"512 bytes", strings.Repeat("x", 512) + "\r", []Event{EventLine}},
		{"513 bytes", strings.Repeat("x", 513) + "\r", []Event{EventTooLong}},
		{"a character that does not fit whole", strings.Repeat("x", 511) + "ü\r", []Event{EventTooLong}},
		{"too long and mended", strings.Repeat("x", 600) + "\x7f\r", []Event{EventLine}},
		{"too long and thrown away", strings.Repeat("x", 600) + "\x15y\r", []Event{EventLine}},
		{"a paste of 64 KiB", strings.Repeat("x", 64<<10) + "\r", []Event{EventTooLong}},
		{"too long, then interrupted", strings.Repeat("x", 600) + "\x03y\r", []Event{EventInterrupt, EventLine}},
	} {
		e := newEditing(80)
		e.typeBytes(c.typed)
		if !slices.Equal(e.events, c.want) {
			t.Errorf("%s: %v, want %v", c.name, e.events, c.want)
		}
		if long := len(c.typed) > 512 && c.name != "512 bytes"; long != (e.screen.bells > 0) {
			t.Errorf("%s: %d bells", c.name, e.screen.bells)
		}
	}
}

// TestEditShows: what a person sees of a line that is wider than the terminal.
func TestEditShows(t *testing.T) {
	for _, c := range []struct {
		name    string
		columns int
		typed   string
		want    string
	}{
		{"fits", 20, "0123456789", "> 0123456789"},
		{"fits just", 20, "0123456789abcdef", "> 0123456789abcdef"},
		{"scrolls", 20, "0123456789abcdefghijk", "> 9abcdefghijk"},
		{"back at the start", 20, "0123456789abcdefghijk\x01", "> 0123456789abcdef"},
		{"wide", 20, "日本語日本語日本語", "> 語日本語"},
		{"width unknown", 0, strings.Repeat("x", 76), "> " + strings.Repeat("x", 76)},
		{"a long line is no flood", 80, "a\r" + strings.Repeat("y", 600) + "\x15", "> a\n[the line is too long"},
	} {
		e := newEditing(c.columns)
		e.typeBytes(c.typed)
		if got := e.screen.text(); !strings.HasPrefix(got, c.want) || !strings.Contains(c.want, "\n") && got != c.want {
			t.Errorf("%s: the screen shows\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

func TestHistoryBound(t *testing.T) {
	var e Editor
	for i := range 100 {
		e.Remember(strings.Repeat("x", i))
		e.Remember(strings.Repeat("x", i))
	}
	if len(e.history) != maxHistory || e.history[maxHistory-1] != strings.Repeat("x", 99) {
		t.Errorf("%d lines, the last %q", len(e.history), e.history[len(e.history)-1])
	}
}

func TestEditCompletes(t *testing.T) {
	files := []string{"cat ", "cd ", "mkdir ", "modprobe ", "mount ", "root=", "dev/", "dev/größe ", "dev/größer ", `"a b" `}
	complete := func(left string) (int, []string) {
		start := wordStart(left)
		var list []string
		for _, f := range files {
			if strings.HasPrefix(f, left[start:]) {
				list = append(list, f)
			}
		}
		return start, list
	}
	for _, c := range []struct{ name, typed, want string }{
		{"one", "mk\t", "> mkdir"},
		{"common", "m\t", "> m\nmkdir  modprobe  mount\n> m"},
		{"more of it", "mo\tu\t", "> mo\nmodprobe  mount\n> mount"},
		{"none", "x\t", "> x"},
		{"in the middle", "mk x\x1b[D\x1b[D\t", "> mkdir  x"},
		{"the second word", "ls de\tg\t", "> ls dev/größe"},
		{"quoted", "ls \"a\t", `> ls "a b"`},
	} {
		e := newEditing(80)
		e.Complete = complete
		e.typeBytes(c.typed)
		if got := e.screen.text(); got != c.want {
			t.Errorf("%s: the screen shows\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

// FuzzEdit (Z21): whatever is typed, the line has at most MaxLine bytes of printable UTF-8, and the screen shows the part of it round
// the cursor, in one row.
func FuzzEdit(f *testing.F) {
	for _, s := range []string{
		"ls\r", "a\x1b[D\x1b[Aü\x7f", "\x1b[[A\x1b[1;5C\x1bOH", strings.Repeat("x", 600), "\xe2\x82\xff\x00\x03\x04\x0c\x15\x17\x0b",
		"日本語\x01\x06\t", "a\rb\r\x1b[A\x1b[A\x1b[B", strings.Repeat("日本", 90) + "\x01", "\x1b[" + strings.Repeat("9", 99),
	} {
		f.Add(s, 80)
		f.Add(s, 24)
	}
	f.Fuzz(func(t *testing.T, typed string, columns int) {
		if columns < 14 || columns > 300 {
			columns = 40
		}
		if len(typed) > 2000 {
			return
		}
		e := newEditing(columns)
		e.Complete = func(left string) (int, []string) { return wordStart(left), []string{"größe ", "groß ", "日本"} }
		for i := 0; i < len(typed); i++ {
			e.typeBytes(typed[i : i+1])
			checkEditing(t, e)
		}
		// A person can always come back to an empty line.
		e.typeBytes("\x03ok\r")
		if e.lines[len(e.lines)-1] != "ok" {
			t.Errorf("%q: the line after it is %q", typed, e.lines[len(e.lines)-1])
		}
	})
}

func checkEditing(t *testing.T, e *editing) {
	t.Helper()
	line := e.Line()
	switch {
	case len(line) > MaxLine:
		t.Fatalf("%d bytes", len(line))
	case !utf8.ValidString(line) || klog.Clean(line) != line:
		t.Fatalf("line %q", line)
	case e.at > len(line) || !utf8.ValidString(line[:e.at]):
		t.Fatalf("the cursor stands at %d of %q", e.at, line)
	case len(e.screen.faults) > 0:
		t.Fatal(e.screen.faults)
	}
	e.screen.mu.Lock()
	defer e.screen.mu.Unlock()
	shown := strings.TrimRight("> "+line[e.shownFrom:], " ")
	if row := e.screen.row(); !strings.HasPrefix(shown, row) || len(e.screen.line) >= e.screen.columns {
		t.Fatalf("the row shows %q, the line is %q", row, line)
	}
	if want := 2 + textWidth(line[e.shownFrom:e.at]); e.screen.at != want {
		t.Fatalf("the cursor is in column %d instead of %d of %q", e.screen.at, want, line)
	}
}
