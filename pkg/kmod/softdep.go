package kmod

import (
	"io/fs"
	"path"
	"strings"
)

// Softdep is one softdep line of modules.softdep or modprobe.d(5): when the modules that match Pattern are
// loaded, those of Pre go first and those of Post follow; a failure of theirs does no harm.
type Softdep struct {
	Pattern   string
	Pre, Post []string // names or aliases
}

// parseSoftdep reads the words behind "softdep". Words before "pre:" or "post:" mean nothing, as in modprobe.
func parseSoftdep(words []string) (Softdep, bool) {
	if len(words) < 2 {
		return Softdep{}, false
	}
	s := Softdep{Pattern: canonical(words[0])}
	var list *[]string
	for _, w := range words[1:] {
		switch {
		case w == "pre:":
			list = &s.Pre
		case w == "post:":
			list = &s.Post
		case list != nil:
			*list = append(*list, w)
		}
	}
	return s, true
}

// parseSoftdeps reads a modules.softdep. Lines that are none are passed over.
func parseSoftdeps(text string) []Softdep {
	var all []Softdep
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) < 3 || words[0] != "softdep" {
			continue
		}
		if s, ok := parseSoftdep(words[1:]); ok {
			all = append(all, s)
		}
	}
	return all
}

// softdeps reads modules.softdep, once. It has no binary form.
func (ix *Index) softdeps() []Softdep {
	if ix == nil {
		return nil
	}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	if !ix.softRead {
		ix.softRead = true
		if text, err := fs.ReadFile(ix.fsys, path.Join(ix.dir, softdepFile)); err == nil {
			ix.soft = parseSoftdeps(string(text))
		}
	}
	return ix.soft
}

// Softdeps returns the modules (names or aliases) that should be loaded before and after a module, by the first
// line of modules.softdep that names it: modprobe, too, heeds no more. See AllSoftdeps for the others.
func (ix *Index) Softdeps(name string) (pre, post []string) {
	return firstSoftdep(ix.softdeps(), name)
}

// firstSoftdep returns the lists of the first line that is for a module.
func firstSoftdep(all []Softdep, name string) (pre, post []string) {
	name = canonical(name)
	for _, s := range all {
		if match(s.Pattern, name) {
			return s.Pre, s.Post
		}
	}
	return nil, nil
}

// AllSoftdeps returns the modules of every softdep line of a module. A builder of images takes these: what the
// later lines name is asked for by the module itself, when it needs it.
func (ix *Index) AllSoftdeps(name string) []string {
	var all []string
	name = canonical(name)
	for _, s := range ix.softdeps() {
		if match(s.Pattern, name) {
			all = append(append(all, s.Pre...), s.Post...)
		}
	}
	return all
}
