package main

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/vm"
	"github.com/preroot/preroot/test/trials"
)

// waits says that minutes pass until a hook is given up: such a machine runs in virtual time, which is slower but leaps over them.
func (b badHook) waits() bool {
	return strings.Contains(b.text, "sleep 100000") && !b.engine || slices.Contains(b.says, idle)
}

// memory is that of the machine, in MiB: little, so that what a hook fills is full soon, but where a hook starts processes without end.
func (b badHook) memory() int {
	if strings.HasPrefix(b.name, "K08") {
		return 1024
	}
	return 384
}

// cell is one boot: a bad hook in some stages, under one shell. In a failing one root is not there.
type cell struct {
	bad     badHook
	shell   string
	stages  []string
	failing bool
}

func (c cell) name() string {
	stage := "every stage"
	switch {
	case len(c.stages) == 1:
		stage = c.stages[0]
	case c.failing:
		stage = "every stage of a failing boot"
	}
	return strings.ReplaceAll(c.bad.name+", "+stage+", "+c.shell, "/", "|")
}

var shells = []string{"dash", "busybox"}

// allCells is every boot, a good one and a failing one for each hook: of those that do not leave the others alone, one for each stage.
func allCells(only []string) (list []cell) {
	for _, bad := range badHooks {
		for _, shell := range shells {
			if bad.stages != nil {
				list = append(list, bad.cells(shell, bad.stages, false, only)...)
				continue
			}
			list = append(list, bad.cells(shell, stages, false, only)...)
			if !bad.engine {
				list = append(list, bad.cells(shell, failingStages, true, only)...)
			}
		}
	}
	return list
}

func (b badHook) cells(shell string, places []string, failing bool, only []string) (list []cell) {
	if !b.once {
		return []cell{{b, shell, places, failing}}
	}
	for _, stage := range places {
		if slices.Contains(only, stage) {
			list = append(list, cell{b, shell, []string{stage}, failing})
		}
	}
	return list
}

// goodStages are those with a good hook.
func (c cell) goodStages() []string {
	if c.failing {
		return failingStages
	}
	return stages
}

// root is the UUID on the command line.
func (c cell) root() string {
	if c.failing {
		return "00000000-0000-0000-0000-000000000000"
	}
	return vm.RootUUID
}

// file is the name of the bad hook.
func (b badHook) file() string {
	if b.program {
		return "50-bad"
	}
	return "50-bad.sh"
}

// hooks are the files of a cell below the directory of hooks: the first sets a variable, and behind each bad hook a good one says that it is still there.
func (c cell) hooks() map[string]string {
	files := map[string]string{"cmdline/00-first.sh": "kept='a b'\n"}
	for _, stage := range c.goodStages() {
		once := ""
		if strings.HasPrefix(stage, "initqueue") {
			once = "rm -f \"$job\"\n"
		}
		if slices.Contains(c.stages, stage) {
			files[stage+"/"+c.bad.file()] = c.bad.text
		}
		files[stage+"/60-good.sh"] = fmt.Sprintf("echo \"good %s <$kept>\"\n%s", stage, once)
	}
	return files
}

// ends is how the boot must end, in the words of the last line, and what it says of that.
func (c cell) ends() (word string, says []string) {
	switch {
	case c.failing:
		return "REBOOTED", nil
	case !c.bad.engine:
		return "BOOTED", nil
	}
	switch c.stages[0] {
	case "mount":
		return "REBOOTED", []string{"the engine ended after hooks had begun to mount root"}
	case "pre-pivot", "cleanup":
		return "REBOOTED", []string{"the engine ended (signal killed) after root was mounted"}
	case "initqueue", "initqueue/settled":
		return "BOOTED", []string{"50-bad.sh was under way when the engine ended"}
	}
	return "BOOTED", []string{"50-bad.sh (stage " + c.stages[0] + ") was under way when the engine ended"}
}

// house has what all machines are made of.
type house struct {
	dir, root string
	kernel    vm.Kernel
	dash      []vm.Entry
	limit     time.Duration
}

func newHouse(dir string, limit time.Duration) (*house, error) {
	k, err := vm.GetKernel("6.1-cloud", os.Stderr)
	if err != nil {
		return nil, err
	}
	h := &house{dir: dir, root: filepath.Join(dir, "root.img"), kernel: k, limit: limit}
	init := filepath.Join(dir, "rootinit")
	if err := vm.CompileC("test/bench/rootinit.c", init); err != nil {
		return nil, err
	}
	if err := (vm.Root{Init: init}).Make(h.root); err != nil {
		return nil, err
	}
	h.dash, err = dynamic("bin/sh", "/bin/dash", "/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2")
	return h, err
}

// dynamic is a program with its libraries.
func dynamic(name, program string, libraries ...string) (list []vm.Entry, err error) {
	for _, file := range append([]string{program}, libraries...) {
		to := strings.TrimPrefix(file, "/")
		if file == program {
			to = name
		}
		real, err := filepath.EvalSymlinks(file)
		if err != nil {
			return nil, fmt.Errorf("%s (Debian: dash, libc6): %w", file, err)
		}
		e, err := vm.ReadEntry(to, real)
		if err != nil {
			return nil, err
		}
		for dir := filepath.Dir(to); dir != "." && dir != "bin"; dir = filepath.Dir(dir) {
			list = append([]vm.Entry{{Name: dir, Mode: fs.ModeDir | 0o755}}, list...)
		}
		list = append(list, e)
	}
	return list, nil
}

// image builds the image of a cell, by the builder as anybody would.
func (h *house) image(c cell) (string, error) {
	dir, err := os.MkdirTemp(h.dir, "cell-")
	if err != nil {
		return "", err
	}
	for name, text := range c.hooks() {
		path := filepath.Join(dir, "hooks", name)
		mode := fs.FileMode(0o644)
		if !strings.HasSuffix(name, ".sh") {
			mode = 0o755
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			return "", err
		}
	}
	image := filepath.Join(dir, "initramfs.img")
	b := vm.Build{Builder: "build/preroot", Init: "build/init", Drivers: "virtio_pci virtio_blk ext4", Args: []string{"--hooks", filepath.Join(dir, "hooks")}}
	if err := b.Make(h.kernel, image); err != nil || c.shell != "dash" {
		return image, err
	}
	with := filepath.Join(dir, "dash.img")
	return with, vm.Extend(image, with, h.dash)
}

// do boots a cell and judges it.
func (h *house) do(c cell) func(int, *rand.Rand) trials.Result {
	return func(int, *rand.Rand) trials.Result {
		image, err := h.image(c)
		defer os.RemoveAll(filepath.Dir(image))
		if err != nil {
			return trials.Result{End: "no image", Bad: err.Error()}
		}
		r, err := vm.Run(vm.Spec{
			Kernel: h.kernel.Image(), Initrd: image, Icount: c.bad.waits(), Limit: h.limit, EngineCrash: c.bad.engine, MemoryMiB: c.bad.memory(),
			Cmdline: "root=UUID=" + c.root() + " rw console=ttyS0 printk.devkmsg=on rd.retry=20 rd.preroot.unattended=1",
			Disks:   []vm.Disk{{Path: h.root, Serial: "root0", Snapshot: true}},
		}, nil)
		if err == nil {
			err = r.Err()
		}
		return c.judge(r, err)
	}
}

// judge compares what was said with what must be.
func (c cell) judge(r vm.Result, err error) trials.Result {
	out := trials.Result{End: end(r), Log: r.Lines}
	word, says := c.ends()
	var bad []string
	if err != nil {
		bad = append(bad, err.Error())
	}
	if out.End != word {
		bad = append(bad, "must end as "+word)
	}
	for _, stage := range c.stages {
		for _, text := range c.bad.says {
			named := stage
			if strings.HasPrefix(stage, "initqueue") {
				named = "initqueue"
			}
			says = append(says, strings.NewReplacer("STAGE", named, "FILE", "/"+stage+"/"+c.bad.file()).Replace(text))
		}
	}
	if word == "BOOTED" || c.failing {
		for _, stage := range c.goodStages() {
			says = append(says, "good "+stage+" <a b>")
		}
	}
	for _, text := range says {
		if !r.Says(text) {
			bad = append(bad, fmt.Sprintf("does not say %q", text))
		}
	}
	out.Bad = strings.Join(bad, "; ")
	return out
}

// end is the word for how a machine ended.
func end(r vm.Result) string {
	if r.Reached() {
		return "BOOTED"
	}
	for _, word := range []string{"REBOOTED", "POWERED OFF", "HELD"} {
		if r.Says("preroot: end: " + word) {
			return word
		}
	}
	return "nothing"
}
