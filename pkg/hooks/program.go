package hooks

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/preroot/preroot/internal/safe"
)

// Programs runs hooks that are programs: executables without .sh. They see the values as environment and as files with one value each, and nothing
// of them stays but what they write.
type Programs struct {
	System System
	// Dir holds the FIFO of their output, EnvDir the values (/run/initramfs/preroot/env).
	Dir, EnvDir string
	// Line takes what they print, line by line, at most 1 MiB of each program; it must not block.
	Line func(line string)
	// Limit is how long one may take; it is then ended. 0 is for ever.
	Limit time.Duration
	Patience

	written map[string]string
}

// programPath is what a program gets as PATH, whatever hooks have done to theirs.
const programPath = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"

// maxLine bounds a line, in bytes; a longer one comes in pieces.
const maxLine = 4096

// Values writes the files of values: new ones and those that changed, and removes those that are gone. Not safe beside Run.
func (p *Programs) Values(values map[string]string) error {
	for name := range p.written {
		if _, still := values[name]; !still {
			if err := p.System.Files.Remove(path.Join(p.EnvDir, name)); err != nil {
				return err
			}
			delete(p.written, name)
		}
	}
	if p.written == nil {
		p.written = map[string]string{}
	}
	for name, value := range values {
		if !IsName(name) {
			return fmt.Errorf("%w: %q", ErrName, name)
		}
		if was, is := p.written[name]; is && was == value {
			continue
		}
		if err := p.System.Files.WriteFile(path.Join(p.EnvDir, name), []byte(value)); err != nil {
			return err
		}
		p.written[name] = value
	}
	return nil
}

// Run runs a program in a session and a mount namespace of its own, with the values of the last call of Values, and ends whatever it leaves behind (but for
// processes whose argv[0] begins with @). Its standard input is /dev/null. End is Returned with its exit status, Gone after a signal, or Stopped. An error means that it did
// not run: a missing interpreter and a wrong machine are such.
func (p *Programs) Run(ctx context.Context, file string, args ...string) (Result, error) {
	fifo := path.Join(p.Dir, "program")
	channel, err := p.System.Channel(fifo)
	if err != nil {
		return Result{}, err
	}
	defer func() { channel.Close(); _ = p.System.Files.Remove(fifo) }()
	text := lines{line: p.Line}
	out := output{pass: text.add}
	began := time.Now()
	child, err := p.System.Start(Command{
		Argv: append([]string{file}, args...), Env: p.env(), Dir: "/", Input: "/dev/null", Output: fifo, Private: true,
	})
	if err != nil {
		return Result{}, err
	}
	t := newTap("output of a program", channel, out.take)
	if p.Limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.Limit)
		defer cancel()
	}
	result := p.follow(ctx, child, file, began)
	t.drain()
	channel.Close()
	t.mu.Lock()
	text.end()
	t.mu.Unlock()
	result.Tail, result.Lost = out.ended()
	result.Took = time.Since(began)
	return result, nil
}

// follow waits for the end of a program and ends its session.
func (p *Programs) follow(ctx context.Context, child Process, file string, began time.Time) Result {
	done, status := make(chan struct{}), make(chan int, 1)
	safe.Go("end of a program", nil, func() {
		n, _ := child.Wait()
		status <- n
		close(done)
	})
	run := running{sys: p.System, name: file, leader: child.PID(), began: began, patience: p.withDefaults(), asked: syscall.SIGTERM}
	result := Result{}
	how := run.await(ctx, done)
	run.signal(syscall.SIGKILL, false)
	select {
	case result.Status = <-status:
	default:
		result.Status = -int(syscall.SIGKILL) // the kernel does not let it go
	}
	switch {
	case how.stopped:
		result.End, result.Excess = Stopped, how.excess
	case result.Status < 0:
		result.End = Gone
	}
	return result
}

func (p *Programs) env() []string {
	list := []string{programPath, "HOME=/", "TERM=linux"}
	for name, value := range p.written {
		if name != "PATH" && !strings.HasPrefix(name, "LD_") {
			value, _, _ = strings.Cut(value, "\x00")
			if word := name + "=" + value; len(word) < maxWord {
				list = append(list, word)
			}
		}
	}
	slices.Sort(list)
	return list
}

// maxWord is what the kernel takes for one argument or variable, its NUL included (MAX_ARG_STRLEN of linux/binfmts.h, with pages of 4 KiB). A longer value is in
// its file alone: otherwise no program would start.
const maxWord = 32 * 4096

// lines cuts text into lines.
type lines struct {
	line func(string)
	rest []byte
}

func (l *lines) add(data []byte) {
	l.rest = append(l.rest, data...)
	for {
		line, after, whole := bytes.Cut(l.rest, []byte("\n"))
		if len(line) >= maxLine {
			line, after = l.rest[:maxLine], l.rest[maxLine:]
		} else if !whole {
			return
		}
		l.rest = after
		l.say(line)
	}
}

// end is the end of the text: a line without a newline is one too.
func (l *lines) end() {
	l.say(l.rest)
	l.rest = nil
}

func (l *lines) say(line []byte) {
	if l.line != nil && len(line) > 0 {
		l.line(string(line))
	}
}
