// Package klog writes preroot's messages to the kernel log, from where they reach the consoles by the usual rules
// (loglevel=, quiet). Nobody ever waits for a console: a message goes into a bounded queue, and one goroutine writes. When the queue is full
// the oldest are dropped and counted.
package klog

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Level is a printk level (include/linux/kern_levels.h).
type Level int

// The levels in use.
const (
	Alert Level = 1
	Err   Level = 3
	Warn  Level = 4
	Note  Level = 5
	Info  Level = 6
	Debug Level = 7
)

// maxText is the longest text of one record in bytes: printk refuses more than about 1 KiB with EINVAL.
const maxText = 900

// Open opens the log anew. The kernel counts messages per open file and drops the eleventh within five seconds
// (printk_devkmsg=ratelimit); a fresh file for each message needs no setting that would have to be put back.
type Open func() (io.WriteCloser, error)

// Logger queues messages. Its methods may be called from any goroutine.
type Logger struct {
	open    Open
	console Open
	debug   bool
	slow    func()

	mu      sync.Mutex
	queue   []string
	dropped int
	busy    bool
	wake    chan struct{}
	idle    chan struct{}
}

// queueLength bounds the messages that wait for the log.
const queueLength = 512

// New makes a Logger; the caller runs Serve in a goroutine.
func New(open Open, debug bool) *Logger {
	return &Logger{open: open, debug: debug, wake: make(chan struct{}, 1), idle: make(chan struct{}, 1)}
}

// SetConsole sets a terminal that shows warnings, decisions and information too, which the kernel keeps off the consoles
// with quiet (rd.info). What it cannot take at once is dropped there.
func (l *Logger) SetConsole(open Open) {
	l.mu.Lock()
	l.console = open
	l.mu.Unlock()
}

// OnSlow sets what is called, once, when the log is found to wait for a console: writing a record makes the kernel print
// it, and a serial line that nobody reads takes 10 ms for each byte.
func (l *Logger) OnSlow(f func()) {
	l.mu.Lock()
	l.slow = f
	l.mu.Unlock()
}

// slowWrite is a time that no console needs for a line, 9600 baud included.
const slowWrite = time.Second

// SetDebug says whether Debug messages are written (rd.debug).
func (l *Logger) SetDebug(on bool) {
	l.mu.Lock()
	l.debug = on
	l.mu.Unlock()
}

// Debugf, Infof, Notef, Warnf and Errf write one message each; several lines become several records.
func (l *Logger) Debugf(format string, args ...any) { l.printf(Debug, format, args...) }

// Infof tells what happens.
func (l *Logger) Infof(format string, args ...any) { l.printf(Info, format, args...) }

// Notef tells a decision.
func (l *Logger) Notef(format string, args ...any) { l.printf(Note, format, args...) }

// Warnf tells what is wrong and passed over.
func (l *Logger) Warnf(format string, args ...any) { l.printf(Warn, format, args...) }

// Errf tells a failure; it is seen with quiet too.
func (l *Logger) Errf(format string, args ...any) { l.printf(Err, format, args...) }

func (l *Logger) printf(level Level, format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if level == Debug && !l.debug {
		return
	}
	for _, line := range strings.Split(fmt.Sprintf(format, args...), "\n") {
		if line != "" {
			l.push(Record(level, line))
		}
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Record makes the text of one kernel log record: level, name, cleaned and cut text.
func Record(level Level, text string) string {
	text = Clean(text)
	if len(text) > maxText {
		end := maxText
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end] + " ..."
	}
	return "<" + string('0'+rune(level)) + ">preroot: " + text + "\n"
}

func (l *Logger) push(record string) {
	if len(l.queue) >= queueLength {
		l.queue = l.queue[1:]
		l.dropped++
	}
	l.queue = append(l.queue, record)
}

// Serve writes what is queued, for ever.
func (l *Logger) Serve() {
	for range l.wake {
		for record, ok := l.next(); ok; record, ok = l.next() {
			l.write(record)
		}
		select {
		case l.idle <- struct{}{}:
		default:
		}
	}
}

func (l *Logger) next() (record string, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dropped > 0 && len(l.queue) < queueLength/2 {
		record = Record(Warn, fmt.Sprintf("%d messages dropped: the console is slower than the boot", l.dropped))
		l.dropped = 0
		l.busy = true
		return record, true
	}
	if len(l.queue) == 0 {
		l.busy = false
		return "", false
	}
	record, l.queue, l.busy = l.queue[0], l.queue[1:], true
	return record, true
}

func (l *Logger) write(record string) {
	w, err := l.open()
	if err != nil {
		return
	}
	l.show(record)
	start := time.Now()
	_, _ = io.WriteString(w, record)
	w.Close()
	if time.Since(start) >= slowWrite {
		l.foundSlow()
	}
}

// show writes a record of the levels Warn to Info to the terminal of SetConsole, without its level.
func (l *Logger) show(record string) {
	l.mu.Lock()
	open := l.console
	l.mu.Unlock()
	level := Level(record[1] - '0')
	if open == nil || level < Warn || level > Info {
		return
	}
	if w, err := open(); err == nil {
		_, _ = io.WriteString(w, record[3:len(record)-1]+"\r\n")
		w.Close()
	}
}

func (l *Logger) foundSlow() {
	l.mu.Lock()
	f := l.slow
	l.slow = nil
	l.mu.Unlock()
	if f != nil {
		f()
	}
}

// Flush waits until the queue is written, at most limit.
func (l *Logger) Flush(limit time.Duration) {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	for l.pending() {
		select {
		case <-l.idle:
		case <-deadline.C:
			return
		}
	}
}

func (l *Logger) pending() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.busy || len(l.queue) > 0
}
