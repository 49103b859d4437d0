package image

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// assignmentLimit bounds a file of assignments; such files have a few hundred bytes.
const assignmentLimit = 64 << 10

// assignments reads NAME=VALUE lines of a file like vconsole.conf(5) or keyboard(5). It is data and never run: a value
// stands as it is, in quotes or without, and one that a shell would expand is left out with a complaint. No such file
// is no fault.
func assignments(file string) (values map[string]string, complaints []string) {
	values = map[string]string{}
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return values, nil
	case err != nil:
		return values, []string{err.Error()}
	case !info.Mode().IsRegular() || info.Size() > assignmentLimit:
		return values, []string{fmt.Sprintf("%s: no file of at most %d bytes: passed over", file, assignmentLimit)}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return values, []string{err.Error()}
	}
	for i, line := range strings.Split(string(text), "\n") {
		name, value, err := assignment(line)
		if err != nil {
			complaints = append(complaints, fmt.Sprintf("%s:%d: %v", file, i+1, err))
		} else if name != "" {
			values[name] = value
		}
	}
	return values, complaints
}

// assignment reads one line; name is "" when it assigns nothing.
func assignment(line string) (name, value string, err error) {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' || line[0] == ';' {
		return "", "", nil
	}
	name, value, ok := strings.Cut(strings.TrimPrefix(line, "export "), "=")
	name = strings.TrimSpace(name)
	if !ok || name == "" || strings.ContainsFunc(name, notInName) {
		return "", "", nil
	}
	value = strings.TrimSpace(value)
	if value != "" && (value[0] == '"' || value[0] == '\'') {
		inside, rest, closed := strings.Cut(value[1:], value[:1])
		if rest = strings.TrimSpace(rest); !closed || rest != "" && rest[0] != '#' {
			return "", "", fmt.Errorf("%s: write one value between two quotes", name)
		}
		value = inside
	} else {
		value, _, _ = strings.Cut(value, " #")
		value = strings.TrimSpace(value)
	}
	if strings.ContainsAny(value, "$`\\") || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", "", fmt.Errorf("%s: the value is taken as it stands: write it without $, ` and \\", name)
	}
	return name, value, nil
}

func notInName(r rune) bool {
	return r != '_' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9')
}
