package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/preroot/preroot/pkg/image"
)

// appendPart is "preroot append": what makes a generic image one of a machine.
func appendPart(args []string, stdout, stderr io.Writer) int {
	p, err := partOptions(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(stderr, "preroot append:", err)
		return 2
	}
	ctx, stop := untilSignal()
	defer stop()
	size, err := image.Append(ctx, p)
	if err != nil {
		fmt.Fprintln(stderr, "preroot append:", err)
		return 1
	}
	if p.Output != "" {
		fmt.Fprintf(stdout, "%s: %d bytes\n", p.Output, size)
	} else {
		fmt.Fprintf(stdout, "%s: %d bytes appended\n", p.Image, size)
	}
	return 0
}

func partOptions(args []string, stderr io.Writer) (p image.Part, err error) {
	if args, err = joinIncludes(args); err != nil {
		return p, err
	}
	f := flag.NewFlagSet("preroot append", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() {
		fmt.Fprint(stderr, "usage: preroot append [options] IMAGE\n       preroot append [options] -o PART [IMAGE]\n\nThe first appends a part to IMAGE, the second writes it to a file of its own, which the boot loader gives to the kernel behind the image.\n\n")
		f.PrintDefaults()
	}
	f.StringVar(&p.Output, "o", "", "write the part to the file `PART`, and leave IMAGE as it is: it is only compared with")
	f.BoolVar(&p.Force, "f", false, "replace PART if it is there")
	f.StringVar(&p.KernelCmdline, "kernel-cmdline", "", "`WORDS` that are added to the kernel command line, behind those of the image")
	f.StringVar(&p.Hooks, "hooks", "", "`DIR` with hook scripts, DIR/STAGE/NAME.sh; the image must have a shell (build it with --hooks)")
	f.Func("include", "`SRC DST`: put a file, or what lies in a folder, at DST", func(v string) error {
		src, dst, _ := strings.Cut(v, "\x00")
		p.Includes = append(p.Includes, image.Include{Src: src, Dst: dst})
		return nil
	})
	rest, err := parseAnywhere(f, args)
	switch {
	case err != nil:
		return p, err
	case len(rest) > 1:
		return p, fmt.Errorf("%q is one word too many: after IMAGE nothing follows", rest[1])
	case len(rest) == 1:
		p.Image = rest[0]
	}
	return p, nil
}
