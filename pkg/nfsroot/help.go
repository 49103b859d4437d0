package nfsroot

import (
	"fmt"
	"strconv"
	"time"
)

// Help does what the helper is asked for: NAME ADDRESSES ro|rw TARGET SECONDS.
func (m Machine) Help(args []string) error {
	if len(args) != 5 || args[2] != "ro" && args[2] != "rw" {
		return fmt.Errorf("usage: nfsroot NAME ADDRESSES ro|rw TARGET SECONDS, not %q", args)
	}
	seconds, err := strconv.Atoi(args[4])
	if err != nil {
		return err
	}
	r, err := Parse(args[0], args[1])
	if err != nil {
		return err
	}
	return m.Mount(r, args[3], args[2], time.Duration(seconds)*time.Second)
}
