package rescue

import (
	"errors"
	"time"

	"github.com/preroot/preroot/internal/klog"
	"github.com/preroot/preroot/internal/safe"
	"github.com/preroot/preroot/pkg/cmdline"
)

const (
	// lookEvery is how often a running command is looked at.
	lookEvery = time.Second
	// patience is how many looks a command may be silent before the prompt goes on without it; patienceAfterInterrupt is the same once
	// Ctrl-C was pressed.
	patience               = 10
	patienceAfterInterrupt = 3
	// maxBehind bounds the commands that were given up and still run: each keeps a thread.
	maxBehind = 16
)

// execute runs a line as a command, or takes it as a request.
func (p *Prompt) execute(line string) error {
	words := cmdline.Split(line)
	if len(words) == 0 {
		return nil
	}
	if isBootWord(words[0]) || words[0].Key == "root" {
		p.take(line)
		return nil
	}
	if p.behind >= maxBehind {
		p.write("too many commands wait for the kernel already; this one is not begun\n")
		return nil
	}
	args := make([]string, len(words))
	for i, w := range words {
		args[i] = w.String()
	}
	return p.follow(p.begin(args))
}

// take makes a line of kernel words the request, when there is nothing wrong with it.
func (p *Prompt) take(line string) {
	r, err := ParseRequest(line)
	if err == nil && p.System.CheckRoot != nil {
		if root, ok := cmdline.Of(r.Words).Get("root"); ok {
			err = p.System.CheckRoot(root)
		}
	}
	if err != nil {
		p.write(klog.Clean(err.Error()) + "\n")
		return
	}
	p.request = line
}

// begin starts a command in a goroutine of its own.
func (p *Prompt) begin(args []string) *call {
	c := newCall(p, args)
	safe.Go(args[0], nil, func() {
		defer c.finish(p.late, p.gone)
		defer safe.Catch(args[0], c.broken)
		c.err = c.run()
	})
	return c
}

// follow waits for the end of a command, and meanwhile listens for Ctrl-C. One that shows no sign of life is left to itself.
func (p *Prompt) follow(c *call) error {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-c.done:
			p.tell(c)
			p.adopt(c)
			return nil
		case keys, ok := <-p.keys:
			if !ok {
				c.interrupt()
				return ErrHungUp
			}
			p.meanwhile(c, keys)
		case <-p.Interrupt:
			p.typed = nil
			c.interrupt()
		case <-p.End:
			c.interrupt()
			return errEnded
		case <-look.C:
			if c.silent() && c.leave() {
				p.behind++
				p.write(c.name() + ": the kernel does not answer; this goes on by itself, and its result will be told\n")
				return nil
			}
		}
	}
}

// meanwhile takes what is typed while a command runs: Ctrl-C ends the command and drops what was typed before, as a terminal
// does; a command that shows a page gets the rest, otherwise it waits for the next line.
func (p *Prompt) meanwhile(c *call, keys []byte) {
	for _, b := range keys {
		switch {
		case b == 3:
			p.typed = nil
			c.interrupt()
		case c.paging.Load():
			c.press(b)
		case len(p.typed) < maxTyped:
			p.typed = append(p.typed, b)
		}
	}
}

// tell shows how a command ended, and what it said after it was left to itself.
func (p *Prompt) tell(c *call) {
	p.write(string(c.kept))
	switch {
	case errors.Is(c.err, errStopped):
		p.write("^C\n")
	case errors.Is(c.err, errQuit):
	case c.err != nil:
		p.write(c.name() + ": " + klog.Clean(c.err.Error()) + "\n")
	case c.left:
		p.write(c.name() + ": done\n")
	}
}

// adopt takes over what a command has changed in the session.
func (p *Prompt) adopt(c *call) {
	if c.err == nil {
		p.dir, p.request = c.dir, c.request
	}
}
