package unlock

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/preroot/preroot/internal/linux"
)

// People are asked on consoles, and by plymouthd where one is running.
//
// Plymouthd has terminals to itself: it reads them without the kernel's line editor, and draws on them. Of two readers of one terminal each gets some of the keys. So on a terminal that plymouthd has, plymouthd
// alone asks, whether it shows a picture there or text; on all others (serial lines under plymouth.ignore-serial-consoles) we do. The first answer counts. When plymouthd is dead, does not
// answer, or has no splash to ask on, its terminals are asked like the others: nobody is left without a prompt.
type People struct {
	Consoles []string
	// Open opens a console. One that does not open is left out: if it comes later it is opened at the next prompt.
	Open func(path string) (Terminal, error)
	// Plymouth connects to the plymouthd that is running; files are those that it has open. It may be nil.
	Plymouth func() (p *Plymouth, files func() []string, err error)
	// Say takes a line on who asks.
	Say func(line string)

	plymouth *Plymouth
	files    func() []string
	told     bool
}

// Ask asks for a line that nobody sees.
func (p *People) Ask(ctx context.Context, prompt string, into *linux.SecretMemory) error {
	p.connect()
	if p.plymouth == nil {
		return AskConsoles(ctx, p.open(p.Consoles), prompt, into)
	}
	files := p.files()
	isTaken := func(c string) bool { return taken(c, p.Consoles, files) }
	s := &splash{people: p, prompt: prompt}
	for _, c := range p.Consoles {
		if isTaken(c) {
			s.consoles = append(s.consoles, c)
		}
	}
	s.ctx, s.cancel = context.WithCancel(ctx)
	defer s.cancel()
	p.plymouth.prepare()
	if !p.told {
		p.told = true
		p.Say("plymouthd asks on " + strings.Join(s.consoles, ", "))
	}
	err := AskConsoles(ctx, append(p.open(slices.DeleteFunc(slices.Clone(p.Consoles), isTaken)), s), prompt, into)
	if p.plymouth.broken {
		p.plymouth.Close()
		p.plymouth = nil
	}
	return err
}

// connect looks for a plymouthd if there was none.
func (p *People) connect() {
	if p.plymouth != nil || p.Plymouth == nil {
		return
	}
	var err error
	if p.plymouth, p.files, err = p.Plymouth(); err != nil {
		p.plymouth = nil
	}
}

func (p *People) open(consoles []string) (list []Terminal) {
	for _, path := range consoles {
		if t, err := p.Open(path); err == nil {
			list = append(list, t)
		}
	}
	return list
}

// taken says whether plymouthd, which has these files open, has one of the consoles. A virtual terminal counts as taken until plymouthd has a terminal: it waits for a display first, and takes the virtual
// terminal if none comes.
func taken(console string, consoles, files []string) bool {
	if slices.Contains(files, console) {
		return true
	}
	if !isVT(console) {
		return false
	}
	return slices.ContainsFunc(files, isVT) || !slices.ContainsFunc(consoles, func(c string) bool { return slices.Contains(files, c) })
}

// isVT says whether a path is that of a virtual terminal, or of the console that nobody has named.
func isVT(path string) bool {
	number, ok := strings.CutPrefix(path, "/dev/tty")
	return path == "/dev/console" || ok && strings.Trim(number, "0123456789") == ""
}

// splash is plymouthd in the place of the consoles that it has taken.
type splash struct {
	people   *People
	consoles []string
	prompt   string
	ctx      context.Context // of the consoles, should they be asked
	cancel   context.CancelFunc
}

// Write writes nothing: plymouthd gets the prompt by its protocol.
func (s *splash) Write(p []byte) (int, error) { return len(p), nil }

func (s *splash) ReadLine(into *linux.SecretMemory) error {
	err := s.people.plymouth.Ask(s.prompt, s.shown, into)
	var typed linux.SecretError
	if err == nil || errors.As(err, &typed) || s.ctx.Err() != nil {
		return err
	}
	s.people.Say("plymouthd does not ask (" + err.Error() + "): asking on " + strings.Join(s.consoles, ", "))
	return AskConsoles(s.ctx, s.people.open(s.consoles), s.prompt, into)
}

// shown says whether plymouthd has a terminal by now, for those that were left to it.
func (s *splash) shown() bool {
	files := s.people.files()
	return len(s.consoles) == 0 || slices.ContainsFunc(files, func(f string) bool { return isVT(f) || slices.Contains(s.consoles, f) })
}

// Cancel ends ReadLine, whoever asks.
func (s *splash) Cancel() {
	s.cancel()
	s.people.plymouth.Cancel()
}

// Close leaves plymouthd its question, for the next prompt.
func (s *splash) Close() error { return nil }
