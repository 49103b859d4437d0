// Command kills does to booting machines, at drawn instants, what must not harm them: kills the engine, sends every signal to PID 1, lets
// the disk answer late, takes consoles away. Every boot must end in exactly one of the four ways, without a crash of kernel or /init.
//
//	go run ./test/kills [-j N] [-seed N] [-times N] [SET...]
//
// Results are kept under build/kills and counted while build/init and build/preroot stay the same: a run that was stopped goes on.
package main

import (
	"os"

	"github.com/preroot/preroot/test/trials"
)

func main() {
	os.Exit(trials.Main("kills", os.Args[1:], os.Stdout, func(work string, times int) ([]trials.Set, error) {
		h, err := newHouse(work)
		if err != nil {
			return nil, err
		}
		return h.sets(times), nil
	}))
}
