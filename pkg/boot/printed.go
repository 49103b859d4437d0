package boot

import (
	"bytes"
	"io"
	"sync"
	"time"

	"github.com/preroot/preroot/internal/klog"
)

// printed is what hooks print: foreign text, for the log, line by line. A line without an end that nothing follows is a question (cryptsetup asks for a
// passphrase like that): it is shown on the console too, as it is, whatever the level of the console, since somebody must answer. The zero value shows nothing.
type printed struct {
	line    func(line string) // takes a line
	console klog.Open         // nil for none

	mu    sync.Mutex
	rest  []byte // the line that has no end yet
	shown int    // how much of it is on the console
	timer *time.Timer
}

const (
	// maxHookLine bounds a line of a hook's output, in bytes; a longer one is told in parts.
	maxHookLine = 1024
	// askedAfter is how long nothing must follow the beginning of a line.
	askedAfter = 100 * time.Millisecond
)

// take takes some of what is printed.
func (p *printed) take(text []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rest = append(p.rest, text...)
	for {
		line, rest, whole := bytes.Cut(p.rest, []byte("\n"))
		if !whole && len(line) < maxHookLine {
			break
		}
		p.rest, p.shown = rest, 0
		if line = bytes.TrimSpace(line); len(line) > 0 {
			p.line(string(line))
		}
	}
	if len(p.rest) > p.shown && p.console != nil {
		p.later()
	}
}

// later looks again when nothing has followed.
func (p *printed) later() {
	if p.timer == nil {
		p.timer = time.AfterFunc(askedAfter, p.ask)
		return
	}
	p.timer.Reset(askedAfter)
}

// ask shows what stands there without an end. A console that does not take it holds up nobody who prints.
func (p *printed) ask() {
	p.mu.Lock()
	text := klog.Clean(string(p.rest[p.shown:]))
	p.shown = len(p.rest)
	p.mu.Unlock()
	if text == "" {
		return
	}
	if w, err := p.console(); err == nil {
		_, _ = io.WriteString(w, text)
		_ = w.Close()
	}
}
