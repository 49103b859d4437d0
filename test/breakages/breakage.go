package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/preroot/preroot/pkg/archive"
)

// How a file is broken.
const (
	removed = "removed"
	halved  = "cut to half"
	emptied = "cut to nothing"
)

// breakage is one file of an image that is broken.
type breakage struct {
	Image string
	Path  string // "" for the unbroken image
	How   string
	From  string // what it was drawn from: all, opened; or training
}

func (b breakage) String() string {
	if b.Path == "" {
		return b.Image + " as it is"
	}
	return fmt.Sprintf("%s: %s %s", b.Image, b.Path, b.How)
}

// files are the regular files and links of an image, which can be broken; empty files cannot be cut.
func files(all []archive.Entry) (list []archive.Entry) {
	for _, e := range all {
		if e.Kind == archive.Regular || e.Kind == archive.Symlink {
			list = append(list, e)
		}
	}
	return list
}

// draw draws n breakages of an image, no file twice: in turn from all its files, and from those that a boot opens.
func draw(g good, all []archive.Entry, opened []string, seed uint64, n int) (list []breakage) {
	var sum uint64
	for _, c := range []byte(g.name) {
		sum = sum*131 + uint64(c)
	}
	r := rand.New(rand.NewPCG(seed, sum))
	entries := files(all)
	used := map[string]bool{}
	for len(list) < n {
		b, from := breakage{Image: g.name, From: "all"}, entries
		if len(list)%2 == 1 {
			b.From = "opened"
			from = slices.DeleteFunc(slices.Clone(entries), func(e archive.Entry) bool { return !slices.Contains(opened, e.Name) })
		}
		from = slices.DeleteFunc(slices.Clone(from), func(e archive.Entry) bool { return used[e.Name] })
		if len(from) == 0 {
			break
		}
		e := from[r.IntN(len(from))]
		used[e.Name] = true
		b.Path, b.How = e.Name, drawHow(r, e)
		list = append(list, b)
	}
	return list
}

// drawHow draws removal as often as both cuts together; a link, and what is empty, can only be removed.
func drawHow(r *rand.Rand, e archive.Entry) string {
	how := []string{removed, removed, halved, emptied}[r.IntN(4)]
	if e.Kind == archive.Symlink || len(e.Data) == 0 {
		return removed
	}
	return how
}

// write is the image with one file broken. To remove a file is to remove one of its names; to cut it cuts it by all its names.
func write(all []archive.Entry, b breakage) ([]byte, error) {
	if b.Path == "" {
		return newc(all), nil
	}
	at := slices.IndexFunc(all, func(e archive.Entry) bool { return e.Name == b.Path })
	if at < 0 {
		return nil, fmt.Errorf("%s: no file %s", b.Image, b.Path)
	}
	broken := slices.Clone(all)
	if b.How == removed {
		return newc(slices.Delete(broken, at, at+1)), nil
	}
	data := all[at].Data[:len(all[at].Data)/2]
	if b.How == emptied {
		data = nil
	}
	for i := range broken {
		if first(broken[i]) == first(all[at]) {
			broken[i].Data = data
		}
	}
	return newc(broken), nil
}

// slug is a breakage as the name of a file.
func (b breakage) slug() string {
	if b.Path == "" {
		return "unbroken"
	}
	return strings.NewReplacer("/", "+", " ", "-").Replace(b.Path) + "." + strings.ReplaceAll(b.How, " ", "-")
}
