package klog

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"":                "",
		"plain ~":         "plain ~",
		"größe µ 日本":      "größe µ 日本",
		"\x1b[31mred":     `\x1b[31mred`,
		"a\nb\tc\x00":     `a\x0ab\x09c\x00`,
		"\x7f\x80\xff":    `\x7f\x80\xff`,
		"\u0085\u009b":    `\xc2\x85\xc2\x9b`,
		"\u202egnp.exe":   `\xe2\x80\xaegnp.exe`,
		"zero\u200bwidth": `zero\xe2\x80\x8bwidth`,
		"\ufeffmark":      `\xef\xbb\xbfmark`,
		"\xed\xa0\x80":    `\xed\xa0\x80`,
		"\U000e0041 tag":  `\xf3\xa0\x81\x81 tag`,
		"e\u0301":         `e\xcc\x81`,
		"\ufffd stands":   "\ufffd stands",
		"cut \xe2\x82":    `cut \xe2\x82`,
	} {
		if got := Clean(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// FuzzClean: what comes out is printable UTF-8 and comes out the same the second time; plain ASCII is not touched (Z20).
func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "a", "\x1b]0;x\x07", "\u202e", "\xff", "日本", "\U0010ffff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out := Clean(s)
		if !utf8.ValidString(out) || Clean(out) != out {
			t.Fatalf("%q: %q", s, out)
		}
		for _, r := range out {
			if r < ' ' || r == 0x7f || unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Bidi_Control, r) || unicode.Is(unicode.Co, r) {
				t.Errorf("%q: %q holds %U", s, out, r)
			}
		}
	})
}

// FuzzRecord: a record is one line that printk takes (at most 1024 bytes with its prefix).
func FuzzRecord(f *testing.F) {
	f.Add("text")
	f.Add(strings.Repeat("日", 400))
	f.Add("x" + strings.Repeat("é", 500))
	f.Fuzz(func(t *testing.T, s string) {
		r := Record(Warn, s)
		if strings.Count(r, "\n") != 1 || len(r) > 976 || !strings.HasPrefix(r, "<4>preroot: ") {
			t.Errorf("%q: %d bytes: %q", s, len(r), r)
		}
	})
}

// console is a log that may be slow or not there.
type console struct {
	lines   []string
	each    time.Duration
	broken  bool
	removed atomic.Bool
}

func (c *console) open() (io.WriteCloser, error) {
	if c.removed.Load() {
		runtime.Goexit() // ends Serve with the test
	}
	if c.broken {
		return nil, errors.New("no log")
	}
	return c, nil
}

func (c *console) Write(p []byte) (int, error) {
	time.Sleep(c.each)
	c.lines = append(c.lines, string(p))
	return len(p), nil
}

func (c *console) Close() error { return nil }

// withLog runs f with a Logger that is served, and ends it.
func withLog(t *testing.T, c *console, f func(*Logger)) {
	synctest.Test(t, func(*testing.T) {
		l := New(c.open, false)
		go l.Serve()
		f(l)
		time.Sleep(24 * time.Hour)
		c.removed.Store(true)
		l.Errf("end")
		synctest.Wait()
	})
}

func TestLogger(t *testing.T) {
	c := &console{}
	withLog(t, c, func(l *Logger) {
		l.Debugf("not seen")
		l.SetDebug(true)
		l.Debugf("d %d", 1)
		l.Infof("two\n\nlines")
		l.Notef("n")
		l.Warnf("w \x1b")
		l.Errf("e")
		l.Flush(time.Second)
	})
	want := []string{
		"<7>preroot: d 1\n", "<6>preroot: two\n", "<6>preroot: lines\n", "<5>preroot: n\n", "<4>preroot: w \\x1b\n", "<3>preroot: e\n",
	}
	if diff := cmp.Diff(want, c.lines); diff != "" {
		t.Error(diff)
	}
}

// TestSlowConsole: nobody waits for the console longer than they say; it is told once that it is slow.
func TestSlowConsole(t *testing.T) {
	c := &console{each: 2 * time.Second}
	told := 0
	withLog(t, c, func(l *Logger) {
		l.OnSlow(func() { told++ })
		start := time.Now()
		for i := range 10 {
			l.Infof("%d", i)
		}
		if d := time.Since(start); d != 0 {
			t.Errorf("ten messages took %v", d)
		}
		if l.Flush(500 * time.Millisecond); time.Since(start) != 500*time.Millisecond {
			t.Errorf("Flush took %v", time.Since(start))
		}
	})
	if told != 1 || len(c.lines) != 10 {
		t.Errorf("told %d times, %d lines", told, len(c.lines))
	}
}

// TestOverflow: the oldest messages are dropped, and that is said.
func TestOverflow(t *testing.T) {
	c := &console{each: 10 * time.Millisecond}
	withLog(t, c, func(l *Logger) {
		for i := range queueLength + 100 {
			l.Infof("%d", i)
		}
	})
	said := 0
	for _, line := range c.lines {
		if strings.Contains(line, "messages dropped") {
			said++
		}
	}
	if last := c.lines[len(c.lines)-1]; said != 1 || last != fmt.Sprintf("<6>preroot: %d\n", queueLength+99) {
		t.Errorf("said %d times, last line %q", said, last)
	}
}

// TestNoLog: a log that cannot be opened holds nobody up.
func TestNoLog(t *testing.T) {
	c := &console{broken: true}
	withLog(t, c, func(l *Logger) {
		start := time.Now()
		l.Errf("lost")
		l.Flush(time.Minute)
		if d := time.Since(start); d != 0 {
			t.Errorf("Flush took %v", d)
		}
	})
}
