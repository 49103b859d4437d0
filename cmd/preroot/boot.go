package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/preroot/preroot/pkg/archive"
	"github.com/preroot/preroot/pkg/chain"
	"github.com/preroot/preroot/pkg/check"
	"github.com/preroot/preroot/pkg/trial"
)

const bootUsage = `preroot boot [-v] [--target WORDS|FILE] [--cmdline WORDS] [--sysroot DIR] [--kver KVER] [--timeout SECONDS] [--qemu-args WORDS] [--keep DIR] [--helpers DIR] IMAGE [KERNEL]

Boots IMAGE, of preroot, dracut or mkinitramfs, in QEMU, with disks that have the layout and all identifiers of those of this machine, or of
that of --sysroot or --target, and none of its data; says how it went: verdict, timeline, what was loaded. KERNEL is that of the image's modules by default.
Status: 0 it booted to the right root, 1 it did not, 2 the call makes no sense, 3 it cannot be told.`

// bootOptions are those of "preroot boot".
type bootOptions struct {
	checkOptions
	timeout   float64
	qemuArgs  string
	keep      string
	helpers   string
	image     string
	kernel    string
	arch      string
	machineOf *trial.Plan
}

// boot is "preroot boot".
func boot(args []string, stdout, stderr io.Writer) int {
	f := flags(bootUsage, stderr)
	var o bootOptions
	f.StringVar(&o.target, "target", "", "`WORDS or FILE` that describe the machine")
	f.StringVar(&o.cmdline, "cmdline", "", "`WORDS` of the kernel command line (default: those of this machine)")
	f.StringVar(&o.sysroot, "sysroot", "/", "`DIR` of the system that the image is for")
	f.StringVar(&o.kver, "kver", "", "kernel `version` (default: that of the image's modules)")
	f.Float64Var(&o.timeout, "timeout", 0, "`SECONDS` that the boot may take (default: 120, 360 without KVM)")
	f.StringVar(&o.qemuArgs, "qemu-args", "", "more `WORDS` for QEMU's command line")
	f.StringVar(&o.keep, "keep", "", "`DIR` in which the disks and the console are left")
	f.StringVar(&o.helpers, "helpers", "", "`DIR` with trialinit, the init of the stand-in (default: beside this program, then /usr/lib/preroot)")
	f.BoolVar(&o.verbose, "v", false, "show the whole console")
	rest, err := parseAnywhere(f, args)
	if err != nil || len(rest) < 1 || len(rest) > 2 || o.timeout < 0 {
		misused(f, err)
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return checkMisused
	}
	o.image = rest[0]
	if len(rest) == 2 {
		o.kernel = rest[1]
	}
	_, tree, err := openImage("boot", o.image, stderr)
	if tree == nil {
		return checkUnknown
	}
	_ = err // an image that is damaged may boot all the same: that is what is tried
	status, err := o.try(tree, stdout, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "preroot boot:", err)
		return checkUnknown
	}
	return status
}

// try boots the image and prints what came of it.
func (o *bootOptions) try(tree *archive.Tree, stdout, stderr io.Writer) (int, error) {
	if err := o.find(tree); err != nil {
		return 0, err
	}
	o.machineOf.For(o.arch)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := o.dir()
	if err != nil {
		return 0, err
	}
	if o.keep == "" {
		defer os.RemoveAll(dir)
	}
	init := defaultProgram("trialinit")
	if o.helpers != "" {
		init = filepath.Join(o.helpers, "trialinit")
	}
	var log io.Writer
	b := trial.Boot{Plan: o.machineOf, Dir: dir, Kernel: o.kernel, Image: o.image, Arch: o.arch, Limit: time.Duration(o.timeout * float64(time.Second)), Extra: strings.Fields(o.qemuArgs)}
	if o.verbose {
		log, b.Watch = stderr, stdout
	}
	b.Log = log
	if err := o.machineOf.Make(dir, trial.Tools{Init: init, Log: log}); err != nil {
		return 0, err
	}
	c, err := b.Run(ctx)
	if err != nil {
		return 0, err
	}
	if ctx.Err() != nil {
		return 0, errors.New("stopped by a signal")
	}
	if o.keep != "" {
		if err := os.WriteFile(filepath.Join(dir, "console.txt"), []byte(strings.Join(c.Lines, "\n")+"\n"), 0o600); err != nil {
			return 0, err
		}
	}
	r := trial.Judge(o.machineOf, c)
	fmt.Fprintln(stdout, r.Headline(o.image, c))
	r.Print(stdout, o.machineOf)
	return map[trial.Verdict]int{trial.Booted: checkBoots, trial.Stopped: checkFails, trial.Untold: checkUnknown}[r.Verdict], nil
}

// dir is where the disks are made.
func (o *bootOptions) dir() (string, error) {
	if o.keep == "" {
		return os.MkdirTemp("", "preroot-boot-")
	}
	return o.keep, os.MkdirAll(o.keep, 0o700)
}

// find finds the kernel and the machine.
func (o *bootOptions) find(tree *archive.Tree) (err error) {
	if o.kernel == "" {
		if o.kver == "" {
			versions := check.ImageKernels(tree)
			if len(versions) != 1 {
				return fmt.Errorf("the image has modules of %d kernels: name the kernel behind it, or one by --kver", len(versions))
			}
			o.kver = versions[0]
		}
		if o.kernel, err = trial.FindKernel(o.sysroot, o.kver); err != nil {
			return err
		}
	}
	if o.arch, err = trial.KernelArch(o.kernel); err != nil {
		return err
	}
	if v, has := trial.KernelVersion(o.kernel), check.ImageKernels(tree); v != "" && len(has) > 0 && !slices.Contains(has, v) {
		return fmt.Errorf("%s is kernel %s, and the image has the modules of %s: it would load none", o.kernel, v, strings.Join(has, ", "))
	}
	if o.target != "" {
		t, err := o.machine()
		if err == nil {
			o.machineOf, err = trial.OfTarget(t, o.cmdline)
		}
		return err
	}
	host, err := chain.Machine(o.sysroot)
	if err != nil {
		return err
	}
	host.Cmdline = o.cmdline
	c, err := chain.Read(host)
	if err != nil {
		return err
	}
	o.machineOf, err = trial.Of(c, "")
	return err
}
