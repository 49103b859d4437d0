package hooks

import (
	"errors"
	"syscall"
)

// maxState bounds the variables that are put back, in bytes: the directory of the shell is a small file system, and they lie in it more than once.
const maxState = 1 << 20

// writeFile writes a file of the shell's directory. Variables of a hook may have filled that: then what is kept of them goes, but for the newest state that can be used.
func (s *Shell) writeFile(name string, data []byte) error {
	err := s.c.System.Files.WriteFile(s.file(name), data)
	if errors.Is(err, syscall.ENOSPC) && s.makeRoom() {
		err = s.c.System.Files.WriteFile(s.file(name), data)
	}
	return err
}

// makeRoom removes what is kept of variables, but for the newest state that can be put back; false means that there was nothing.
func (s *Shell) makeRoom() (removed bool) {
	_, newest, _ := s.newestState()
	for _, name := range []string{"state.0", "state.1"} {
		text, err := s.c.System.Files.ReadFile(s.file(name))
		if err != nil || usable(string(text), newest) {
			continue
		}
		removed = s.c.System.Files.Remove(s.file(name)) == nil || removed
	}
	return removed
}

// usable says whether text is the whole state after the request with that number, and small enough to be put back.
func usable(text string, number uint64) bool {
	n, whole := stateNumber(text)
	return whole && n == number && len(text) <= maxState
}
