package dynlink

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Item is a file, or a symbolic link to one or to a folder on the way, that a program needs.
type Item struct {
	Path   string // without links in its folder
	Target string // of a link, as it is written; "" for a file
	Why    string // the path of what needs it; "" for what was asked for
}

// MissingError is a library, a loader or an interpreter that is not there.
type MissingError struct{ Name, Needs string }

func (e *MissingError) Error() string {
	return fmt.Sprintf("%s needs %s, which is nowhere to be found: install its package", e.Needs, e.Name)
}

// Unwrap makes it one of fs.ErrNotExist.
func (e *MissingError) Unwrap() error { return fs.ErrNotExist }

// Options says what counts as needed; the zero value is what ld.so(8) loads.
type Options struct {
	Dlopen bool                   // also what is opened by programs themselves, as far as it can be known
	Has    func(path string) bool // an interpreter at this path is there already, with what it needs; nil for none
}

// closure collects items.
type closure struct {
	root  *Root
	o     Options
	items []Item
	have  map[string]bool // paths of items
	errs  []error
}

// Closure lists the named files (paths of the root, see Program) with all that they need to run, each once and what was needed
// first in front. Everything that is missing is in the error, by a MissingError each; the list is then what was found.
func (r *Root) Closure(o Options, files ...string) ([]Item, error) {
	c := &closure{root: r, o: o, have: map[string]bool{}}
	for _, file := range files {
		c.program(file, "")
	}
	return c.items, errors.Join(c.errs...)
}

// Needs lists what a file that lies outside of the root would need to run at the path name in it, which need not be there. The file itself is not in the list.
func (r *Root) Needs(o Options, file, name string) ([]Item, error) {
	program, err := readObject(file, name)
	if err != nil {
		return nil, err
	}
	c := &closure{root: r, o: o, have: map[string]bool{}}
	c.needs(program, name)
	return c.items, errors.Join(c.errs...)
}

// take adds a file and the links on the way to it; real is the path without links.
func (c *closure) take(file, why string) (real string, err error) {
	real, links, err := c.root.Resolve(file)
	if err != nil {
		return "", err
	}
	for _, l := range links {
		c.add(Item{l.Path, l.Target, why})
	}
	c.add(Item{Path: real, Why: why})
	return real, nil
}

func (c *closure) add(i Item) {
	if !c.have[i.Path] {
		c.have[i.Path] = true
		c.items = append(c.items, i)
	}
}

// missing notes that something that is needed is not there.
func (c *closure) missing(name, needs string) {
	for _, err := range c.errs {
		var m *MissingError
		if errors.As(err, &m) && m.Name == name && m.Needs == needs {
			return
		}
	}
	c.errs = append(c.errs, &MissingError{name, needs})
}

// program takes a file in with what it needs; why is who needs it.
func (c *closure) program(file, why string) {
	if why != "" && c.o.Has != nil && c.o.Has(file) {
		return
	}
	_, _, err := c.root.Resolve(file)
	switch {
	case errors.Is(err, fs.ErrNotExist) && why != "":
		c.missing(file, why)
		return
	case err != nil:
		c.errs = append(c.errs, err)
		return
	}
	real, _, _ := c.root.Resolve(file)
	seen := c.have[real]
	if _, err := c.take(file, why); err != nil {
		c.errs = append(c.errs, err)
	}
	if seen || !c.root.isFile(real) {
		return
	}
	o, err := c.root.object(real)
	if err != nil {
		c.errs = append(c.errs, err)
		return
	}
	c.needs(o, file)
}

// needs takes in what an object needs that was found as file.
func (c *closure) needs(o *object, file string) {
	switch {
	case o.script != "":
		c.script(o)
	case o.elf:
		c.libraries(&loaded{object: o, name: file})
	}
}

// script takes in the interpreter of a script, and the program that env(1) is to find.
func (c *closure) script(o *object) {
	words := strings.Fields(o.script)
	if len(words) == 0 {
		return
	}
	c.program(words[0], o.real)
	if path.Base(words[0]) != "env" {
		return
	}
	for _, w := range words[1:] {
		if strings.HasPrefix(w, "-") || strings.Contains(w, "=") {
			continue
		}
		if file, err := c.root.Program(w); err != nil {
			c.missing(w, o.real)
		} else {
			c.program(file, o.real)
		}
		return
	}
}

// process is the objects of one program in the order in which they are loaded; a library is known by each name it was asked for.
type process struct {
	list  []*loaded
	known map[string]bool
}

// libraries takes in the loader of a program, or of a library itself, and all libraries of the process, breadth first.
func (c *closure) libraries(program *loaded) {
	p := &process{list: []*loaded{program}, known: map[string]bool{}}
	if program.loader != "" {
		if !c.root.fits(program.loader, program) {
			c.missing(program.loader, program.real)
		} else {
			c.load(p, program.loader, program)
		}
	}
	for i := 0; i < len(p.list); i++ {
		o := p.list[i]
		for _, name := range o.needed {
			if !c.library(p, name, o) {
				c.missing(name, o.real)
			}
		}
		if c.o.Dlopen {
			c.opened(p, o)
		}
	}
}

// library takes in what an object needs by name; false if it is not there.
func (c *closure) library(p *process, name string, by *loaded) bool {
	if p.known[name] || p.list[0].musl() && muslItself(name) {
		return true
	}
	file := c.root.find(name, by, p.list[0])
	if file == "" {
		return false
	}
	p.known[name] = true
	c.load(p, file, by)
	return true
}

// load adds a library to the process and to the items.
func (c *closure) load(p *process, file string, by *loaded) {
	real, err := c.take(file, by.real)
	if err != nil {
		c.errs = append(c.errs, err)
		return
	}
	o, err := c.root.object(real)
	if err != nil {
		c.errs = append(c.errs, err)
		return
	}
	if slices.ContainsFunc(p.list, func(l *loaded) bool { return l.object == o }) {
		return
	}
	if o.soname != "" {
		p.known[o.soname] = true
	}
	p.list = append(p.list, &loaded{object: o, name: file, by: by})
}

// opened takes in what an object opens by itself.
func (c *closure) opened(p *process, o *loaded) {
	for _, n := range o.notes {
		found := slices.ContainsFunc(n.Soname, func(name string) bool { return n.Priority != "suggested" && c.library(p, name, o) })
		if !found && n.Priority == "required" {
			c.missing(strings.Join(n.Soname, " or "), o.real)
		}
	}
	for _, row := range cLibrary {
		if slices.ContainsFunc(row.functions, func(f string) bool { return o.imports[f] }) && !(row.files && p.readsFiles()) {
			for _, name := range row.libraries {
				c.library(p, name, o)
			}
		}
	}
}

// readsFiles says whether the C library of a process needs no library for the files of nss(5).
func (p *process) readsFiles() bool {
	return slices.ContainsFunc(p.list, func(o *loaded) bool { return o.imports[builtinFiles] })
}
