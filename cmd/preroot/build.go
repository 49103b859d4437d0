package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/preroot/preroot/pkg/image"
)

// build is "preroot build".
func build(args []string, stdout, stderr io.Writer) int {
	table := buildOptionTable()
	r, err := buildRequest(table, args)
	return finishBuild(r, err, "preroot build", func() {
		fmt.Fprint(stdout, "usage: preroot build [options] [IMAGE [KVER]]\n\nWithout KVER for the running kernel; without IMAGE at the distribution's place.\n"+
			"NAMES are module names or aliases, or =FOLDER below kernel/, split by blanks or commas; MODULES, FILES and PROGRAMS are split by blanks.\n\n")
		printOptions(stdout, table)
	}, stdout, stderr)
}

// finishBuild does what a request asks for and gives the exit status.
func finishBuild(r *request, err error, name string, usage func(), stdout, stderr io.Writer) int {
	switch {
	case err != nil:
		fmt.Fprintf(stderr, "%s: %v\n", name, err)
		return 2
	case r.help:
		usage()
		return 0
	case r.version:
		fmt.Fprintln(stdout, "preroot", version)
		return 0
	}
	r.warn(name, stderr, r.warnings)
	if r.listModules {
		return listDracutModules(r.o.DracutModulesDir, name, stdout, stderr)
	}
	images := []image.Options{r.o}
	if r.all {
		if images, err = everyKernel(r); err != nil {
			fmt.Fprintf(stderr, "%s: %v\n", name, err)
			return 1
		}
	}
	ctx, stop := untilSignal()
	defer stop()
	status := 0
	for _, o := range images {
		if err := r.make(ctx, o, name, stdout, stderr); err != nil {
			fmt.Fprintf(stderr, "%s: %v\n", name, err)
			status = 1
		}
		if ctx.Err() != nil {
			return 1
		}
	}
	return status
}

// untilSignal ends with the first signal that asks the program to end, so that it can clean up; a second one ends it as it would any other. What is ignored (nohup(1)) stays so.
func untilSignal() (context.Context, context.CancelFunc) {
	signals := slices.DeleteFunc([]os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}, signal.Ignored)
	if len(signals) == 0 { // none would mean all
		return context.WithCancel(context.Background())
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// make makes one image and says so.
func (r *request) make(ctx context.Context, o image.Options, name string, stdout, stderr io.Writer) error {
	o.MakeFolder = !r.said["image"]
	p := newProgress(stderr, r.level)
	o.Progress = p.show
	if !r.noCheck {
		o.Judge = judgeBuilt(&o)
	}
	s, err := image.Build(ctx, o)
	p.clear()
	if err != nil {
		return err
	}
	r.warn(name, stderr, s.Warnings)
	switch {
	case s.Unchanged:
		if r.level >= usualLevel {
			fmt.Fprintf(stdout, "%s: nothing has changed\n", o.Output)
		}
		return nil
	case r.level >= usualLevel && len(s.Changed) > 0:
		fmt.Fprintf(stdout, "%s: changed: %s\n", o.Output, abridged(s.Changed))
	}
	if r.level >= usualLevel {
		printSummary(stdout, &s, r.level > usualLevel)
		printLeft(stdout, &s)
	}
	return nil
}

// abridged is a list for one line.
func abridged(list []string) string {
	const most = 12
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}

func (r *request) warn(name string, stderr io.Writer, warnings []string) {
	for _, w := range warnings {
		if r.level >= usualLevel {
			fmt.Fprintf(stderr, "%s: warning: %s\n", name, w)
		}
	}
}

// everyKernel is one request for each kernel whose modules are there.
func everyKernel(r *request) (list []image.Options, err error) {
	above := filepath.Join(orElse(r.o.Sysroot, "/"), "lib/modules")
	entries, err := os.ReadDir(above)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !isFile(filepath.Join(above, e.Name(), "modules.dep.bin")) {
			continue
		}
		o := r.o
		o.KVER, o.ModulesDir, o.Output = e.Name(), "", ""
		if err := forKernel(&o, r.imageName); err != nil {
			return nil, err
		}
		list = append(list, o)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no kernel has its modules in %s", above)
	}
	return list, nil
}

// listDracutModules lists the modules of dracut by name: folders called NUMBER and NAME with a module-setup.sh.
func listDracutModules(dir, name string, stdout, stderr io.Writer) int {
	dir = orElse(dir, "/usr/lib/dracut/modules.d")
	entries, err := os.ReadDir(dir)
	if err != nil {
		fmt.Fprintf(stderr, "%s: modules of dracut: %v (Debian package dracut-core, or name their folder by --modulesdir)\n", name, err)
		return 1
	}
	var names []string
	for _, e := range entries {
		if isFile(filepath.Join(dir, e.Name(), "module-setup.sh")) {
			names = append(names, strings.TrimLeft(e.Name(), "0123456789"))
		}
	}
	slices.Sort(names)
	for _, n := range slices.Compact(names) {
		fmt.Fprintln(stdout, n)
	}
	return 0
}

func printSummary(w io.Writer, s *image.Summary, verbose bool) {
	fmt.Fprintf(w, "%s: %d bytes, for kernel %s\n", s.Image, s.ImageBytes, s.KVER)
	fmt.Fprintf(w, "  /init     %d bytes\n", s.InitBytes)
	fmt.Fprintf(w, "  modules   %d (%d bytes), %s; %d others of this kernel left out\n", len(s.Modules), s.ModuleBytes, s.ModuleForm, s.LeftOut)
	if len(s.Microcode) > 0 {
		fmt.Fprintf(w, "  microcode of %d files, first in the image\n", len(s.Microcode))
	}
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
		fmt.Fprintf(w, "  packed by %s\n", s.Compression)
		fmt.Fprintf(w, "  inside: %s\n", strings.Join(s.Modules, " "))
		for _, f := range s.Microcode {
			fmt.Fprintf(w, "  microcode: %s\n", f)
		}
	}
}
