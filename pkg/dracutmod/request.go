package dracutmod

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/preroot/preroot/pkg/dynlink"
)

// call is a call of dracut-install(1).
type call struct {
	all, dir, lazy, resolve, optional, modules, silent, hostonly, dry, fips bool
	symbols, noSymbols, paths, noPaths, noNames                             string // regular expressions
	words                                                                   []string
}

// takesWord are the options with a word behind them; those of "" say what the builder knows already.
var takesWord = map[string]string{
	"-D": "", "--destrootdir": "", "-r": "", "--sysrootdir": "", "-L": "", "--logdir": "", "--kerneldir": "", "--firmwaredirs": "", "--json": "",
	"-s": "symbols", "--mod-filter-symbol": "symbols", "-S": "noSymbols", "--mod-filter-nosymbol": "noSymbols",
	"-p": "paths", "--mod-filter-path": "paths", "-P": "noPaths", "--mod-filter-nopath": "noPaths", "-N": "noNames", "--mod-filter-noname": "noNames",
}

// parseCall reads the words of dracut-install. An option that it does not know is an error.
func parseCall(words []string) (c call, err error) {
	values := map[string]*string{"symbols": &c.symbols, "noSymbols": &c.noSymbols, "paths": &c.paths, "noPaths": &c.noPaths, "noNames": &c.noNames, "": new(string)}
	flags := map[string]*bool{
		"-a": &c.all, "--all": &c.all, "-d": &c.dir, "--dir": &c.dir, "-R": &c.lazy, "--resolvelazy": &c.lazy, "-l": &c.resolve, "--ldd": &c.resolve, "-o": &c.optional, "--optional": &c.optional,
		"-m": &c.modules, "--module": &c.modules, "--silent": &c.silent, "-H": &c.hostonly, "--hostonly": &c.hostonly, "-n": &c.dry, "--dry-run": &c.dry,
		"-f": &c.fips, "--fips": &c.fips, "-v": new(bool), "--verbose": new(bool), "--debug": new(bool),
	}
	for i := 0; i < len(words); i++ {
		w := words[i]
		name, value, joined := strings.Cut(w, "=")
		target, takes := takesWord[name]
		flag := flags[w]
		switch {
		case w == "--":
			c.words = append(c.words, words[i+1:]...)
			return c, nil
		case len(w) < 2 || w[0] != '-':
			c.words = append(c.words, w)
		case flag != nil:
			*flag = true
		case takes && joined:
			*values[target] = value
		case takes && i+1 < len(words):
			i++
			*values[target] = words[i]
		case takes:
			return c, fmt.Errorf("option %s takes a word", w)
		default:
			first, rest := short(w)
			if _, takes := takesWord[first]; !takes && flags[first] == nil {
				return c, fmt.Errorf("option %s is not known", w)
			} else if !takes {
				rest = "-" + rest
			}
			words = slices.Concat(words[:i], []string{first, rest}, words[i+1:])
			i--
		}
	}
	return c, nil
}

// short splits the first one off short options that are written in one word (-Ho), or off its value (-DFOLDER).
func short(word string) (option, rest string) {
	if len(word) < 3 || strings.HasPrefix(word, "--") {
		return "", ""
	}
	return word[:2], word[2:]
}

// errMissing is a source that is not there.
var errMissing = errors.New("is not there")

// request does what a module asks for: by kind, into the folder dst. The status is dracut-install's.
func (s *session) request(place, dst, kind string, words []string) (status int, text string) {
	c, err := parseCall(words)
	if err != nil {
		s.warn(s.module, place, "%v", err)
		return 1, ""
	}
	if dst != s.stage.dir {
		s.warn(s.module, place, "files for %s: only $initdir can be filled", dst)
		return 1, ""
	}
	switch kind {
	case "one", "all", "hook":
		c.resolve = true
	}
	s.fips = c.fips || s.needsSums()
	if c.modules {
		return s.modulesRequest(place, &c), ""
	}
	if c.lazy || c.dry {
		return s.needs(place, &c)
	}
	switch {
	case kind == "dir" || c.dir:
		err = s.folders(c.words)
	case kind == "all" || c.all || kind != "hook" && len(c.words) > 2:
		err = s.several(&c)
	default:
		err = s.one(&c, kind)
	}
	switch {
	case err == nil:
		return 0, ""
	case errors.Is(err, errMissing) && c.optional:
		return 0, ""
	case errors.Is(err, errMissing) && (kind == "simple" || kind == "link"):
		return 1, "" // modules try one name after another
	}
	s.warn(s.module, place, "%v", err)
	return 1, ""
}

func (s *session) folders(words []string) error {
	for _, w := range words {
		if s.stage.exists(w) {
			continue
		}
		if _, err := s.stage.folder(w); err != nil {
			return err
		}
	}
	return nil
}

// several takes every word: a path, a pattern, or the name of a program.
func (s *session) several(c *call) error {
	var errs []error
	for _, w := range c.words {
		list := []string{w}
		if strings.Contains(w, "*") { // as in dracut: there is a program called [
			if list = s.glob(w); len(list) == 0 {
				errs = append(errs, fmt.Errorf("%s %w", w, errMissing))
			}
		}
		for _, file := range list {
			errs = append(errs, s.file(file, file, c))
		}
	}
	if c.optional {
		errs = slices.DeleteFunc(errs, func(err error) bool { return errors.Is(err, errMissing) })
	}
	return errors.Join(errs...)
}

// glob lists the files of the system that a pattern stands for.
func (b *builder) glob(pattern string) (list []string) {
	found, _ := filepath.Glob(b.root.Host(b.inRoot(pattern)))
	for _, f := range found {
		if below, err := filepath.Rel(b.root.Host("/"), f); err == nil {
			list = append(list, "/"+below)
		}
	}
	return list
}

// one takes a file, to another place if a second word names it.
func (s *session) one(c *call, kind string) error {
	if len(c.words) == 0 || len(c.words) > 2 {
		return fmt.Errorf("%q: a source and at most one target", c.words)
	}
	src, dst := c.words[0], c.words[len(c.words)-1]
	if s.stage.exists(dst) && strings.Contains(dst, "/") {
		return nil
	}
	if kind == "link" {
		if info, err := os.Lstat(s.root.Host(s.inRoot(src))); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			return fmt.Errorf("the link %s %w", src, errMissing)
		}
	}
	if err := s.file(src, dst, c); err != nil || kind != "hook" {
		return err
	}
	file, err := s.stage.place(dst)
	if err != nil {
		return err
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	return os.Chmod(file, info.Mode()|0o100)
}

// inRoot is a path without the system's own folder in front.
func (b *builder) inRoot(file string) string {
	if root := b.sysroot(); root != "" {
		if rest, ok := strings.CutPrefix(file, root+"/"); ok {
			return "/" + rest
		}
	}
	return file
}

// file takes one file of the system, or of a module's folder, with what it needs.
func (s *session) file(src, dst string, c *call) error {
	same := src == dst
	if src = s.inRoot(src); same {
		dst = src
	}
	if src == "" {
		return fmt.Errorf("a file without a name %w", errMissing)
	}
	if !strings.Contains(src, "/") {
		list := s.root.Programs(src)
		if len(list) == 0 {
			return fmt.Errorf("%s %w", src, errMissing)
		}
		if same {
			return s.each(list, c)
		}
		src = list[0]
	}
	if !strings.Contains(dst, "/") {
		return fmt.Errorf("target %s is no path", dst)
	}
	if c.hostonly && s.o.HostOnly {
		if err := s.mark(dst); err != nil {
			return err
		}
	}
	real, links, err := s.root.Resolve(src)
	if err != nil {
		return s.foreign(src, dst, c)
	}
	if same && s.stage.taken(dst, real) {
		return nil
	}
	if !same {
		return s.renamed(src, real, dst, c)
	}
	if s.needsMore(real, c) {
		return s.closure(src)
	}
	for _, l := range links {
		if err := s.item(l.Path, l.Target); err != nil {
			return err
		}
	}
	return s.item(real, "")
}

// each takes a program from each folder of PATH that has one of its name: a module cannot know which of them the image needs.
func (s *session) each(list []string, c *call) error {
	for _, file := range list {
		if err := s.file(file, file, c); err != nil {
			return err
		}
	}
	return nil
}

// needed is what counts as needed by programs of an image with what is there.
func (b *builder) needed() dynlink.Options {
	return dynlink.Options{Dlopen: true, Has: b.stage.exists}
}

// needsMore says whether the file is a program whose needs are wanted. As in dracut the mode tells: plugins that a module takes by the folder (those of
// nfsidmap want half of LDAP) mostly are not used at boot.
func (s *session) needsMore(real string, c *call) bool {
	info, err := os.Lstat(s.root.Host(real))
	return err == nil && c.resolve && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// renamed takes a file to another place: what is a link becomes one to the file itself, which lies at its own place then.
func (s *session) renamed(src, real, dst string, c *call) error {
	if info, err := os.Lstat(s.root.Host(src)); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if err := s.file(real, real, c); err != nil {
			return err
		}
		return s.stage.link(dst, real)
	}
	if s.needsMore(real, c) {
		items, err := s.root.Closure(s.needed(), real)
		if err != nil {
			return err
		}
		for _, i := range items {
			if i.Path == real {
				continue
			}
			if err := s.item(i.Path, i.Target); err != nil {
				return err
			}
		}
	}
	if err := s.stage.copy(s.root.Host(real), dst); err != nil || !s.fips {
		return err
	}
	return s.sums(real, dst)
}

// closure takes a program with its loader, libraries and interpreters, or nothing of it.
func (b *builder) closure(file string) error {
	items, err := b.root.Closure(b.needed(), file)
	if err != nil {
		return err
	}
	for _, i := range items {
		b.whole[i.Path] = true
		if err := b.item(i.Path, i.Target); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) item(name, target string) error {
	var err error
	if target != "" {
		err = b.stage.link(name, target)
	} else {
		err = b.stage.copy(b.root.Host(name), name)
	}
	if err != nil || !b.fips {
		return err
	}
	return b.sums(name, name)
}

// foreign takes a file that is no part of the system: of a module that lies elsewhere, or of the image itself.
func (s *session) foreign(src, dst string, c *call) error {
	ours := func(dir string) bool { return strings.HasPrefix(filepath.Clean(src), filepath.Clean(dir)+"/") }
	info, err := os.Stat(src)
	if err != nil || !slices.ContainsFunc(append(slices.Clone(s.o.Dirs), s.stage.dir), ours) {
		return fmt.Errorf("%s %w", src, errMissing)
	}
	if err := s.stage.copy(src, dst); err != nil || info.Mode()&0o111 == 0 || !c.resolve {
		return err
	}
	line, err := firstLine(src)
	if err != nil {
		return err
	}
	words := strings.Fields(strings.TrimPrefix(line, "#!"))
	if !strings.HasPrefix(line, "#!") || len(words) == 0 {
		return nil
	}
	return s.closure(words[0])
}

// firstLine is the beginning of a file, to its first line's end.
func firstLine(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	head := make([]byte, 256)
	n, _ := f.Read(head)
	line, _, _ := strings.Cut(string(head[:n]), "\n")
	return line, nil
}

// needs answers what programs need, without taking it (--dry-run), or takes only that.
func (s *session) needs(place string, c *call) (status int, text string) {
	items, err := s.root.Closure(s.needed(), c.words...)
	if err != nil {
		s.warn(s.module, place, "%v", err)
		return 1, ""
	}
	var list []string
	for _, i := range items {
		list = append(list, i.Path)
		if c.dry {
			continue
		}
		if err := s.item(i.Path, i.Target); err != nil {
			s.warn(s.module, place, "%v", err)
			return 1, ""
		}
	}
	if !c.dry {
		return 0, ""
	}
	return 0, strings.Join(list, "\n")
}

// mark notes that a file is this machine's own.
func (s *session) mark(name string) error {
	file, err := s.stage.place("/lib/dracut/hostonly-files")
	if err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(name + "\n")
	return errors.Join(err, f.Chmod(0o644), f.Close())
}
