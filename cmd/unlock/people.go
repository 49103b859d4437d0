package main

import (
	"context"

	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/pkg/unlock"
)

// asker asks on consoles. Those that do not open are left out: one that comes later is opened at the next prompt.
type asker []string

func (a asker) ask(ctx context.Context, prompt string, into *linux.SecretMemory) error {
	var terminals []unlock.Terminal
	for _, path := range a {
		if t, err := linux.OpenSecretTerminal(path, true); err == nil {
			terminals = append(terminals, t)
		}
	}
	return unlock.AskConsoles(ctx, terminals, prompt, into)
}
