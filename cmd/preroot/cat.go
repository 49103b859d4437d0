package main

import (
	"fmt"
	"io"
)

// cat is "preroot cat": files of an image as they are, links followed inside it.
func cat(args []string, stdout, stderr io.Writer) int {
	f := flags("preroot cat IMAGE PATH...", stderr)
	rest, err := parseAnywhere(f, args)
	if err != nil || len(rest) < 2 {
		return misused(f, err)
	}
	image, tree, err := openImage("cat", rest[0], stderr)
	if image == nil {
		return 1
	}
	status := 0
	if err != nil {
		status = 1
	}
	for _, name := range rest[1:] {
		data, err := tree.ReadFile(inImage(name))
		if err == nil {
			_, err = stdout.Write(data)
		}
		if err != nil {
			fmt.Fprintf(stderr, "preroot cat: %s: %v\n", rest[0], err)
			status = 1
		}
	}
	return status
}
