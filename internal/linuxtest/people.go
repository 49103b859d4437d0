package linuxtest

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/preroot/preroot/pkg/boot"
)

// visit is somebody at a console: how long until a key is pressed, how long the program is used, and the request it leaves.
type visit struct {
	wait, stay time.Duration
	request    string
}

func (m *Machine) readPeople(c *Case) error {
	for _, line := range c.lines("people") {
		f := strings.SplitN(line, " ", 3)
		var v visit
		var err, err2 error
		if len(f) < 2 {
			return fmt.Errorf("people: %q: want WAIT STAY [REQUEST]", line)
		}
		v.wait, err = time.ParseDuration(f[0])
		v.stay, err2 = time.ParseDuration(f[1])
		if len(f) > 2 {
			v.request = f[2]
		}
		if err := errors.Join(err, err2); err != nil {
			return err
		}
		m.people = append(m.people, v)
	}
	return nil
}

// terminal is a console; the next visitor comes to the one that was opened last.
type terminal struct {
	m        *Machine
	path     string
	released chan struct{}
	once     sync.Once
}

func (m *Machine) openTerminal(path string) (boot.Terminal, error) {
	return &terminal{m: m, path: path, released: make(chan struct{})}, nil
}

func (t *terminal) Write(p []byte) (int, error) { return len(p), nil }
func (t *terminal) Close() error                { return nil }
func (t *terminal) Release()                    { t.once.Do(func() { close(t.released) }) }

var errReleased = errors.New("released")

func (t *terminal) AwaitKey() error {
	t.m.mu.Lock()
	var come <-chan time.Time
	if len(t.m.people) > 0 {
		come = time.After(t.m.people[0].wait)
	}
	t.m.mu.Unlock()
	select {
	case <-come:
		return nil
	case <-t.released:
		return errReleased
	case <-t.m.off:
		return errReleased
	}
}

// session is a program on a console.
type session struct {
	v     visit
	ended chan struct{}
	once  sync.Once
}

// Interactive starts a shell or the prompt for the next visitor.
func (p programs) Interactive(terminal, program string, argv, _ []string) (boot.Session, error) {
	p.m.mu.Lock()
	defer p.m.mu.Unlock()
	p.m.noteLocked("%s on %s", strings.TrimPrefix(path.Base(argv[0]), "-"), terminal)
	s := &session{ended: make(chan struct{})}
	if len(p.m.people) > 0 {
		s.v, p.m.people = p.m.people[0], p.m.people[1:]
	}
	return s, nil
}

func (s *session) Request() string {
	select {
	case <-time.After(s.v.stay):
		return s.v.request
	case <-s.ended:
		return ""
	}
}

func (s *session) Wait() error {
	select {
	case <-time.After(s.v.stay):
	case <-s.ended:
	}
	return nil
}

func (s *session) End()  { s.once.Do(func() { close(s.ended) }) }
func (s *session) Kill() { s.End() }
