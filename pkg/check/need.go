package check

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// need is one thing that a kind of init cannot do without, and why.
type need struct {
	kind needKind
	name string // of a program, or the path of a file; with * for those of files
	why  string
	says string // of a file: what it must contain; parts are split by "|"
}

// needKind is how a need is met.
type needKind int

const (
	// program: found in PATH, with its libraries; or a part of the shell.
	program needKind = iota
	// early: the same, but before /proc is there, so that a busybox does not find itself.
	early
	// harmless: a program that an init does without if it is not there, but not if it is there and does not start.
	harmless
	// sourced: a script that the shell of process 1 sources: it is there, free of mistakes, and not cut off.
	sourced
	// present: the same, but only that it is there and free of mistakes counts: what it says does not.
	present
	// whole: a script that is started: as sourced, and executable.
	whole
	// text: a file that says something.
	text
	// there: a file that is there, whatever it says.
	there
	// filled: a file that is there and says anything but comments.
	filled
	// runs: a program by its path.
	runs
	// command: a script that is found in PATH and started: as whole.
	command
	// hook: a script of dracut's hooks, "STAGE/NAME": as sourced.
	hook
)

// all judges a list of needs.
func (j *judge) all(needs []need) {
	for _, n := range needs {
		j.need(n)
	}
}

func (j *judge) need(n need) { j.needOr(n, j.hint(n)) }

// needOr judges a need that a certain word or option mends.
func (j *judge) needOr(n need, hint string) {
	if n.kind == hook {
		n.kind, n.name = sourced, j.hookPattern(n.name)
	}
	what, err := n.name, error(nil)
	switch n.kind {
	case program, early, harmless:
		what = "program " + n.name
		if n.kind == program && j.applet(n.name) {
			break
		}
		file := j.which(n.name)
		if file == "" {
			if n.kind == harmless {
				return
			}
			err = errNotThere(n.name)
			break
		}
		err = j.runsAt(file)
	case sourced, present, whole:
		what = "script " + n.name
		err = j.sound(n)
	case text:
		what = "file " + n.name
		err = j.saying(n)
	case there:
		what = "file " + n.name
		_, err = j.one(n.name)
	case filled:
		what = "file " + n.name
		err = j.filled(n.name)
	case runs:
		what = "program " + n.name
		err = j.runsAt(n.name)
	case command:
		what = "script " + n.name
		err = j.command(n)
	}
	if err != nil {
		j.bad(what, n.why, hint, err.Error())
		return
	}
	j.good(what, "is there and whole")
}

// sound judges a script.
func (j *judge) sound(n need) error {
	file, err := j.one(n.name)
	if err != nil {
		return err
	}
	s := j.script(file)
	switch {
	case s == nil:
		return errNotThere(file)
	case n.kind == whole && s.bad != nil:
		return s.bad
	case n.kind != whole && j.mistake(s) != nil:
		return j.mistake(s)
	case n.kind == present:
		return nil
	case s.cut:
		return errors.New(file + " is cut off: its last line has no end")
	}
	if err := j.saying(n); err != nil {
		return err
	}
	if n.kind == whole {
		return j.runsAt(file)
	}
	return nil
}

// command judges a script that is found in PATH.
func (j *judge) command(n need) error {
	file := j.which(n.name)
	if file == "" {
		return errNotThere(n.name)
	}
	n.kind, n.name = whole, file
	return j.sound(n)
}

// filled judges a table: comments and blank lines do not count.
func (j *judge) filled(name string) error {
	data, err := j.tree.ReadFile(name)
	if err != nil {
		return errNotThere(name)
	}
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			return nil
		}
	}
	return errors.New(name + " lists nothing")
}

// saying judges what a file says.
func (j *judge) saying(n need) error {
	file, err := j.one(n.name)
	if err != nil {
		return err
	}
	data, err := j.tree.ReadFile(file)
	switch {
	case err != nil:
		return errNotThere(file)
	case len(strings.TrimSpace(string(data))) == 0:
		return errors.New(file + " is empty")
	}
	for part := range strings.SplitSeq(n.says, "|") {
		if !strings.Contains(string(data), part) {
			return errors.New(file + " does not say " + part + ": it is cut off, or of a kind that is not known here")
		}
	}
	return nil
}

// one is the file that a name with * means.
func (j *judge) one(name string) (string, error) {
	if !strings.Contains(name, "*") {
		if !j.has(name) {
			return "", errNotThere(name)
		}
		return name, nil
	}
	if found := j.glob(name); len(found) > 0 {
		return found[0], nil
	}
	return "", errNotThere(name)
}

// glob lists the files of a pattern; only its last part may have a *, and its folder may be a link.
func (j *judge) glob(pattern string) (found []string) {
	dir := path.Dir(pattern)
	list, err := fs.ReadDir(j.tree, dir)
	if err != nil {
		return nil
	}
	for _, e := range list {
		if ok, _ := path.Match(path.Base(pattern), e.Name()); ok && j.has(path.Join(dir, e.Name())) {
			found = append(found, path.Join(dir, e.Name()))
		}
	}
	slices.Sort(found)
	return found
}

// faultless judges scripts that the shell of process 1 sources if they are there: a mistake of syntax in one ends that shell.
func (j *judge) faultless(why string, patterns ...string) {
	for _, pattern := range patterns {
		for _, file := range j.glob(pattern) {
			if s := j.script(file); s != nil && j.mistake(s) != nil {
				j.bad("script "+file, why, "", j.mistake(s).Error())
			}
		}
	}
}
