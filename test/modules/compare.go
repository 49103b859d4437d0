package main

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/preroot/preroot/internal/vm"
	"github.com/preroot/preroot/pkg/archive"
)

// rig is what all comparisons share.
type rig struct {
	cache, out, self string
	ready            map[string]error
}

// row is the result of one comparison.
type row struct {
	Suite, Module string
	With          []string // the modules that were run
	Files         int      // that both have
	Reasons       map[string][]string
	Unexplained   []string
	Warnings      []string
	Failed        string
}

func newRig() (*rig, error) {
	cache, err := vm.CacheDir()
	if err != nil {
		return nil, err
	}
	r := &rig{cache: cache, out: "build/dracut-modules", ready: map[string]error{}}
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return nil, err
	}
	// A program of its own for the systems: those have other C libraries.
	r.self, err = filepath.Abs(filepath.Join(r.out, "modules"))
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("go", "build", "-o", r.self, "./test/modules")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, text)
	}
	return r, nil
}

// compare runs a module both ways.
func (r *rig) compare(s suite, module string) (row, error) {
	c := row{Suite: s.Name, Module: module, Reasons: map[string][]string{}}
	err, known := r.ready[s.Name]
	if !known {
		err = s.ensure(r.cache)
		r.ready[s.Name] = err
	}
	if err != nil {
		return c, err
	}
	k, err := vm.GetKernel(s.Kernel, os.Stderr)
	if err != nil {
		return c, err
	}
	theirs, err := r.theirs(s, module, k)
	if err != nil {
		return c, err
	}
	list, err := r.ours(s, module, k)
	if err != nil {
		return c, err
	}
	var mine []string
	for _, line := range list {
		switch {
		case strings.HasPrefix(line, "@"):
			c.With = append(c.With, line[1:])
		case strings.HasPrefix(line, "!"):
			c.Warnings = append(c.Warnings, line[1:])
		default:
			mine = append(mine, normal(line))
		}
	}
	c.judge(mine, theirs)
	return c, nil
}

// short is the end of what a program said: the line before it is the whole command.
func short(err error) string {
	lines := strings.Split(strings.TrimSpace(err.Error()), "\n")
	_, text, found := strings.Cut(lines[len(lines)-1], ": exit status ")
	if !found {
		text = lines[len(lines)-1]
	}
	return text
}

// binds are what a system sees of this machine: the kernel's modules, and the folder of results.
func (r *rig) binds(k vm.Kernel) (map[string]string, error) {
	out, err := filepath.Abs(r.out)
	return map[string]string{"lib/modules": filepath.Dir(k.ModulesDir()), "mnt": out}, err
}

// ours lists what preroot puts in.
func (r *rig) ours(s suite, module string, k vm.Kernel) ([]string, error) {
	binds, err := r.binds(k)
	if err != nil {
		return nil, err
	}
	text, err := s.tree(r.cache).Inside(binds, "/mnt/modules", "-inside", s.named(module), k.Version, s.Prefer, "i18n_vars="+i18nVars)
	if err != nil {
		return nil, err
	}
	list := strings.Split(strings.TrimSpace(text), "\n")
	return list, os.WriteFile(filepath.Join(r.out, s.Name+"-"+module+".ours"), []byte(text), 0o644)
}

// theirs lists what dracut puts in, in an image for any machine.
func (r *rig) theirs(s suite, module string, k vm.Kernel) ([]string, error) {
	file := filepath.Join(r.out, s.Name+"-"+module+".theirs")
	t := s.tree(r.cache)
	status, err := os.ReadFile(filepath.Join(t.Root(), "var/lib/dpkg/status"))
	if err != nil {
		return nil, err
	}
	head := fmt.Sprintf("# %s %d %s", k.Version, len(status), s.named(module))
	if old, err := os.ReadFile(file); err == nil && strings.HasPrefix(string(old), head+"\n") {
		return strings.Split(strings.TrimSpace(string(old)), "\n")[1:], nil
	}
	binds, err := r.binds(k)
	if err != nil {
		return nil, err
	}
	const script = `dracut -f -N --confdir /media --no-early-microcode --no-compress --nostrip --nohardlink --tmpdir /tmp --kver "$2" -m "$1" /mnt/image >"/mnt/$3.log" 2>&1 || { tail -3 "/mnt/$3.log"; exit 1; }`
	if _, err := t.Inside(binds, "sh", "-c", script, "sh", s.named(module), k.Version, s.Name+"-"+module); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(r.out, "image"))
	if err != nil {
		return nil, err
	}
	entries, err := archive.Read(data)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, e := range entries {
		kind := map[archive.Kind]string{archive.Regular: "f", archive.Dir: "d", archive.Symlink: "l", archive.Char: "c"}[e.Kind]
		list = append(list, normal(kind+" "+path.Clean(e.Name)))
	}
	slices.Sort(list)
	return list, os.WriteFile(file, []byte(head+"\n"+strings.Join(list, "\n")+"\n"), 0o644)
}

// normal is a line of a list with the one name of what has two.
func normal(line string) string {
	line = strings.Replace(line, " lib/", " usr/lib/", 1)
	return strings.Replace(line, " usr/lib/dracut/hooks/", " var/lib/dracut/hooks/", 1)
}
