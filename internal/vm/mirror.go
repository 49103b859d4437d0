package vm

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A Mirror is where the machine's own apt gets a suite from, and the file of
// keys that sign it ("" for those that apt trusts anyway).
type Mirror struct{ URI, Keys string }

// FindMirror reads /etc/apt for the first entry of the machine's own suite and
// returns it for another suite of the same mirror.
func FindMirror(suite string) (Mirror, error) {
	codename, err := hostCodename("/etc/os-release")
	if err != nil {
		return Mirror{}, err
	}
	tmp, err := os.MkdirTemp("", "mirror-")
	if err != nil {
		return Mirror{}, err
	}
	defer os.RemoveAll(tmp)
	dir, err := exchangeSources("/etc/apt", codename, suite, tmp)
	if err != nil {
		return Mirror{}, err
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return Mirror{}, err
		}
		if m := mirrorOf(string(text), suite); m.URI != "" {
			return m, nil
		}
	}
	return Mirror{}, fmt.Errorf("/etc/apt: no entry for suite %s itself: debootstrap needs the mirror of one", codename)
}

// mirrorOf returns the mirror of the first entry that names the suite itself,
// not only its updates; both formats of sources.list(5).
func mirrorOf(text, suite string) Mirror {
	for stanza := range strings.SplitSeq(text, "\n\n") {
		var m Mirror
		var suites string
		for line := range strings.Lines(stanza) {
			if found, ok := mirrorOfLine(line, suite); ok {
				return found
			}
			switch key, value, _ := strings.Cut(line, ":"); key {
			case "URIs":
				m.URI = firstWord(value)
			case "Suites":
				suites = value
			case "Signed-By":
				m.Keys = firstWord(value)
			}
		}
		if hasWord(suites, suite) {
			return m
		}
	}
	return Mirror{}
}

// mirrorOfLine handles "deb [signed-by=FILE] URI SUITE COMPONENT...".
func mirrorOfLine(line, suite string) (m Mirror, ok bool) {
	words := strings.Fields(strings.NewReplacer("[", "[ ", "]", " ]").Replace(line))
	if len(words) == 0 || words[0] != "deb" {
		return m, false
	}
	words = words[1:]
	if len(words) > 0 && words[0] == "[" {
		for len(words) > 0 && words[0] != "]" {
			if keys, is := strings.CutPrefix(words[0], "signed-by="); is {
				m.Keys = keys
			}
			words = words[1:]
		}
		words = words[min(1, len(words)):]
	}
	if len(words) < 2 || words[1] != suite {
		return m, false
	}
	m.URI = words[0]
	return m, true
}

func firstWord(s string) string {
	if words := strings.Fields(s); len(words) > 0 {
		return words[0]
	}
	return ""
}

func hasWord(list, word string) bool {
	for _, w := range strings.Fields(list) {
		if w == word {
			return true
		}
	}
	return false
}
