package unlock

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/pkg/luks"
)

// Request is what is to be opened, and where people are asked.
type Request struct {
	Volumes []Volume
	// Any says that one of them will do: it is not known which.
	Any      bool
	Consoles []string
}

// ErrAuthentication says that nobody knew the passphrase. It never leads to a shell.
var ErrAuthentication = errors.New("no passphrase was right")

// Run opens the volumes: by their key files, then by passphrases. One passphrase is tried on all that are closed; a wrong one makes the next prompt later (waitAfter).
// It ends when nothing is closed any more. What cannot be opened by any passphrase is said and is no reason to ask.
func Run(ctx context.Context, m Machine, r Request) error {
	o := &opener{Machine: m, any: r.Any}
	defer func() {
		for _, v := range o.closed {
			v.close()
		}
	}()
	o.read(r.Volumes)
	o.useKeyFiles(ctx)
	for _, v := range o.snapshot() {
		if v.TryEmpty {
			o.tryAll(ctx, nil, []*volume{v})
		}
	}
	err := errors.Join(o.leaveHeadless(), o.useKept(ctx))
	if o.done() {
		return err
	}
	if limit := smallest(o.closed, func(v *volume) time.Duration { return v.Timeout }); limit > 0 {
		var cancel func()
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	return errors.Join(err, o.askUntilOpen(ctx))
}

// done says whether there is nothing left to do.
func (o *opener) done() bool { return len(o.closed) == 0 || o.any && o.opened > 0 }

// leaveHeadless gives up what nobody is to be asked for.
func (o *opener) leaveHeadless() (err error) {
	for _, v := range o.snapshot() {
		if v.Headless {
			err = errors.Join(err, fmt.Errorf("%w: %s (%s): no key file opens it, and nobody is to be asked (headless)", ErrAuthentication, v.Name, v.Node))
			o.drop(v)
		}
	}
	return err
}

// smallest is the smallest of the bounds of some volumes that is one.
func smallest[T int | time.Duration](volumes []*volume, of func(*volume) T) (bound T) {
	for _, v := range volumes {
		if b := of(v); b > 0 && (bound == 0 || b < bound) {
			bound = b
		}
	}
	return bound
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
			key, err := o.readKey(k)
			if err != nil {
				if !k.Optional || !errors.Is(err, fs.ErrNotExist) {
					o.lack("%s: key file %s: %v", v.Name, k.File, withoutPath(err))
				}
				continue
			}
			opened := o.tryAll(ctx, key, []*volume{v})
			clear(key)
			if opened > 0 {
				break
			}
			o.lack("%s: the key file %s does not open it", v.Name, k.File)
		}
	}
}

// useKept tries what was typed before these volumes came.
func (o *opener) useKept(ctx context.Context) error {
	if o.Kept == nil || o.done() {
		return nil
	}
	secret, err := linux.NewSecretMemory(linux.MaxSecretLine + 1)
	if err != nil {
		return err
	}
	defer secret.Close()
	if o.Kept(secret) == nil {
		o.tryAll(ctx, secret.Bytes(), o.snapshot())
	}
	return nil
}

// keep keeps what was right. Where the kernel has no keys, somebody types once more.
func (o *opener) keep(secret []byte) {
	if o.Keep != nil {
		_ = o.Keep(secret)
	}
}

// withoutPath is the reason of an error about a path.
func withoutPath(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// readKey reads a key file.
func (o *opener) readKey(k KeyFile) ([]byte, error) {
	f, err := o.OpenFile(k.File)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, _ := f.Geometry()
	return luks.ReadKeyFile(f, size, k.Offset, k.Size)
}

// waitStep is the pause when nothing was typed, waitMost the longest one.
const (
	waitStep = time.Second
	waitMost = 30 * time.Second
)

// waitAfter is the pause between a wrong passphrase and the next prompt: 0, 1, 2, 4, 8, 16 and then always 30 seconds. Who has mistyped once waits for nothing.
func waitAfter(wrong int) time.Duration {
	switch {
	case wrong <= 1:
		return 0
	case wrong > 6:
		return waitMost
	}
	return waitStep << (wrong - 2)
}

// askUntilOpen asks until nothing is closed.
func (o *opener) askUntilOpen(ctx context.Context) error {
	tries := smallest(o.closed, func(v *volume) int { return v.Tries })
	secret, err := linux.NewSecretMemory(linux.MaxSecretLine + 1)
	if err != nil {
		return err
	}
	defer secret.Close()
	note := "" // on what came before, for who types
	for wrong := 0; !o.done(); {
		switch err := o.Ask(ctx, note+"Passphrase for "+o.names()+": ", secret); {
		case errors.Is(err, linux.ErrSecretCanceled), errors.Is(err, linux.ErrSecretTooLong):
			note = "(" + err.Error() + ") "
			continue
		case ctx.Err() != nil:
			return fmt.Errorf("%w: %s: nobody has typed one in time", ErrAuthentication, o.names())
		case err != nil:
			return err
		}
		if len(secret.Bytes()) == 0 { // an empty passphrase is for who has try-empty-password; somebody leans on Enter
			note = "(nothing typed) "
			if !pause(ctx, waitStep) {
				return fmt.Errorf("%w: %s: nobody has typed one in time", ErrAuthentication, o.names())
			}
			continue
		}
		opened := o.tryAll(ctx, secret.Bytes(), o.snapshot())
		if opened > 0 {
			o.keep(secret.Bytes())
		}
		secret.Wipe()
		if opened > 0 || o.done() {
			wrong, note = 0, ""
			continue
		}
		if wrong++; tries > 0 && wrong >= tries {
			return fmt.Errorf("%w: %s, after %d tries", ErrAuthentication, o.names(), wrong)
		}
		note = fmt.Sprintf("(%d wrong) ", wrong)
		if !pause(ctx, waitAfter(wrong)) {
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
