package boot

import (
	"errors"
	"path"
	"strings"
	"time"
)

// helper is a program of the image: what only some boots need is no part of /init.
type helper struct {
	path    string
	limit   time.Duration // 0 is for ever
	drivers bool          // those of devices are loaded meanwhile
}

// help runs a helper as a step of the boot and gives what it has said. Its last line is the reason when it fails.
func (b *Boot) help(p helper, args ...string) (output string, err error) {
	return b.runStep(&step{finder: b.finder, key: path.Base(p.path) + " " + args[0], limit: p.limit, drivers: p.drivers, run: func() (string, error) {
		return runHelper(b.m.Programs, p.path, args...)
	}})
}

// runHelper runs a helper to its end and gives what it has said. Its last line is the reason when it fails.
func runHelper(programs Programs, program string, args ...string) (said string, err error) {
	status, said, err := programs.Run(program, args...)
	said = strings.TrimSpace(said)
	if err == nil && status != 0 {
		err = errors.New(said[strings.LastIndexByte(said, '\n')+1:])
	}
	return said, err
}
