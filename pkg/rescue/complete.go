package rescue

import (
	"io/fs"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/preroot/preroot/internal/klog"
)

// maxShown bounds the candidates that are listed.
const maxShown = 60

// complete does what Tab asks for: the longest text that all candidates share, or, where that adds nothing, a list of them.
func (e *Editor) complete() {
	if e.Complete == nil {
		return
	}
	start, candidates := e.Complete(string(e.line[:e.at]))
	if len(candidates) == 0 || start < 0 || start > e.at {
		e.draw("\a")
		return
	}
	word := string(e.line[start:e.at])
	common := commonPrefix(candidates)
	if len(common) > len(word) && len(e.line)-len(word)+len(common) <= MaxLine {
		e.splice(start, e.at, common)
		e.at = start + len(common)
		e.redraw()
		return
	}
	if len(candidates) > 1 {
		e.list(candidates)
	}
}

func (e *Editor) list(candidates []string) {
	e.draw("\n")
	for i, c := range candidates {
		if i == maxShown {
			e.draw("...")
			break
		}
		e.draw(path.Base(strings.TrimSpace(c)))
		if strings.HasSuffix(c, "/") {
			e.draw("/")
		}
		e.draw("  ")
	}
	e.draw("\n")
	e.redraw()
}

// commonPrefix is what all of list begin with, in whole characters.
func commonPrefix(list []string) string {
	common := list[0]
	for _, s := range list[1:] {
		n := 0
		for n < len(s) && n < len(common) && s[n] == common[n] {
			n++
		}
		common = common[:n]
	}
	for common != "" && !utf8.ValidString(common) {
		common = common[:len(common)-1]
	}
	return common
}

// completer completes the names of commands, and of files for every word after the first.
type completer struct {
	files    fs.FS
	dir      func() string // the current directory
	commands []string
}

// complete is for Editor.Complete.
func (c completer) complete(left string) (start int, candidates []string) {
	start = wordStart(left)
	word := left[start:]
	if strings.TrimSpace(left[:start]) == "" && !strings.Contains(word, "/") {
		for _, name := range c.commands {
			if strings.HasPrefix(name, word) {
				candidates = append(candidates, name)
			}
		}
		return start, candidates
	}
	return start, c.paths(word)
}

// wordStart is where the last word of a line begins, by the rules of cmdline.Split.
func wordStart(left string) int {
	start, quoted := 0, false
	for i := 0; i < len(left); i++ {
		switch left[i] {
		case '"':
			quoted = !quoted
		case ' ':
			if !quoted {
				start = i + 1
			}
		}
	}
	return start
}

// paths lists the files that word may become. Names that the line cannot hold (with quotes or bytes that a terminal does not show) are left out; one with a
// blank is quoted whole.
func (c completer) paths(word string) []string {
	typed := strings.TrimPrefix(word, `"`)
	slash := strings.LastIndexByte(typed, '/') + 1
	dir, prefix := typed[:slash], typed[slash:]
	entries, err := fs.ReadDir(c.files, rel(absolute(c.dir(), dir)))
	if err != nil {
		return nil
	}
	var list []string
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasPrefix(name, prefix) || prefix == "" && name[0] == '.' || !typeable(name) {
			continue
		}
		list = append(list, candidate(dir+name, c.isDir(absolute(c.dir(), dir+name), entry), word != typed))
	}
	return list
}

// candidate ends a directory with a slash, and anything else with a blank, since it is whole.
func candidate(p string, isDir, quoted bool) string {
	if quoted || strings.IndexByte(p, ' ') >= 0 || strings.IndexByte(p, 0xa0) >= 0 {
		if isDir {
			return `"` + p + "/"
		}
		return `"` + p + `" `
	}
	if isDir {
		return p + "/"
	}
	return p + " "
}

func (c completer) isDir(p string, entry fs.DirEntry) bool {
	if entry.Type()&fs.ModeSymlink == 0 {
		return entry.IsDir()
	}
	info, err := fs.Stat(c.files, rel(p))
	return err == nil && info.IsDir()
}

// absolute makes a path absolute, starting from dir.
func absolute(dir, p string) string {
	if strings.HasPrefix(p, "/") {
		return path.Clean(p)
	}
	return path.Join(dir, p)
}

// rel is an absolute path as package fs wants it.
func rel(p string) string {
	if p = strings.TrimPrefix(p, "/"); p != "" {
		return p
	}
	return "."
}

// typeable says whether a name can stand in a line: without quotes, and with nothing that a terminal would not show.
func typeable(name string) bool {
	return strings.IndexByte(name, '"') < 0 && klog.Clean(name) == name
}
