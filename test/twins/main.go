// Command twins boots machines that get two disks with the same file system, one after the other, while they boot, and
// judges by the kernel's log whether the right thing happened: as long as PID 1 has not been asked to switch, both are
// refused; later the first is booted. Beside them stand machines that look alike and must boot.
//
//	go run ./test/twins [-j N] [-seed N] [-times N] [SET...]
//
// Results are kept under build/twins and counted while build/init and build/preroot stay the same: a run that was stopped goes on.
package main

import (
	"os"

	"github.com/preroot/preroot/test/trials"
)

func main() {
	os.Exit(trials.Main("twins", os.Args[1:], os.Stdout, func(work string, times int) ([]trials.Set, error) {
		return newHouse(work).sets(times), nil
	}))
}
