package rescue

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/preroot/preroot/internal/klog"
)

// errStopped ends a command on which Ctrl-C was pressed, errQuit one whose output was seen enough.
var (
	errStopped = errors.New("interrupted")
	errQuit    = errors.New("quit")
)

// call is a command that runs. Its goroutine and the session share only what is atomic, guarded by mu, or handed over by done.
type call struct {
	sys     System
	args    []string
	dir     string // the current directory; a command may change it
	request string // what ends the session
	err     error

	stop    chan struct{} // closed by Ctrl-C
	stopped bool          // the session's own note of that
	done    chan struct{} // closed at the end
	alive   atomic.Uint64 // counts signs of life
	seen    uint64        // the session's note of them
	quiet   int           // looks since the last
	paging  atomic.Bool   // the command shows a page and waits for a key
	program atomic.Bool   // a program of the image runs, which may be silent as long as it likes
	keys    chan byte

	terminal      io.Writer
	columns, rows int
	shown         int // rows of the page so far

	mu    sync.Mutex
	ended bool
	left  bool   // the session has gone on: output is kept
	kept  []byte // bounded by maxKept
}

// maxKept bounds the output of a command that was left to itself.
const maxKept = 8 << 10

func newCall(p *Prompt, args []string) *call {
	columns, rows := p.Terminal.Size()
	if columns <= 0 {
		columns = defaultColumns
	}
	return &call{
		sys: p.System, args: args, dir: p.dir, terminal: p.Terminal, columns: columns, rows: rows,
		stop: make(chan struct{}), done: make(chan struct{}), keys: make(chan byte, 16),
	}
}

func (c *call) name() string { return klog.Clean(c.args[0]) }

// interrupt asks the command to end.
func (c *call) interrupt() {
	if !c.stopped {
		c.stopped, c.quiet = true, 0
		close(c.stop)
	}
}

// interrupted says whether the command is to end.
func (c *call) interrupted() bool {
	select {
	case <-c.stop:
		return true
	default:
		return false
	}
}

// press gives a key to the page; one too many is dropped.
func (c *call) press(b byte) {
	select {
	case c.keys <- b:
	default:
	}
}

// silent is one look at the command; it says whether its silence has become too long.
func (c *call) silent() bool {
	n := c.alive.Load()
	if n != c.seen || c.paging.Load() || c.program.Load() && !c.stopped {
		c.seen, c.quiet = n, 0
		return false
	}
	c.quiet++
	return c.quiet >= patience || c.stopped && c.quiet >= patienceAfterInterrupt
}

// leave lets the session go on without the command; it says false when that has just ended.
func (c *call) leave() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left = !c.ended
	return c.left
}

// finish tells the session of the end, by done, or by late when it has gone on.
func (c *call) finish(late chan<- *call, gone <-chan struct{}) {
	c.mu.Lock()
	c.ended = true
	left := c.left
	c.mu.Unlock()
	close(c.done)
	if left {
		select {
		case late <- c:
		case <-gone:
		}
	}
}

func (c *call) broken(_, trace string) {
	c.err = errors.New("internal error: " + trace)
}

// printf shows one line of text that may be foreign. The error tells that the person has seen enough: the command returns it.
func (c *call) printf(format string, args ...any) error {
	return c.print(fmt.Sprintf(format, args...))
}

// print shows one line as it is.
func (c *call) print(text string) error {
	if c.interrupted() {
		return errStopped
	}
	line := klog.Clean(expandTabs(text))
	if err := c.page(1 + max(0, textWidth(line)-1)/c.columns); err != nil {
		return err
	}
	c.put(line + "\n")
	return nil
}

// put writes to the terminal, or keeps the text when the session has gone on.
func (c *call) put(s string) {
	c.alive.Add(1)
	c.mu.Lock()
	left := c.left
	if left && len(c.kept)+len(s) <= maxKept {
		c.kept = append(c.kept, s...)
	}
	c.mu.Unlock()
	if !left {
		_, _ = io.WriteString(c.terminal, s)
	}
}

// page stops before so many more rows would not fit on the screen, and waits for a key. Without a known height nothing stops: who reads a
// serial line has a memory of it.
func (c *call) page(rows int) error {
	if c.rows < 3 {
		return nil
	}
	if c.shown+rows < c.rows {
		c.shown += rows
		return nil
	}
	c.paging.Store(true)
	defer c.paging.Store(false)
	c.put("--more-- (space, Enter, q)")
	defer c.put("\r\x1b[K")
	for {
		select {
		case <-c.stop:
			return errStopped
		case b := <-c.keys:
			switch b {
			case ' ':
				c.shown = rows
				return nil
			case '\r', '\n':
				c.shown = c.rows - 1
				return nil
			case 'q', 'Q':
				return errQuit
			}
		}
	}
}

// expandTabs writes blanks for tabs, eight columns each.
func expandTabs(s string) string {
	if strings.IndexByte(s, '\t') < 0 {
		return s
	}
	var b strings.Builder
	column := 0
	for _, part := range strings.SplitAfter(s, "\t") {
		text, tab := strings.CutSuffix(part, "\t")
		b.WriteString(text)
		column += textWidth(text)
		if tab {
			n := 8 - column%8
			b.WriteString("        "[:n])
			column += n
		}
	}
	return b.String()
}
