package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/preroot/preroot/pkg/archive"
	"github.com/preroot/preroot/pkg/check"
	"github.com/preroot/preroot/pkg/cmdline"
)

const checkUsage = `preroot check [-v] [--target WORDS|FILE] [--cmdline WORDS] [--sysroot DIR] [--kver KVER] [--modules-dir DIR] IMAGE

Says whether IMAGE, of preroot, dracut or mkinitramfs, will find root, and what it lacks. The machine is this one, or that of
--sysroot; --target describes another: words such as "virtio-blk ext4 luks root=UUID=...", as preroot chain --describe prints them.
Status: 0 it will, 1 it will not, 2 the call makes no sense, 3 it cannot be told.`

// The exit statuses of check.
const (
	checkBoots   = 0
	checkFails   = 1
	checkMisused = 2
	checkUnknown = 3
)

// checkOptions are those of "preroot check".
type checkOptions struct {
	target, cmdline, sysroot, kver, modulesDir string
	verbose                                    bool
}

// checkImage is "preroot check".
func checkImage(args []string, stdout, stderr io.Writer) int {
	f := flags(checkUsage, stderr)
	var o checkOptions
	f.StringVar(&o.target, "target", "", "`WORDS or FILE` that describe the machine")
	f.StringVar(&o.cmdline, "cmdline", "", "`WORDS` of the kernel command line (default: those of this machine)")
	f.StringVar(&o.sysroot, "sysroot", "/", "`DIR` of the system that the image is for")
	f.StringVar(&o.kver, "kver", "", "kernel `version` (default: that of the image's modules)")
	f.StringVar(&o.modulesDir, "modules-dir", "", "`DIR` with all modules of the kernel (default: lib/modules/KVER of the sysroot, if it is there)")
	f.BoolVar(&o.verbose, "v", false, "show every link, also those that hold")
	rest, err := parseAnywhere(f, args)
	if err != nil || len(rest) != 1 {
		misused(f, err)
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return checkMisused
	}
	t, err := o.machine()
	if err != nil {
		fmt.Fprintln(stderr, "preroot check:", err)
		if o.target != "" {
			return checkMisused
		}
		return checkUnknown
	}
	_, tree, err := openImage("check", rest[0], stderr)
	if err != nil || tree == nil {
		return unreadStatus(err)
	}
	report, err := o.judge(tree, t)
	if err != nil {
		fmt.Fprintln(stderr, "preroot check:", err)
		return checkUnknown
	}
	printReport(stdout, rest[0], report, o.verbose)
	return checkStatus(report)
}

// unreadStatus is that of an image which cannot be read: one that is damaged will not boot, of one that nobody has read nothing can be told.
func unreadStatus(err error) int {
	var file *fs.PathError
	if errors.Is(err, archive.ErrNotRead) || errors.As(err, &file) {
		return checkUnknown
	}
	return checkFails
}

func checkStatus(r *check.Report) int {
	switch r.Verdict {
	case check.Boots:
		return checkBoots
	case check.Fails:
		return checkFails
	}
	return checkUnknown
}

// machine is the target: what --target says, otherwise this machine; the command line says how root is named.
func (o checkOptions) machine() (check.Target, error) {
	var t check.Target
	var err error
	switch {
	case o.target == "":
		t, err = chainTarget(o.sysroot, o.cmdline)
	default:
		text := o.target
		if data, e := os.ReadFile(o.target); e == nil {
			text = string(data)
		}
		t, err = check.ParseTarget(text)
	}
	if err != nil {
		return t, err
	}
	for _, w := range cmdline.Split(o.cmdline) {
		switch w.Key {
		case "root":
			t.Root = w.Value
		case "rootfstype":
			t.FSType = w.Value
		}
	}
	return t, nil
}

// judge judges an image that is unpacked.
func (o checkOptions) judge(tree *archive.Tree, t check.Target) (*check.Report, error) {
	if o.kver == "" && o.modulesDir == "" {
		versions := check.ImageKernels(tree)
		if len(versions) > 1 {
			return nil, fmt.Errorf("the image has modules of several kernels (%s): name one by --kver", strings.Join(versions, ", "))
		}
		o.kver = strings.Join(versions, "")
	}
	dir := o.modulesDir
	if dir == "" {
		dir = filepath.Join(orElse(o.sysroot, "/"), "lib/modules", orElse(o.kver, "none"))
	}
	k, err := check.OpenKernel(dir, o.kver)
	if err != nil {
		if o.modulesDir != "" {
			return nil, err
		}
		k = nil // the image says what it knows
	}
	return check.Image(tree, k, t), nil
}

// printReport writes the verdict first, then what is missing, then with -v all links.
func printReport(w io.Writer, image string, r *check.Report, verbose bool) {
	kernel := ""
	if r.Kernel != "" {
		kernel = ", for kernel " + r.Kernel
	}
	fmt.Fprintf(w, "%s: %s (init of %s%s)\n", image, r.Verdict, r.Kind, kernel)
	for _, m := range r.Missing {
		fmt.Fprintf(w, "  missing: %s\n    needed: %s\n", m.What, m.Why)
		if m.Hint != "" {
			fmt.Fprintf(w, "    to mend it: %s\n", m.Hint)
		}
	}
	for _, m := range r.Doubts {
		fmt.Fprintf(w, "  in doubt: %s\n    why: %s\n", m.What, m.Why)
	}
	if !verbose {
		return
	}
	for _, l := range r.Links {
		mark := "ok "
		switch {
		case l.Bad:
			mark = "BAD"
		case l.Doubt:
			mark = "?  "
		}
		fmt.Fprintf(w, "  %s %s: %s\n", mark, l.What, l.Is)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(w, "  note: %s: %s\n", n.At, n.Text)
	}
}
