package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/preroot/preroot/internal/vm"
)

// A cell is one system with one layout.
type cell struct {
	options
	system
	layout
	name string
}

func (c cell) file(name string) string { return filepath.Join(c.results, c.name+"."+name) }

// key is what the result depends on.
func (c cell) key() string {
	tree, _ := os.ReadFile(filepath.Join(c.tree.Dir, "installed"))
	made, _ := os.ReadFile(filepath.Join(c.tree.Dir, "made"))
	return fmt.Sprintf("%x\n", sha256.Sum256(fmt.Appendf(nil, "%s %s %s %v %s %s", tree, made, c.kernel.Version, c.layout, collector, collectUnit)))
}

func (c cell) passed() bool {
	text, err := os.ReadFile(c.file("passed"))
	return err == nil && string(text) == c.key()
}

func (c cell) pass() error { return os.WriteFile(c.file("passed"), []byte(c.key()), 0o644) }

// test boots the system by the image of the installation, lets it make its own, and boots it by that.
func (c cell) test(out io.Writer) error {
	disk := c.file("disk")
	defer os.Remove(disk)
	if err := c.makeDisk(disk); err != nil {
		return err
	}
	first, err := c.boot(disk, c.image(), "make", out)
	if err != nil {
		return err
	}
	if err := first.check(map[string]string{"found": "none", "make-status": "0", "previous": "kept"}); err != nil {
		return fmt.Errorf("booted by the image of the installation: %w", err)
	}
	own := c.file("initrd")
	defer os.Remove(own)
	if err := os.WriteFile(own, []byte(first["initrd"]), 0o600); err != nil {
		return err
	}
	second, err := c.boot(disk, own, "own", out)
	if err != nil {
		return err
	}
	if err := second.check(map[string]string{"previous": "none"}); err != nil {
		return fmt.Errorf("booted by the image of its own: %w", err)
	}
	return nil
}

// makeDisk makes the disk of the layout, with the tree and what its files say of the layout.
func (c cell) makeDisk(disk string) error {
	source := c.file("source")
	defer os.Remove(source)
	err := errors.Join(write(c.path("etc/fstab"), c.fstab), os.RemoveAll(c.path("etc/crypttab")))
	if c.crypttab != "" {
		err = errors.Join(err, write(c.path("etc/crypttab"), c.crypttab))
	}
	err = errors.Join(err, sparse(source, 3<<30), sparse(disk, 4<<30))
	if err != nil {
		return err
	}
	if err := command("mkfs.ext4", "-q", "-F", "-d", c.tree.Root(), source); err != nil {
		return err
	}
	return vm.Workbench{
		Tools: c.tools, Modules: c.modules, Files: []vm.Entry{{Name: "pass", Mode: 0o600, Data: []byte(passphrase)}},
		Script: "mkdir -p /src /dst; mount -t ext4 -o ro /dev/vda /src\n" + c.script + ` || bad="$bad make"
busybox cp -a /src/. /dst/ || bad="$bad copy"
busybox umount -a -t ext4,xfs,btrfs
`,
		Disks: []vm.Disk{{Path: source, Snapshot: true}, {Path: disk}},
	}.Run(c.results)
}

func sparse(file string, size int64) error {
	return errors.Join(os.RemoveAll(file), os.WriteFile(file, nil, 0o644), os.Truncate(file, size))
}

// answers are what a running system said: question -> text.
type answers map[string]string

// boot boots the disk; task is what the system is to do besides answering.
func (c cell) boot(disk, initrd, task string, out io.Writer) (answers, error) {
	paper := c.file("answers")
	defer os.Remove(paper)
	if err := sparse(paper, 256<<20); err != nil {
		return nil, err
	}
	spec := vm.Spec{Kernel: c.kernel.Image(), Initrd: initrd, MemoryMiB: c.memory, CPUs: 2, Limit: c.limit,
		Cmdline: fmt.Sprintf("console=ttyS0 root=%s ro deb.task=%s", c.root, task),
		Disks:   []vm.Disk{{Path: disk, Serial: "realroot"}, {Path: paper, Serial: "answers"}}}
	r, err := c.run(spec, out)
	if err != nil {
		return nil, err
	}
	console := c.file(task + ".console")
	if err := os.WriteFile(console, []byte(strings.Join(r.Lines, "\n")+"\n"), 0o644); err != nil {
		return nil, err
	}
	if crash := vm.Judge(r.Lines); crash != "" || r.Exit != nil || r.Expired || !r.Says("DEB: collected") {
		return nil, fmt.Errorf("%s: the system did not come up (limit passed: %v, qemu: %v, crash: %q); its console is in %s", task, r.Expired, r.Exit, crash, console)
	}
	a, err := readAnswers(paper)
	if a["failed"] != "" {
		err = errors.Join(err, os.WriteFile(c.file(task+".journal"), []byte(a["journal"]), 0o644))
	}
	fmt.Fprintf(out, "     %s %s: %.0f s, initrd %d kB, %s\n", c.name, task, r.Duration.Seconds(), size(initrd)/1000, strings.TrimSpace(a["state"]))
	return a, err
}

// run runs the machine; somebody types the passphrase if it is asked for.
func (c cell) run(spec vm.Spec, out io.Writer) (vm.Result, error) {
	var watch io.Writer
	if c.verbose {
		watch = out
	}
	if c.crypttab == "" {
		return vm.Run(spec, watch)
	}
	m, err := vm.Start(spec, watch)
	if err != nil {
		return vm.Result{}, err
	}
	if _, err = m.Await("Passphrase for"); err == nil {
		err = m.Type(passphrase + "\n")
	}
	return m.Wait(), err
}

// check wants a system that runs, without a failed unit, and these answers.
func (a answers) check(more map[string]string) error {
	want := map[string]string{"state": "running", "failed": "", "installed": "ok"}
	maps.Copy(want, more)
	var wrong []error
	for _, question := range slices.Sorted(maps.Keys(want)) {
		if got := strings.TrimSpace(a[question]); got != want[question] {
			wrong = append(wrong, fmt.Errorf("%s: %q; want %q", question, got, want[question]))
		}
	}
	if len(wrong) > 0 && a["make"] != "" {
		wrong = append(wrong, fmt.Errorf("update-initramfs said: %s", a["make"]))
	}
	return errors.Join(wrong...)
}

func size(path string) int64 {
	st, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return st.Size()
}
