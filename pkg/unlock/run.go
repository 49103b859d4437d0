package unlock

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/pkg/luks"
)

// Request is what is to be opened, and how people are asked.
type Request struct {
	Volumes []Volume
	// Tries is after how many wrong passphrases it ends; 0 is never.
	Tries int
	// Timeout is how long a passphrase is waited for in all; 0 is for ever.
	Timeout time.Duration
	// TryEmpty tries the empty passphrase before anybody is asked. Headless asks nobody.
	TryEmpty, Headless bool
}

// ErrAuthentication says that nobody knew the passphrase. It never leads to a shell.
var ErrAuthentication = errors.New("no passphrase was right")

// Run opens the volumes: by their key files, then by passphrases. One passphrase is tried on all that are closed; a wrong one makes the next prompt later, by a second more each time and ten at most.
// It ends when nothing is closed any more. What cannot be opened by any passphrase is said and is no reason to ask.
func Run(ctx context.Context, m Machine, r Request) error {
	o := &opener{Machine: m}
	defer func() {
		for _, v := range o.closed {
			v.close()
		}
	}()
	o.read(r.Volumes)
	o.useKeyFiles(ctx)
	if r.TryEmpty {
		o.tryAll(ctx, nil, o.snapshot())
	}
	switch {
	case len(o.closed) == 0:
		return nil
	case r.Headless:
		return fmt.Errorf("%w: %s: no key file opens it, and nobody is to be asked (headless)", ErrAuthentication, o.names())
	}
	if r.Timeout > 0 {
		var cancel func()
		ctx, cancel = context.WithTimeout(ctx, r.Timeout)
		defer cancel()
	}
	return o.askUntilOpen(ctx, r.Tries)
}

// snapshot is the list of what is closed, which changes while it is gone through.
func (o *opener) snapshot() []*volume { return append([]*volume(nil), o.closed...) }

// names are those of what is closed, for people.
func (o *opener) names() string {
	var list []string
	for _, v := range o.closed {
		list = append(list, fmt.Sprintf("%s (%s)", v.Name, v.Node))
	}
	return strings.Join(list, ", ")
}

// useKeyFiles tries the key files of each volume on it. One that is not there is said.
func (o *opener) useKeyFiles(ctx context.Context) {
	for _, v := range o.snapshot() {
		for _, k := range v.Keys {
			key, err := readKey(k)
			if err != nil {
				o.lack("%s: %v", v.Name, err)
				continue
			}
			opened := o.tryAll(ctx, key, []*volume{v})
			clear(key)
			if opened > 0 {
				break
			}
			o.lack("%s: the key file %s does not open it", v.Name, k.Path)
		}
	}
}

// readKey reads a key file, which must be a regular one.
func readKey(k KeyFile) ([]byte, error) {
	f, err := os.Open(k.Path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("key file %s: it is no regular file", k.Path)
	}
	key, err := luks.ReadKeyFile(f, info.Size(), k.Offset, k.Size)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k.Path, err)
	}
	return key, nil
}

// Waits between a wrong passphrase and the next prompt.
const (
	waitStep = time.Second
	waitMost = 10 * time.Second
)

// askUntilOpen asks until nothing is closed.
func (o *opener) askUntilOpen(ctx context.Context, tries int) error {
	secret, err := linux.NewSecretMemory(linux.MaxSecretLine + 1)
	if err != nil {
		return err
	}
	defer secret.Close()
	for wrong := 0; len(o.closed) > 0; {
		switch err := o.Ask(ctx, "Passphrase for "+o.names()+": ", secret); {
		case errors.Is(err, linux.ErrSecretCanceled), errors.Is(err, linux.ErrSecretTooLong):
			o.lack("%v", err)
			continue
		case ctx.Err() != nil:
			return fmt.Errorf("%w: %s: nobody has typed one in time", ErrAuthentication, o.names())
		case err != nil:
			return err
		}
		opened := o.tryAll(ctx, secret.Bytes(), o.snapshot())
		secret.Wipe()
		if opened > 0 || len(o.closed) == 0 {
			wrong = 0
			continue
		}
		if wrong++; tries > 0 && wrong >= tries {
			return fmt.Errorf("%w: %s, after %d tries", ErrAuthentication, o.names(), wrong)
		}
		o.lack("that passphrase opens nothing")
		if !pause(ctx, min(time.Duration(wrong)*waitStep, waitMost)) {
			return fmt.Errorf("%w: %s: nobody has typed one in time", ErrAuthentication, o.names())
		}
	}
	return nil
}

// pause waits; it says whether there is still time.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
