package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/preroot/preroot/internal/vm"
)

// answers are what a running system said: question -> text.
type answers map[string]string

// boot boots a copy of the system's disk and returns what collect.sh wrote
// there. The copy is read after the power went off, so what is read also
// survived the shutdown.
func (o options) boot(s system, name, initrd string, out io.Writer) (answers, error) {
	disk := s.path(name + ".disk")
	os.Remove(disk)
	if err := vm.Clone(s.image, disk); err != nil {
		return nil, err
	}
	defer os.Remove(disk)
	spec := vm.Spec{Kernel: s.kernel.Image(), Initrd: initrd, MemoryMiB: o.memory, CPUs: o.cpus, Limit: o.limit,
		Cmdline: strings.TrimSpace("console=ttyS0 root=" + s.root + " ro " + o.words),
		Disks:   []vm.Disk{{Path: disk, Serial: "realroot"}}}
	var watch io.Writer
	if o.verbose {
		watch = out
	}
	if s.script != "" {
		answers := s.path(answerDisk)
		if err := errors.Join(os.RemoveAll(answers), os.WriteFile(answers, nil, 0o644), os.Truncate(answers, 64<<20)); err != nil {
			return nil, err
		}
		spec.Disks = append(spec.Disks, vm.Disk{Path: answers, Serial: "answers"})
	}
	r, err := s.run(spec, name, watch)
	if err != nil {
		return nil, err
	}
	console := s.path(name + ".console")
	if err := os.WriteFile(console, []byte(strings.Join(r.Lines, "\n")+"\n"), 0o644); err != nil {
		return nil, err
	}
	fmt.Fprintf(out, "== %s: %s: %.0f s, initrd %d kB\n", s.suite, name, r.Duration.Seconds(), size(initrd)/1000)
	if crash := vm.Judge(r.Lines); crash != "" || r.Exit != nil || r.Expired || !r.Says("REAL: collected") {
		return nil, fmt.Errorf("%s: the system did not come up (limit passed: %v, qemu: %v, crash: %q); its console is in %s", name, r.Expired, r.Exit, crash, console)
	}
	return s.extract(disk, name)
}

// run runs the machine; somebody types the passphrase if it is asked for.
func (s system) run(spec vm.Spec, name string, watch io.Writer) (vm.Result, error) {
	if s.script == "" {
		return vm.Run(spec, watch)
	}
	prompt := "Please unlock disk"
	if name == "preroot" {
		prompt = "Passphrase for"
	}
	m, err := vm.Start(spec, watch)
	if err != nil {
		return vm.Result{}, err
	}
	if _, err = m.Await(prompt); err == nil {
		err = m.Type(passphrase + "\n")
	}
	return m.Wait(), err
}

func size(path string) int64 {
	st, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return st.Size()
}

// extract copies the answers out of the disk into a folder and reads them.
func (s system) extract(disk, name string) (answers, error) {
	to := s.path(name)
	if err := os.RemoveAll(to); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return nil, err
	}
	if s.script != "" {
		if err := untar(s.path(answerDisk), to); err != nil {
			return nil, err
		}
		return readAnswers(to)
	}
	if err := command("debugfs", "-R", "rdump /var/lib/real "+to, disk); err != nil {
		return nil, err
	}
	return readAnswers(to)
}

func readAnswers(dir string) (answers, error) {
	a := answers{}
	files, _ := filepath.Glob(filepath.Join(dir, "real", "*"))
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		a[filepath.Base(f)] = string(text)
	}
	if _, whole := a["whole"]; !whole {
		return nil, fmt.Errorf("%s: the answers are not whole", dir)
	}
	return a, nil
}
