package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/vm"
	"github.com/preroot/preroot/pkg/archive"
)

// cmdline is that of every boot.
const cmdline = "root=UUID=" + vm.RootUUID + " rw console=ttyS0 quiet mitigations=off loglevel=4 panic=-1 rd.retry=15 rd.timeout=120 systemd.show_status=0"

// ends are the lines after which an init waits for a person: the boot has failed.
var ends = []string{"Dropping to debug shell", "Entering emergency mode", "Press Enter for maintenance", "ALERT!", "No root device specified", "Gave up waiting for", "Freezing execution", "the boot has stopped in stage"}

// tooOften is how often the same line in a row is the end: an init whose udevadm cannot start asks it again for ever, without a pause.
const tooOften = 2000

// quitter ends a machine whose boot has failed.
type quitter struct {
	machine chan *vm.Machine
	last    string
	times   int // how often last came in a row
}

// Write takes one line of the console.
func (q *quitter) Write(line []byte) (int, error) {
	if q.last != string(line) {
		q.last, q.times = string(line), 0
	}
	q.times++
	if q.times == tooOften || slices.ContainsFunc(ends, func(e string) bool { return strings.Contains(q.last, e) }) {
		m := <-q.machine
		m.Kill()
		q.machine <- m
	}
	return len(line), nil
}

// bootOut runs a machine until its boot has succeeded or failed.
func bootOut(s vm.Spec) (vm.Result, error) {
	q := &quitter{machine: make(chan *vm.Machine, 1)}
	m, err := vm.Start(s, q)
	if err != nil {
		return vm.Result{}, err
	}
	q.machine <- m
	return m.Wait(), nil
}

// limit is that of one boot in wall-clock time: some of those that fail go on for ever.
func (r *rig) limit() time.Duration {
	if r.virtual {
		return virtualLimit
	}
	return 4 * time.Minute
}

const virtualLimit = 10 * time.Minute

// result is how a boot with a broken image ended.
type result struct {
	breakage
	Booted  bool
	Seconds float64
	Why     string // the end of the console of a boot that failed
}

// rig makes what boots need, each thing once.
type rig struct {
	dir  string // build/breakages
	shop *vm.Workshop

	virtual bool // machines count instructions instead of seconds
}

// image is a good image, unpacked.
type image struct {
	good
	kernel vm.Kernel
	path   string
	all    []archive.Entry
	hash   string
}

// open makes the image unless it is there, and reads it.
func (r *rig) open(g good) (*image, error) {
	k, err := r.shop.Kernel(g.kernel)
	if err != nil {
		return nil, err
	}
	i := &image{good: g, kernel: k, path: filepath.Join(r.dir, "images", g.name+".img")}
	if _, err := os.Stat(i.path); err != nil {
		fmt.Println("making", i.path)
		part := i.path + ".part"
		if err := errors.Join(os.MkdirAll(filepath.Dir(i.path), 0o755), g.make(k, part)); err != nil {
			return nil, err
		}
		if err := os.Rename(part, i.path); err != nil {
			return nil, err
		}
	}
	data, err := os.ReadFile(i.path)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(append(data, k.Version...))
	i.hash = hex.EncodeToString(sum[:4])
	parsed, err := archive.Parse(data, archive.Limits{})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", i.path, err)
	}
	tree, err := parsed.Tree()
	if err != nil {
		return nil, err
	}
	i.all = tree.Entries()
	return i, nil
}

// spec is the machine that boots an image.
func (r *rig) spec(i *image, initrd, words string) (vm.Spec, error) {
	init, err := r.shop.Make("rootinit", func(path string) error { return vm.CompileC("test/bench/rootinit.c", path) })
	if err != nil {
		return vm.Spec{}, err
	}
	disk, err := r.shop.Make("root.img", vm.Root{Init: init, SizeMiB: 64}.Make)
	return vm.Spec{
		Kernel: i.kernel.Image(), Initrd: initrd, Cmdline: strings.TrimSpace(cmdline + " " + words), Limit: r.limit(), Icount: r.virtual,
		Disks: []vm.Disk{{Path: disk, Snapshot: true}},
	}, err
}

// openedFile is where the list of opened files of an image lies.
func (r *rig) openedFile(i *image) string {
	return filepath.Join(r.dir, "opened", i.name+"-"+i.hash)
}

// opened is what a boot of the image opens, learned once.
func (r *rig) opened(i *image) ([]string, error) {
	file := r.openedFile(i)
	if text, err := os.ReadFile(file); err == nil {
		return strings.Fields(string(text)), nil
	}
	learn, err := r.shop.Make("learn", func(path string) error { return vm.CompileC("test/breakages/watch/learn.c", path) })
	if err != nil {
		return nil, err
	}
	program, err := vm.ReadEntry("learn", learn)
	if err != nil {
		return nil, err
	}
	initrd := filepath.Join(r.shop.Dir, i.name+"-learn.img")
	defer os.Remove(initrd)
	plain, err := write(i.all, breakage{})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(initrd, append(plain, vm.Archive([]vm.Entry{program})...), 0o644); err != nil {
		return nil, err
	}
	s, err := r.spec(i, initrd, "rdinit=/learn")
	if err != nil {
		return nil, err
	}
	end, err := bootOut(s)
	if err != nil {
		return nil, err
	}
	if !end.Reached() {
		return nil, fmt.Errorf("%s: the boot that was to be watched failed:\n%s", i.name, end.Report())
	}
	var list []string
	for _, l := range end.Lines {
		if _, path, ok := strings.Cut(l, "OPENED /"); ok {
			list = append(list, strings.TrimSpace(path))
		}
	}
	slices.Sort(list)
	list = slices.Compact(list)
	list = slices.DeleteFunc(list, func(p string) bool {
		return !slices.ContainsFunc(i.all, func(e archive.Entry) bool { return e.Name == p })
	})
	fmt.Printf("%s: a boot opens %d of %d files\n", i.name, len(list), len(files(i.all)))
	return list, errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(strings.Join(list, "\n")+"\n"), 0o644))
}

// resultFile is where the result of a breakage lies.
func (r *rig) resultFile(i *image, b breakage) string {
	return filepath.Join(r.dir, "boots", i.name+"-"+i.hash, b.slug()+".json")
}

// known reads a result of an earlier run.
func (r *rig) known(i *image, b breakage) (result, bool) {
	var res result
	text, err := os.ReadFile(r.resultFile(i, b))
	if err != nil || json.Unmarshal(text, &res) != nil {
		return result{}, false
	}
	res.From = b.From
	return res, true
}

// boot boots a broken image, unless that was done before. The unbroken image is booted as it is.
func (r *rig) boot(i *image, b breakage) (result, error) {
	if res, ok := r.known(i, b); ok {
		return res, nil
	}
	data, err := write(i.all, b)
	if err != nil {
		return result{}, err
	}
	initrd := i.path
	if b.Path != "" {
		f, err := os.CreateTemp(r.shop.Dir, "broken-")
		if err != nil {
			return result{}, err
		}
		defer os.Remove(f.Name())
		if _, err := f.Write(data); err != nil {
			return result{}, err
		}
		f.Close()
		initrd = f.Name()
	}
	s, err := r.spec(i, initrd, "")
	if err != nil {
		return result{}, err
	}
	end, err := bootOut(s)
	if err != nil {
		return result{}, err
	}
	if end.Expired && !r.virtual { // a host without time for it, or a guest that goes on for ever: counted instructions tell which
		s.Icount, s.Limit = true, virtualLimit
		if end, err = bootOut(s); err != nil {
			return result{}, err
		}
	}
	res := result{breakage: b, Booted: end.Reached(), Seconds: end.Duration.Seconds()}
	if !res.Booted {
		lines := end.Lines[max(0, len(end.Lines)-40):]
		res.Why = strings.Join(lines, "\n")
		if end.Expired {
			res.Why += "\n(killed at its limit)"
		}
	}
	text, err := json.MarshalIndent(res, "", " ")
	file := r.resultFile(i, b)
	return res, errors.Join(err, os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, text, 0o644))
}
