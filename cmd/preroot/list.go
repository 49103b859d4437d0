package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/preroot/preroot/pkg/archive"
)

// list is "preroot ls": one line for each member, as ls -l has it, with a mark at every secret.
func list(args []string, stdout, stderr io.Writer) int {
	f := flags("preroot ls [-s] IMAGE", stderr)
	segments := f.Bool("s", false, "show the segments, too: where they lie and how they are compressed")
	rest, err := parseAnywhere(f, args)
	if err != nil || len(rest) != 1 {
		return misused(f, err)
	}
	image, tree, err := openImage("ls", rest[0], stderr)
	if image == nil {
		return 1
	}
	secrets := tree.Secrets()
	for n, s := range image.Segments {
		if *segments {
			fmt.Fprintln(stdout, segmentLine(n+1, &s))
		}
		for _, e := range s.Entries {
			line := e.String()
			if what := secrets.Of(e); what != "" {
				line += "  secret: " + what
			}
			fmt.Fprintln(stdout, line)
		}
	}
	if err != nil {
		return 1
	}
	return 0
}

func segmentLine(n int, s *archive.Segment) string {
	line := fmt.Sprintf("segment %d: byte %d, %d bytes, ", n, s.Offset, s.Size)
	if s.Compression == "" {
		line += "not compressed"
	} else {
		line += fmt.Sprintf("%s of %d bytes", s.Compression, s.Unpacked)
	}
	return line + fmt.Sprintf(", %d members", len(s.Entries))
}

// openImage reads an image for a command and says on stderr what is wrong with it. After an error it gives what was
// read before; nil if that is nothing.
func openImage(command, file string, stderr io.Writer) (*archive.Image, *archive.Tree, error) {
	image, err := archive.Open(file, archive.Limits{})
	if err != nil {
		fmt.Fprintf(stderr, "preroot %s: %v\n", command, err)
	}
	if len(image.Segments) == 0 {
		return nil, nil, err
	}
	tree, costly := image.Tree()
	if costly != nil {
		fmt.Fprintf(stderr, "preroot %s: %s: %v\n", command, file, costly)
	}
	const most = 20
	for n, l := range tree.Lost {
		if n == most {
			fmt.Fprintf(stderr, "preroot %s: %s: warning: and %d more\n", command, file, len(tree.Lost)-most)
			break
		}
		fmt.Fprintf(stderr, "preroot %s: %s: warning: the kernel makes nothing of %.200q: %s\n", command, file, l.Name, l.Why)
	}
	if last := image.Segments[len(image.Segments)-1]; err == nil && !last.Trailer {
		fmt.Fprintf(stderr, "preroot %s: %s: warning: no trailer at the end of the last archive: it may be cut off\n", command, file)
	}
	return image, tree, errors.Join(err, costly)
}

// flags is the set of options of a command.
func flags(usage string, stderr io.Writer) *flag.FlagSet {
	f := flag.NewFlagSet(usage, flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() {
		fmt.Fprintf(stderr, "usage: %s\n", usage)
		f.PrintDefaults()
	}
	return f
}

// misused gives the status of a command whose words make no sense; package flag has reported its errors itself.
func misused(f *flag.FlagSet, err error) int {
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err == nil:
		f.Usage()
	}
	return 2
}

// inImage gives a path that somebody typed the form of the image's names.
func inImage(name string) string {
	return strings.TrimPrefix(path.Clean("/"+name), "/")
}
