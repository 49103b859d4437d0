package image

import (
	"fmt"
	"slices"
	"strings"

	"github.com/preroot/preroot/pkg/kmod"
)

// choice is what goes into the image and why the rest does not.
type choice struct {
	tree     *tree
	in       map[string]bool
	chain    []string // what Drivers named, dependencies left out: loaded first at boot
	forced   []string // what ForceDrivers named: loaded first at boot, too
	builtin  []string // words that the kernel has in it
	omitted  []string // modules that OmitDrivers took out
	absent   []string // words of our own tables that this kernel does not know
	warnings []string // what the way to root lacks
}

// choose decides by the options which modules go in.
func choose(t *tree, o *Options, ram *classic, m *modules) (*choice, error) {
	c := &choice{tree: t, in: map[string]bool{}}
	if o.Generic {
		c.addGeneric(len(o.Filesystems) > 0)
	}
	for _, word := range o.Filesystems {
		if _, err := c.asked(word, "--filesystems"); err != nil {
			return nil, err
		}
	}
	c.addChain(o)
	for _, word := range o.Drivers {
		names, err := c.asked(word, "--drivers")
		if err != nil {
			return nil, err
		}
		c.chain = appendNew(c.chain, names...)
	}
	for _, word := range o.AddDrivers {
		if _, err := c.asked(word, "--add-drivers"); err != nil {
			return nil, err
		}
	}
	for _, word := range o.ForceDrivers {
		names, err := c.asked(word, "--force-drivers")
		if err != nil {
			return nil, err
		}
		c.forced = appendNew(c.forced, names...)
	}
	c.add(m.kernel()...)
	if err := c.addClassic(ram); err != nil {
		return nil, err
	}
	if o.Network {
		if err := c.addNetwork(o.Generic); err != nil {
			return nil, err
		}
	}
	if o.LVM {
		if err := c.addLVM(); err != nil {
			return nil, err
		}
	}
	if o.LUKS {
		if err := c.addLUKS(); err != nil {
			return nil, err
		}
	}
	c.addNeeds(o.Generic)
	c.omit(o.OmitDrivers)
	return c, t.index.Err()
}

// asked adds what a word of the command line stands for; an unknown one is an error.
func (c *choice) asked(word, option string) ([]string, error) {
	if folder, ok := strings.CutPrefix(word, "="); ok {
		names := c.below("kernel/" + strings.Trim(folder, "/") + "/")
		if len(names) == 0 {
			return nil, fmt.Errorf("%s =%s: kernel %s has no modules below kernel/%s", option, folder, c.tree.kver, folder)
		}
		c.add(names...)
		return names, nil
	}
	word = strings.TrimSuffix(word, ".ko")
	names, builtin := c.tree.resolve(word)
	if builtin {
		c.builtin = appendNew(c.builtin, word)
	}
	if len(names) == 0 && !builtin {
		return nil, fmt.Errorf("%s: kernel %s has no module %q, neither built in nor as an alias: look for its name in %s/modules.dep", option, c.tree.kver, word, c.tree.dir)
	}
	c.add(names...)
	return names, nil
}

// add takes modules in with everything that loading them loads: dependencies and softdeps.
func (c *choice) add(names ...string) {
	for _, name := range names {
		if c.in[name] || c.tree.path[name] == "" {
			continue
		}
		c.in[name] = true
		c.add(c.tree.index.Deps(name)...)
		for _, word := range c.tree.index.AllSoftdeps(name) {
			found, _ := c.tree.resolve(word)
			c.add(found...)
		}
	}
}

// below lists the modules whose path starts so.
func (c *choice) below(prefix string) []string { return c.tree.below(prefix) }

// addGeneric takes in what many machines need; bare leaves the file systems to the caller.
func (c *choice) addGeneric(bare bool) {
	skip := func(name string) bool {
		found, _ := c.tree.resolve("fs-" + name)
		return bare && len(found) > 0
	}
	for _, g := range genericFolders {
		for _, name := range c.below("kernel/" + g.path + "/") {
			if !slices.Contains(g.but, name) && !slices.Contains(neverGeneric, name) {
				c.add(name)
			}
		}
	}
	for _, name := range genericModules {
		if skip(name) {
			continue
		}
		found, builtin := c.tree.resolve(name)
		if len(found) == 0 && !builtin {
			c.absent = append(c.absent, name)
		}
		c.add(found...)
	}
	for _, name := range slices.Concat(genericConsole, genericRare) {
		if skip(name) {
			continue
		}
		found, _ := c.tree.resolve(name)
		c.add(found...)
	}
}

// addNeeds adds what the chosen modules ask the kernel for at run time, which no dependency tells. It goes round
// until nothing is added any more: what is added may need something itself.
func (c *choice) addNeeds(generic bool) {
	for again := true; again; {
		before := len(c.in)
		for i := range needs {
			if n := &needs[i]; c.in[n.who] && (generic || !n.wide) {
				c.addNeed(n)
			}
		}
		again = len(c.in) != before
	}
}

func (c *choice) addNeed(n *need) {
	for _, word := range n.words {
		found, builtin := c.tree.resolve(word)
		c.add(found...)
		switch {
		case len(found) == 0 && !builtin:
			c.absent = appendNew(c.absent, word)
		case len(found) > 0 && n.chain && len(c.chain) > 0:
			c.chain = appendNew(c.chain, found...)
		}
	}
}

// omit takes out the named modules and all that cannot be loaded without them.
func (c *choice) omit(words []string) {
	for _, word := range words {
		c.drop(kmod.NameOf(word))
	}
	if len(words) == 0 {
		return
	}
	for _, name := range c.tree.order {
		if c.in[name] && slices.ContainsFunc(c.tree.index.Deps(name), func(d string) bool { return !c.in[d] }) {
			c.drop(name)
		}
	}
	gone := func(n string) bool { return !c.in[n] }
	c.chain, c.forced = slices.DeleteFunc(c.chain, gone), slices.DeleteFunc(c.forced, gone)
}

func (c *choice) drop(name string) {
	if c.in[name] {
		delete(c.in, name)
		c.omitted = append(c.omitted, name)
	}
}

// names lists the chosen modules in the order of modules.dep.
func (c *choice) names() (list []string) {
	for _, name := range c.tree.order {
		if c.in[name] {
			list = append(list, name)
		}
	}
	return list
}

// appendNew appends those words that the list does not have yet.
func appendNew(list []string, words ...string) []string {
	for _, w := range words {
		if !slices.Contains(list, w) {
			list = append(list, w)
		}
	}
	return list
}
