package main

import (
	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/pkg/unlock"
)

// people are asked on consoles and by plymouthd.
func people(consoles []string) *unlock.People {
	return &unlock.People{Consoles: consoles, Open: openTerminal, Plymouth: dialPlymouth, Say: say}
}

func openTerminal(path string) (unlock.Terminal, error) { return linux.OpenSecretTerminal(path, true) }

// dialPlymouth connects to the plymouthd that is running. Under rd.plymouth=0 or plymouth.enable=0 dracut's hook starts none; one that somebody started all the same has the terminals, and is asked.
func dialPlymouth() (p *unlock.Plymouth, files func() []string, err error) {
	for _, name := range unlock.PlymouthSockets {
		conn, pid, e := linux.DialAbstract(name)
		if err = e; err == nil {
			return unlock.NewPlymouth(conn), func() []string { return linux.OpenFiles(pid) }, nil
		}
	}
	return nil, nil, err
}
