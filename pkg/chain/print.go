package chain

import (
	"fmt"
	"slices"
	"strings"
)

// Tree writes the chain as people read it: each goal with what it lies on below it, and the modules that each link needs of a kernel. Without a kernel the modules are left out.
func (c *Chain) Tree(k Kernel) string {
	p := &printer{}
	links := map[string][]Module{}
	if k != nil {
		links = c.Links(k)
	}
	for _, g := range c.Goals {
		fmt.Fprintf(p, "%s  %s%s", g.Name, g.FSType, spaced(g.Subvolume)+spaced(g.Spec))
		if k != nil {
			p.modules(c.FileSystem(k, g))
		}
		p.WriteString("\n")
		for i, d := range g.On {
			p.device(d, "", i == len(g.On)-1, links)
		}
	}
	if k != nil {
		p.modulesFor("input", c.Modules(k, true))
		p.modulesFor("cpu", c.Modules(k, true))
	}
	p.lines("words", c.Words())
	p.lines("crypttab", c.Crypttab())
	for _, problem := range c.Problems {
		p.lines(problem.Weight.String(), []string{problem.Text})
	}
	p.lines("note", append(slices.Clone(c.Notes), c.KeyNotes(func(string) bool { return false })...))
	for _, l := range c.Left {
		fmt.Fprintf(p, "left out: %s\n", l)
	}
	return p.String()
}

type printer struct{ strings.Builder }

// lines writes texts, a line each.
func (p *printer) lines(head string, list []string) {
	for _, text := range list {
		fmt.Fprintf(p, "%s: %s\n", head, text)
	}
}

func (p *printer) device(d *Device, indent string, last bool, links map[string][]Module) {
	branch, next := "├─", "│ "
	if last {
		branch, next = "└─", "  "
	}
	fmt.Fprintf(p, "%s%s%s", indent, branch, d)
	if d.VG != "" {
		fmt.Fprintf(p, " %s/%s", d.VG, d.LV)
	}
	if d.UUID != "" {
		p.WriteString(" UUID=" + d.UUID)
	}
	p.modules(links[d.Name])
	p.WriteString("\n")
	for i, b := range d.Below {
		p.device(b, indent+next, i == len(d.Below)-1, links)
	}
}

// modules writes them behind a link: "[dm_mod, dm_crypt (built in), raid9 (missing)]".
func (p *printer) modules(list []Module) {
	var words []string
	for _, m := range list {
		word := m.Name
		switch {
		case m.Builtin:
			word += " (built in)"
		case m.Missing:
			word += " (missing)"
		}
		words = append(words, word)
	}
	if len(words) > 0 {
		fmt.Fprintf(p, "  [%s]", strings.Join(words, ", "))
	}
}

// modulesFor writes those that are for what no device of the chain has: a line, when there are any.
func (p *printer) modulesFor(what string, list []Module) {
	list = slices.DeleteFunc(slices.Clone(list), func(m Module) bool { return m.For != what })
	if len(list) > 0 {
		p.WriteString(what)
		p.modules(list)
		p.WriteString("\n")
	}
}

func spaced(text string) string {
	if text == "" {
		return ""
	}
	return " " + text
}
