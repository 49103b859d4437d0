package main

import (
	"fmt"
	"io"

	"github.com/preroot/preroot/pkg/archive"
)

// unpack is "preroot unpack": an image, or some of it, as the kernel would make it, in a folder.
func unpack(args []string, stderr io.Writer) int {
	f := flags("preroot unpack [options] IMAGE [PATH...]", stderr)
	var o archive.ExtractOptions
	dir := f.String("C", ".", "`DIR` to unpack into; it is made if it is not there")
	f.BoolVar(&o.Force, "f", false, "even if DIR is not empty; files of the same names are replaced")
	f.BoolVar(&o.Force, "force", false, "the same")
	f.BoolVar(&o.Devices, "devices", false, "make devices (as root), FIFOs and sockets, too")
	f.BoolVar(&o.SetID, "setid", false, "keep the set-user-ID and set-group-ID bits of files; root does it anyway")
	rest, err := parseAnywhere(f, args)
	if err != nil || len(rest) == 0 {
		return misused(f, err)
	}
	image, tree, err := openImage("unpack", rest[0], stderr)
	if image == nil {
		return 1
	}
	status := 0
	if err != nil {
		status = 1 // what is there before the error is unpacked
	}
	entries := tree.Entries()
	if len(rest) > 1 {
		names, missing := resolveAll(tree, rest[1:])
		for _, err := range missing {
			fmt.Fprintf(stderr, "preroot unpack: %s: %v\n", rest[0], err)
			status = 1
		}
		entries = archive.Select(entries, names)
	}
	left, err := archive.Extract(entries, *dir, o)
	if err != nil {
		fmt.Fprintln(stderr, "preroot unpack:", err)
		status = 1
	}
	if len(left) > 0 {
		fmt.Fprintf(stderr, "preroot unpack: devices, FIFOs and sockets left out: %d; --devices makes them\n", len(left))
	}
	return status
}

// resolveAll finds the paths that somebody typed. Where one is a link, the link and what it means are both wanted.
func resolveAll(tree *archive.Tree, paths []string) (names []string, missing []error) {
	for _, p := range paths {
		p = inImage(p)
		name, err := tree.Resolve(p)
		if err != nil {
			missing = append(missing, err)
			continue
		}
		names = append(names, name)
		if p != "" && p != name {
			names = append(names, p)
		}
	}
	return names, missing
}
