package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// progress is one line on a terminal that is written over while work goes on.
type progress struct {
	w     io.Writer // nil for nobody
	last  time.Time
	shown bool
}

// newProgress shows on stderr if that is a terminal and warnings are wanted.
func newProgress(stderr io.Writer, level int) *progress {
	f, ok := stderr.(*os.File)
	if !ok || level < usualLevel {
		return &progress{}
	}
	if _, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS); err != nil {
		return &progress{}
	}
	return &progress{w: f}
}

// progressPause is how often the line changes at most: a serial console takes a line in 5 ms.
const progressPause = 100 * time.Millisecond

// show writes the line anew; of is 0 for work that cannot be counted.
func (p *progress) show(what string, done, of int) {
	if p.w == nil || of > 0 && time.Since(p.last) < progressPause {
		return
	}
	p.last, p.shown = time.Now(), true
	if of > 0 {
		what = fmt.Sprintf("%s: %d of %d", what, done, of)
	}
	fmt.Fprintf(p.w, "\r\x1b[K%s", what)
}

// clear takes the line away.
func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}
