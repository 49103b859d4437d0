package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/preroot/preroot/pkg/image"
)

// build is "preroot build".
func build(args []string, stdout, stderr io.Writer) int {
	o, verbose, err := buildOptions(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(stderr, "preroot build:", err)
		return 2
	}
	s, err := image.Build(o)
	if err != nil {
		fmt.Fprintln(stderr, "preroot build:", err)
		return 1
	}
	for _, w := range s.Warnings {
		fmt.Fprintln(stderr, "preroot build: warning:", w)
	}
	printSummary(stdout, &s, verbose)
	return 0
}

// buildOptions reads the command line of build.
func buildOptions(args []string, stderr io.Writer) (o image.Options, verbose bool, err error) {
	o.Version, o.HostEtc = version, "/etc"
	args, err = joinIncludes(args)
	if err != nil {
		return o, false, err
	}
	f := flag.NewFlagSet("preroot build", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() {
		fmt.Fprint(stderr, "usage: preroot build [options] IMAGE [KVER]\n\nNAMES are module names or aliases, or =FOLDER below kernel/, split by blanks or commas.\n\n")
		f.PrintDefaults()
	}
	f.BoolVar(&o.Force, "f", false, "replace IMAGE if it is there")
	f.BoolVar(&o.Force, "force", false, "the same")
	f.BoolVar(&verbose, "v", false, "list the modules")
	f.BoolVar(&o.Generic, "generic", false, "for any machine: every storage controller, bus, file system and keyboard")
	f.Func("drivers", "`NAMES`: for known hardware: just these modules and what they need, loaded first", names(&o.Drivers))
	f.Func("add-drivers", "`NAMES`: take these modules in too", names(&o.AddDrivers))
	f.Func("omit-drivers", "`NAMES`: leave these modules out, and those that need them", names(&o.OmitDrivers))
	f.StringVar(&o.Init, "init", "", "`PATH` of the static binary that becomes /init (default: init beside this program, then /usr/lib/preroot/init)")
	f.StringVar(&o.KVER, "kver", "", "kernel `version` (default: the name of --modules-dir, otherwise the running one)")
	f.StringVar(&o.ModulesDir, "modules-dir", "", "`DIR` with the kernel's modules (default /lib/modules/KVER)")
	f.StringVar(&o.Keymap, "keymap", "", "`NAME` or path of the console keymap, or an X layout; none for the kernel's own (default: what /etc/vconsole.conf or /etc/default/keyboard says)")
	f.StringVar(&o.Font, "font", "", "`NAME` or path of the console font; none for the kernel's own (default: what /etc/vconsole.conf or /etc/default/console-setup says)")
	f.StringVar(&o.KernelCmdline, "kernel-cmdline", "", "`WORDS` that the image adds to the kernel command line")
	f.BoolVar(&o.NoShell, "no-shell", false, "the image never gives a prompt or a shell, whatever the kernel command line says")
	f.Func("include", "`SRC DST`: put a file, or what lies in a folder, at DST in the image", func(v string) error {
		src, dst, _ := strings.Cut(v, "\x00")
		o.Includes = append(o.Includes, image.Include{Src: src, Dst: dst})
		return nil
	})
	f.StringVar(&o.Hooks, "hooks", "", "`DIR` with hook scripts of dracut's kind, DIR/STAGE/NAME.sh; the image gets a shell and our library of functions for them")
	f.StringVar(&o.Initrd, "initrd", "", "`FILE`, a classic initrd (initrd(4)): a file system as it is, or packed with gzip, xz, zstd, lz4 or bzip2; its /linuxrc runs before root is mounted")
	f.BoolVar(&o.LUKS, "luks", false, "what a root on LUKS volumes needs")
	f.BoolVar(&o.LVM, "lvm", false, "what a root on logical volumes of LVM2 needs")
	f.BoolVar(&o.Network, "network", false, "what a root on NFS needs (root=/dev/nfs, or a classic initrd that says so)")
	f.StringVar(&o.Helpers, "helpers", "", "`DIR` with the helpers of /init that --initrd and --network take (default: beside this program, then /usr/lib/preroot)")
	f.StringVar(&o.Shell, "shell", "", "`PATH` of the static program that is the shell of hooks (default /bin/busybox)")
	rest, err := parseAnywhere(f, args)
	if err != nil {
		return o, false, err
	}
	return o, verbose, finish(&o, rest)
}

// parseAnywhere parses options before, between and after the other words, as dracut takes them.
func parseAnywhere(f *flag.FlagSet, args []string) (rest []string, err error) {
	for {
		if err := f.Parse(args); err != nil {
			return nil, err
		}
		left := f.Args()
		if len(left) == 0 {
			return rest, nil
		}
		if stopped := len(args) - len(left) - 1; stopped >= 0 && args[stopped] == "--" {
			return append(rest, left...), nil
		}
		rest, args = append(rest, left[0]), left[1:]
	}
}

// finish fills in what the command line left open.
func finish(o *image.Options, rest []string) error {
	switch {
	case len(rest) == 0:
		return errors.New("name the IMAGE file to write: preroot build [options] IMAGE [KVER]")
	case len(rest) > 2:
		return fmt.Errorf("%q is one word too many: after IMAGE and KVER nothing follows", rest[2])
	case len(rest) == 2 && o.KVER != "" && o.KVER != rest[1]:
		return fmt.Errorf("two kernel versions, --kver %s and %s: give one", o.KVER, rest[1])
	case len(rest) == 2:
		o.KVER = rest[1]
	}
	o.Output = rest[0]
	if o.Init == "" {
		o.Init = defaultProgram("init")
	}
	if o.Helpers == "" {
		o.Helpers = filepath.Dir(defaultProgram("initrd"))
	}
	if o.ModulesDir != "" {
		return nil
	}
	if o.KVER == "" {
		release, err := os.ReadFile("/proc/sys/kernel/osrelease")
		if err != nil {
			return fmt.Errorf("the running kernel's version is unknown: give --kver: %w", err)
		}
		o.KVER = strings.TrimSpace(string(release))
	}
	o.ModulesDir = filepath.Join("/lib/modules", o.KVER)
	return nil
}

// defaultProgram is a program beside this one (a build tree), otherwise where the package installs it.
func defaultProgram(name string) string {
	if self, err := os.Executable(); err == nil {
		if beside := filepath.Join(filepath.Dir(self), name); isFile(beside) {
			return beside
		}
	}
	return "/usr/lib/preroot/" + name
}

func isFile(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular()
}

// joinIncludes makes one argument of the three words "--include SRC DST", dracut's form, which package flag does not
// know. A NUL parts the two: no argument can hold one.
func joinIncludes(args []string) (out []string, err error) {
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case a == "--":
			return append(out, args[i:]...), nil
		case a != "--include" && a != "-include":
			out = append(out, a)
		case i+2 >= len(args):
			return nil, errors.New("--include takes two words: --include SRC DST")
		default:
			out = append(out, "--include="+args[i+1]+"\x00"+args[i+2])
			i += 2
		}
	}
	return out, nil
}

// names appends a list of module names to where, split at blanks and commas.
func names(where *[]string) func(string) error {
	return func(v string) error {
		*where = append(*where, strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' })...)
		return nil
	}
}

func printSummary(w io.Writer, s *image.Summary, verbose bool) {
	fmt.Fprintf(w, "%s: %d bytes, for kernel %s\n", s.Image, s.ImageBytes, s.KVER)
	fmt.Fprintf(w, "  /init     %d bytes\n", s.InitBytes)
	fmt.Fprintf(w, "  modules   %d (%d bytes), %s; %d others of this kernel left out\n", len(s.Modules), s.ModuleBytes, s.ModuleForm, s.LeftOut)
	for _, l := range []struct {
		head string
		list []string
	}{
		{"loaded first", s.Chain},
		{"built in", s.Builtin},
		{"omitted", s.Omitted},
		{"not in this kernel", s.Absent},
	} {
		if len(l.list) > 0 {
			fmt.Fprintf(w, "  %s: %s\n", l.head, strings.Join(l.list, " "))
		}
	}
	if verbose {
		fmt.Fprintf(w, "  inside: %s\n", strings.Join(s.Modules, " "))
	}
}
