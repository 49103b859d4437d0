package main

import "slices"

// A Layout is a way that a root file system lies on disks, or behind a network.
type Layout struct {
	Name  string // in the names of cells
	Title string // in the page

	Modules func(Dracut) string // dracut modules beside the common ones
	Drivers string              // kernel modules that the image must hold, beside those of every image

	// Packages are Debian packages of the system, beside those of every system. Layouts that have some share a system of their own, so that no other
	// image changes with them.
	Packages func(Dracut) string

	// Disks are the sizes in MiB of the disks; Make is a shell script that fills them in a guest of the system (maker.go). It finds them as $d1, $d2, ...;
	// `fill DIR` puts the content of the root below DIR; what it fails in (set -e) fails the layout.
	Disks []int
	Make  string
	// Missing are disks, counted from 1, that the machine is started without.
	Missing []int

	Cmdline func(Dracut) string // root= and all else that the layout needs
	Typed   []Typed             // what a person types
	Devices []string            // further arguments of QEMU
	Memory  int                 // MiB; 1024 if 0

	// Serve, if there is one, starts what the machine talks to before each boot: further arguments of QEMU, and what ends it.
	Serve func(*rig, Cell) (args []string, stop func(), err error)

	// Facts is a shell script that the root's init runs (busybox sh); it prints lines "FACT NAME VALUE" beside those that every root prints (facts.sh).
	// Both inits must leave the same facts. Want are facts that must be there, without the word FACT: what makes the layout what it says it is.
	Facts string
	Want  func(Dracut) []string

	// Wall says that its time is measured in seconds of the wall: someone types, or there is a peer outside of the machine.
	Wall bool
	// Members says that root lies on several disks which all have its name: its links lead to the one that came last.
	Members bool
}

// Typed is a line that somebody types when the console has said something.
type Typed struct{ Prompt, Text string }

// layouts are those that lie on disks of the machine and those that do not.
func layouts() []Layout { return slices.Concat(local, remote()) }

// layout finds one by its name.
func layout(name string) (Layout, bool) {
	all := layouts()
	i := slices.IndexFunc(all, func(l Layout) bool { return l.Name == name })
	if i < 0 {
		return Layout{}, false
	}
	return all[i], true
}

// same is a text that is the same for each version of dracut.
func same(text string) func(Dracut) string { return func(Dracut) string { return text } }

// facts are wanted facts that are the same for each version.
func facts(list ...string) func(Dracut) []string { return func(Dracut) []string { return list } }
