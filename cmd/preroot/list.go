package main

import (
	"fmt"
	"io"
	"os"

	"github.com/preroot/preroot/pkg/archive"
)

// list is "preroot ls": one line for each member, as ls -l has it.
func list(args []string, stdout, stderr io.Writer) int {
	if len(args) != 1 {
		fmt.Fprint(stderr, "usage: preroot ls IMAGE\n")
		return 2
	}
	data, err := os.ReadFile(args[0])
	if err != nil {
		fmt.Fprintln(stderr, "preroot ls:", err)
		return 1
	}
	entries, err := archive.Read(data)
	for _, e := range entries {
		fmt.Fprintln(stdout, e)
	}
	if err != nil {
		fmt.Fprintf(stderr, "preroot ls: %s: %v\n", args[0], err)
		return 1
	}
	return 0
}
