package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/preroot/preroot/pkg/chain"
	"github.com/preroot/preroot/pkg/image"
)

// printLeft tells of an image for one machine what of that it does not serve.
func printLeft(w io.Writer, s *image.Summary) {
	for _, l := range s.Left {
		fmt.Fprintf(w, "  left out: %s\n", l)
	}
}

// showChain is "preroot chain": what root stands on, as a tree.
func showChain(args []string, stdout, stderr io.Writer) int {
	f := flag.NewFlagSet("preroot chain", flag.ContinueOnError)
	f.SetOutput(stderr)
	sysroot := f.String("sysroot", "/", "`DIR` of the system whose root is meant")
	kver := f.String("kver", "", "kernel `version` whose modules are shown (default the running one)")
	dir := f.String("modules-dir", "", "`DIR` with the kernel's modules (default lib/modules/KVER of the sysroot)")
	words := f.String("cmdline", "", "`WORDS` of the kernel's command line (default: those of the machine)")
	describe := f.Bool("describe", false, "print it as preroot check --target takes it")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if f.NArg() > 0 {
		fmt.Fprintf(stderr, "preroot chain: %q is one word too many\n", f.Arg(0))
		return 2
	}
	host, err := chain.Machine(*sysroot)
	host.Cmdline = *words
	if err == nil && *describe {
		var c *chain.Chain
		if c, err = chain.Read(host); err == nil {
			fmt.Fprint(stdout, targetOf(c))
		}
	} else if err == nil {
		err = printChain(host, *dir, *kver, stdout, stderr)
	}
	if err != nil {
		fmt.Fprintln(stderr, "preroot chain:", err)
		return 1
	}
	return 0
}

func printChain(host chain.Host, dir, kver string, stdout, stderr io.Writer) error {
	c, err := chain.Read(host)
	if err != nil {
		return err
	}
	if kver == "" && dir == "" {
		release, _ := os.ReadFile("/proc/sys/kernel/osrelease")
		kver = strings.TrimSpace(string(release))
	}
	if dir == "" {
		dir = filepath.Join(host.Root, "lib/modules", kver)
	}
	var k chain.Kernel
	if opened, err := image.OpenKernel(dir, kver); err == nil {
		k = opened
	} else {
		fmt.Fprintln(stderr, "preroot chain: without modules:", err)
	}
	fmt.Fprint(stdout, c.Tree(k))
	return nil
}
