package boot

import (
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// TestPrinted: whole lines are for the log; a line without an end is one as well when it ends, and before that a question on the console, once and harmless.
func TestPrinted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines []string
		var console strings.Builder
		p := printed{line: func(l string) { lines = append(lines, l) }, console: func() (io.WriteCloser, error) { return nopCloser{&console}, nil }}
		for _, s := range []struct{ text, console string }{
			{"one\n  two\n\n", ""},
			{"Password", "Password"},
			{" (\x1b[2J/dev/vda): ", "Password (\\x1b[2J/dev/vda): "},
			{"\nthree\n", "Password (\\x1b[2J/dev/vda): "},
			{strings.Repeat("x", maxHookLine), "Password (\\x1b[2J/dev/vda): "},
		} {
			p.take([]byte(s.text))
			time.Sleep(2 * askedAfter)
			synctest.Wait()
			if console.String() != s.console {
				t.Errorf("after %q the console says %q, want %q", s.text, console.String(), s.console)
			}
		}
		p.take([]byte("no ques"))
		time.Sleep(askedAfter / 2)
		p.take([]byte("tion\n"))
		time.Sleep(2 * askedAfter)
		synctest.Wait()
		if strings.Contains(console.String(), "no ques") {
			t.Error("half a line that went on at once was shown")
		}
		want := []string{"one", "two", "Password (\x1b[2J/dev/vda):", "three", strings.Repeat("x", maxHookLine), "no question"}
		if !slices.Equal(lines, want) {
			t.Errorf("%q, want %q", lines, want)
		}
	})
}
