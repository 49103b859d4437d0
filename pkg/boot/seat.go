package boot

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/preroot/preroot/pkg/rescue"
)

// seat is one console with a place for a person.
type seat struct {
	path     string // "/dev/ttyS0"
	terminal Terminal
	session  Session
	shell    bool // the session is a shell of the image
}

// say writes to the console; what it does not take at once is dropped.
func (s *seat) say(format string, args ...any) {
	if s.terminal != nil {
		_, _ = fmt.Fprintf(s.terminal, strings.ReplaceAll(format, "\n", "\r\n"), args...)
	}
}

func (s *seat) countdown(action string, seconds int) {
	s.say("\r%s in %d s \x1b[K", action, seconds)
}

// stopCountdown says so on a console that showed one.
func (s *seat) stopCountdown(here bool) {
	s.say("\r\x1b[K")
	if !here {
		s.say("the countdown is stopped: somebody is at another console; press a key for a prompt\n")
	}
}

// openSeats opens the consoles that have none yet.
func (a *attendance) openSeats() {
	for _, p := range a.b.terminals() {
		if a.seats[p] == nil {
			a.openSeat(p)
		}
	}
}

func (a *attendance) openSeat(p string) {
	t, err := a.b.m.OpenTerminal(p)
	if err != nil {
		a.b.m.Log.Debugf("%v", err)
		return
	}
	s := &seat{path: p, terminal: t}
	a.seats[p] = s
	a.invite(s)
	a.b.spawn("key on "+p, nil, func() { a.b.deliver(keyPressed{s, t.AwaitKey()}) })
}

// invite says what has happened and what a person can do.
func (a *attendance) invite(s *seat) {
	head := "the boot has stopped in stage " + a.why.stage
	if !a.why.failure {
		head = "the boot stops before stage " + a.why.stage + ", as asked"
	}
	s.say("\n%s: %s\n", head, a.why.reason)
	if a.left >= 0 && !a.typed {
		s.say("%s in %d s; press a key for a prompt\n", a.b.config.Emergency, int(a.left/time.Second))
	} else {
		s.say("press a key for a prompt\n")
	}
}

// lose lets a console go: its line is down, or its program has ended. The next tick opens it again if it is there.
func (a *attendance) lose(s *seat) {
	if a.seats[s.path] == s {
		delete(a.seats, s.path)
	}
	if s.terminal != nil {
		s.terminal.Release()
		s.terminal.Close()
		s.terminal = nil
	}
}

// places names terminals without their directory.
func places(terminals []string) string {
	return strings.ReplaceAll(strings.Join(terminals, ", "), "/dev/", "")
}

// sessionPatience is how long a program may take to end when its terminal hangs up.
const sessionPatience = time.Second

// closeSeats ends what runs on the consoles and gives their settings back.
func (a *attendance) closeSeats() {
	late := time.NewTimer(sessionPatience)
	defer late.Stop()
	waiting := map[*seat]bool{}
	for _, s := range a.seats {
		if s.session != nil {
			s.session.End()
			waiting[s] = true
		} else if s.terminal != nil {
			s.terminal.Release()
			waiting[s] = true
		}
	}
	for len(waiting) > 0 {
		select {
		case ev := <-a.b.events:
			switch ev := ev.(type) {
			case keyPressed:
				a.lose(ev.s)
				delete(waiting, ev.s)
			case sessionEnded:
				delete(waiting, ev.s)
			default:
				a.finder.Handle(ev)
			}
		case <-late.C:
			for s := range waiting {
				if s.session != nil {
					s.session.Kill()
				}
			}
			return
		}
	}
}

// promptEnv is what a person's program gets.
var promptEnv = []string{"HOME=/", "TERM=linux", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "PS1=preroot:${PWD}# "}

// startSession starts the image's shell, or the built-in prompt, on a console; or what asks for kernel parameters.
func (b *Boot) startSession(s *seat, ask bool) (err error) {
	s.terminal.Release()
	s.terminal.Close()
	s.terminal = nil
	b.setKeymap()
	if ask {
		if s.session, err = b.m.Programs.Interactive(s.path, b.m.Self, []string{rescue.AskName}, promptEnv); err != nil {
			return err
		}
	} else if shell := b.shell(); shell != "" {
		b.m.Log.Errf("prompt: %s on %s; leave it with exit to go on", shell, s.path)
		if s.session, err = b.m.Programs.Interactive(s.path, shell, []string{shell, "-i"}, promptEnv); err != nil {
			b.m.Log.Errf("%s on %s: %v", shell, s.path, err)
		}
		s.shell = err == nil
	}
	if s.session == nil {
		b.m.Log.Errf("prompt: on %s; help lists what it can do, exit goes on", s.path)
		if s.session, err = b.m.Programs.Interactive(s.path, b.m.Self, []string{rescue.PromptName}, promptEnv); err != nil {
			return err
		}
	}
	session := s.session
	b.spawn("end of the prompt on "+s.path, nil, func() { _ = session.Wait() })
	b.spawn("prompt on "+s.path, nil, func() { b.deliver(sessionEnded{s, session.Request()}) })
	return nil
}

// shell is the shell of the image, "" for none.
func (b *Boot) shell() string {
	for _, p := range []string{"bin/sh", "usr/bin/sh", "bin/bash", "bin/busybox"} {
		if _, err := fs.Stat(b.m.Files, p); err == nil {
			return "/" + p
		}
	}
	return ""
}

// terminals lists the consoles that the kernel writes to (/sys/class/tty/console/active) and the one of rd.ctty=. tty0 is the virtual console
// that is shown.
func (b *Boot) terminals() []string {
	names := strings.Fields(b.read("sys/class/tty/console/active"))
	if b.config.CTTY != "" {
		names = append(names, path.Base(b.config.CTTY))
	}
	if len(names) == 0 {
		names = []string{"console"}
	}
	var list []string
	for _, name := range names {
		if name == "tty0" {
			if shown := b.read("sys/class/tty/tty0/active"); shown != "" {
				name = shown
			}
		}
		if p := "/dev/" + name; !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list
}
