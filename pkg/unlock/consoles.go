package unlock

import (
	"context"
	"errors"
	"fmt"

	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/internal/safe"
)

// Terminal is a console; *linux.SecretTerminal is a real one. Each belongs to this process alone while a secret is asked for.
type Terminal interface {
	Write(p []byte) (int, error)
	ReadLine(into *linux.SecretMemory) error
	// Cancel ends ReadLine.
	Cancel()
	Close() error
}

// errNoConsole says that there is nobody to ask.
var errNoConsole = errors.New("no console can be read")

// AskConsoles shows the prompt on every console and takes the first line that is typed on one of them; the others are withdrawn, and what was typed there is thrown away. Consoles that hang up do not
// count. It closes them all.
func AskConsoles(ctx context.Context, consoles []Terminal, prompt string, into *linux.SecretMemory) error {
	a := &asking{answers: make(chan answer, len(consoles))}
	for _, c := range consoles {
		if err := a.begin(c, prompt); err != nil {
			a.withdraw()
			return err
		}
	}
	err := a.first(ctx, into)
	a.withdraw()
	return err
}

// asking is a prompt on several consoles.
type asking struct {
	readers []*reader
	answers chan answer
	running int
}

// reader is one console, with memory of its own: the kernel writes straight into it.
type reader struct {
	console Terminal
	secret  *linux.SecretMemory
}

type answer struct {
	*reader
	err error
}

func (a *asking) begin(c Terminal, prompt string) error {
	secret, err := linux.NewSecretMemory(linux.MaxSecretLine + 1)
	if err != nil {
		return err
	}
	r := &reader{c, secret}
	a.readers = append(a.readers, r)
	_, _ = c.Write([]byte("\r\n" + prompt))
	a.running++
	failed := func(_, trace string) { a.answers <- answer{r, fmt.Errorf("console: %s", trace)} }
	safe.Go("console", failed, func() { a.answers <- answer{r, c.ReadLine(secret)} })
	return nil
}

// first waits for a line, and takes it over.
func (a *asking) first(ctx context.Context, into *linux.SecretMemory) error {
	for a.running > 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case got := <-a.answers:
			a.running--
			var typed linux.SecretError
			switch {
			case errors.As(got.err, &typed):
				return got.err
			case got.err == nil:
				into.Wipe()
				if !into.Append(got.secret.Bytes()) {
					return linux.ErrSecretTooLong
				}
				return nil
			}
		}
	}
	return errNoConsole
}

// withdraw takes the prompt off every console, and waits until nobody reads any more.
func (a *asking) withdraw() {
	for _, r := range a.readers {
		r.console.Cancel()
	}
	for ; a.running > 0; a.running-- {
		<-a.answers
	}
	for _, r := range a.readers {
		_, _ = r.console.Write([]byte("\r\n"))
		r.secret.Close()
		r.console.Close()
	}
}
