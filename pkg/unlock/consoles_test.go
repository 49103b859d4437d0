package unlock

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/preroot/preroot/internal/linux"
)

// console is one where a line is typed after a while, or never.
type console struct {
	after    time.Duration // 0 is never
	line     string
	err      error
	panics   bool
	shown    strings.Builder
	canceled chan struct{}
	closed   bool
}

func (c *console) Write(p []byte) (int, error) { return c.shown.Write(p) }

func (c *console) ReadLine(into *linux.SecretMemory) error {
	if c.panics {
		panic("a console of the test")
	}
	if c.after == 0 {
		<-c.canceled
		return os.ErrClosed
	}
	select {
	case <-time.After(c.after):
	case <-c.canceled:
		return os.ErrClosed
	}
	into.Append([]byte(c.line))
	return c.err
}

func (c *console) Cancel()      { close(c.canceled) }
func (c *console) Close() error { c.closed = true; return nil }

func TestAskConsoles(t *testing.T) {
	for _, c := range []struct {
		name     string
		consoles []*console
		timeout  time.Duration
		want     string
		err      error
		took     time.Duration
	}{
		{name: "the first line wins", consoles: []*console{{after: 5 * time.Second, line: "late"}, {after: 2 * time.Second, line: "first"}, {}}, want: "first", took: 2 * time.Second},
		{name: "a console hangs up", consoles: []*console{{after: time.Second, err: linux.ErrHungUp}, {after: 2 * time.Second, line: "x"}}, want: "x", took: 2 * time.Second},
		{name: "all hang up", consoles: []*console{{after: time.Second, err: linux.ErrHungUp}, {after: 3 * time.Second, err: linux.ErrHungUp}}, err: errNoConsole, took: 3 * time.Second},
		{name: "none", err: errNoConsole},
		{name: "Ctrl-C", consoles: []*console{{}, {after: time.Second, err: linux.ErrSecretCanceled}}, err: linux.ErrSecretCanceled, took: time.Second},
		{name: "nobody", consoles: []*console{{}, {}}, timeout: time.Minute, err: context.DeadlineExceeded, took: time.Minute},
		{name: "one panics", consoles: []*console{{panics: true}, {after: time.Second, line: "x"}}, want: "x", took: time.Second},
		{name: "nothing typed", consoles: []*console{{after: time.Second}}, want: "", took: time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if c.timeout > 0 {
					var cancel func()
					ctx, cancel = context.WithTimeout(ctx, c.timeout)
					defer cancel()
				}
				secret, err := linux.NewSecretMemory(linux.MaxSecretLine + 1)
				if err != nil {
					t.Fatal(err)
				}
				defer secret.Close()
				var terminals []Terminal
				for _, con := range c.consoles {
					con.canceled = make(chan struct{})
					terminals = append(terminals, con)
				}
				start := time.Now()
				err = AskConsoles(ctx, terminals, "Passphrase: ", secret)
				if !errors.Is(err, c.err) || string(secret.Bytes()) != c.want || time.Since(start) != c.took {
					t.Errorf("%q, %v after %v; want %q, %v after %v", secret.Bytes(), err, time.Since(start), c.want, c.err, c.took)
				}
				for i, con := range c.consoles {
					if !con.closed || con.shown.String() != "\r\nPassphrase: \r\n" {
						t.Errorf("console %d: closed %v, shows %q", i, con.closed, con.shown.String())
					}
				}
			})
		})
	}
}
