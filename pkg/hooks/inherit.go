package hooks

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strconv"
	"strings"
)

// Inherit takes over what a shell of a process before this one has left in Config.Dir: every variable as it was after the last request that was finished, and the
// directory. It is called before the first request, and gives the variables of Config.Report. Nothing there is no error.
func (s *Shell) Inherit() (map[string]string, error) {
	newest, number, err := s.newestState()
	if err != nil {
		return nil, err
	}
	if newest == "" {
		return map[string]string{}, nil
	}
	vars, whole := parseState(newest, strconv.FormatUint(number, 10))
	if !whole {
		return map[string]string{}, fmt.Errorf("the state of the hook shell in %s cannot be read", s.c.Dir)
	}
	s.vars, s.seq, s.dir = vars, number, stateDir(newest)
	s.reported = s.reportOf(vars)
	return maps.Clone(s.reported), nil
}

// newestState is the last whole state of the shell that is not too large to be put back, and the number of its request; "" for none.
func (s *Shell) newestState() (newest string, number uint64, err error) {
	for _, name := range []string{"state.0", "state.1"} {
		text, err := s.c.System.Files.ReadFile(s.file(name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", 0, err
		}
		if n, _ := stateNumber(string(text)); usable(string(text), n) && (newest == "" || n > number) {
			newest, number = string(text), n
		}
	}
	return newest, number, nil
}

// reportOf picks the variables that results tell.
func (s *Shell) reportOf(vars map[string]variable) map[string]string {
	told := map[string]string{}
	for _, name := range s.c.Report {
		if v := vars[name]; v.set {
			told[name] = v.value
		}
	}
	return told
}

// stateNumber is the number of the request after which a state was written: its last line, which a state that was cut off does not have.
func stateNumber(text string) (n uint64, whole bool) {
	text, ended := strings.CutSuffix(text, "'\n")
	i := strings.LastIndex(text, "\n"+endMark+"='")
	if !ended || i < 0 {
		return 0, false
	}
	n, err := strconv.ParseUint(text[i+len("\n"+endMark+"='"):], 10, 64)
	return n, err == nil
}

// stateDir is the directory of the shell that wrote a state.
func stateDir(text string) (dir string) {
	for text != "" {
		var line stateLine
		if line, text = nextLine(text); line.name == "PWD" && line.hasValue {
			dir = line.value
		}
	}
	return dir
}
