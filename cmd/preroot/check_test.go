package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/preroot/preroot/pkg/archive"
	"github.com/preroot/preroot/pkg/chain"
	"github.com/preroot/preroot/pkg/image"
)

// TestCheckStatus: each end of preroot check has its own status.
func TestCheckStatus(t *testing.T) {
	program := func(name, data string) archive.Entry {
		e := file(name, data)
		e.Perm = 0o755
		return e
	}
	own := elfHeader(2) + "github.com/preroot/preroot/cmd/init"
	good := makeImage(t, nil, []archive.Entry{program("init", own)})
	broken := makeImage(t, nil, []archive.Entry{file("init", own)})
	junk, lzma := filepath.Join(t.TempDir(), "junk"), filepath.Join(t.TempDir(), "lzma")
	if err := errors.Join(os.WriteFile(junk, []byte("junk"), 0o600), os.WriteFile(lzma, []byte("\x5d\x00\x00\x80\x00"), 0o600)); err != nil {
		t.Fatal(err)
	}
	foreign := makeImage(t, nil, []archive.Entry{program("init", elfHeader(2))})
	for _, c := range []struct {
		status int
		says   string
		args   []string
	}{
		{0, "this image will find root (init of preroot)", []string{"--target", "root=/dev/vda", good}},
		{1, "may not be executed: its mode is 0644", []string{"--target", "root=/dev/vda", broken}},
		{1, "the image has no modules", []string{"--target", "virtio-blk", good}},
		{3, "it cannot be told", []string{"--target", "root=/dev/vda", foreign}},
		{2, "usage: preroot check", nil},
		{2, `"floppy" is no bus`, []string{"--target", "floppy", good}},
		{1, "unknown bytes", []string{"--target", "root=/dev/vda", junk}},
		{3, "compressed with lzma", []string{"--target", "root=/dev/vda", lzma}},
		{3, "no such file", []string{"--target", "root=/dev/vda", "/nonexistent"}},
	} {
		out, errs := try(t, c.status, append([]string{"check"}, c.args...)...)
		if !strings.Contains(out+errs, c.says) {
			t.Errorf("%v: %q is not in %s%s", c.args, c.says, out, errs)
		}
	}
}

// TestBuildKeepsTheOldImage: what check refuses takes no image's place.
func TestBuildKeepsTheOldImage(t *testing.T) {
	var o bytes.Buffer
	image := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(image, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	modules := filepath.Join(root, "lib/modules/6.1.0-test")
	init := filepath.Join(root, "init")
	if err := os.MkdirAll(modules, 0o755); err != nil {
		t.Fatal(err)
	}
	// A program that is cut off: it has one segment, which is longer than the file. The builder looks at its header alone.
	cut := append([]byte(elfHeader(2)), make([]byte, 56)...)
	cut[32], cut[54], cut[56] = 64, 56, 1
	cut[64], cut[64+34] = 1, 1
	for name, data := range map[string]string{init: string(cut), modules + "/modules.order": "", modules + "/modules.builtin": "", modules + "/modules.builtin.modinfo": "ext4.alias=fs-ext4\x00"} {
		if err := os.WriteFile(name, []byte(data), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("depmod", "-b", root, "6.1.0-test").CombinedOutput(); err != nil {
		t.Fatalf("depmod (Debian package kmod): %v %s", err, out)
	}
	args := append([]string{"build"}, hermetic(t, "-f", "--generic", "--init", init, "--modules-dir", modules, image, "6.1.0-test")...)
	if status := run(args, &o, &o); status != 1 || !strings.Contains(o.String(), "--no-check writes it") {
		t.Errorf("status %d: %s", status, o.String())
	}
	if data, _ := os.ReadFile(image); string(data) != "old" {
		t.Error("the old image is gone")
	}
	if status := run(append(args[:len(args):len(args)], "--no-check"), &o, &o); status != 0 {
		t.Errorf("--no-check: status %d: %s", status, o.String())
	}
}

// tinyKernel is a folder of modules with one module, tiny, made by hand and depmod; ext4 and md_mod are built in.
func tinyKernel(t *testing.T) string {
	t.Helper()
	root := makeTree(t, map[string]string{
		"lib/modules/1.0/kernel/tiny.ko": elfHeader(1), "lib/modules/1.0/modules.order": "", "lib/modules/1.0/modules.builtin": "kernel/fs/ext4/ext4.ko\nkernel/drivers/md/md-mod.ko\n", "lib/modules/1.0/modules.builtin.modinfo": "ext4.alias=fs-ext4\x00",
	})
	if out, err := exec.Command("depmod", "-b", root, "1.0").CombinedOutput(); err != nil {
		t.Fatalf("depmod (Debian package kmod): %v %s", err, out)
	}
	return filepath.Join(root, "lib/modules/1.0")
}

// tinyInit is a static program that is whole, and taken for ours: a header and one segment.
func tinyInit(t *testing.T) string {
	t.Helper()
	program := append([]byte(elfHeader(2)), make([]byte, 56)...)
	program[32], program[54], program[56] = 64, 56, 1
	program[64], program[64+32] = 1, byte(len(program))
	program = append(program, "github.com/preroot/preroot/cmd/init"...)
	file := filepath.Join(t.TempDir(), "init")
	if err := os.WriteFile(file, program, 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

// onTiny is a chain: ext4 on a disk that needs the module tiny.
func onTiny() *chain.Chain {
	disk := &chain.Device{Name: "vda", Kind: chain.Disk, FSType: "ext4", UUID: "1-2", Hardware: []chain.Bus{{Path: "devices/tiny", Driver: "tiny", Module: "tiny"}}}
	return &chain.Chain{Goals: []*chain.Goal{{Name: "/", FSType: "ext4", On: []*chain.Device{disk}}}, Devices: []*chain.Device{disk}}
}

// TestBuildHeedsProblems: what no image of ours does by itself takes no good image's place, and is said; with a hook that may do it the image is written. preroot check has 1 and 3 for the same.
func TestBuildHeedsProblems(t *testing.T) {
	hooks := makeTree(t, map[string]string{"pre-mount/50-mine.sh": "true\n"})
	shell := tinyInit(t)
	for _, c := range []struct {
		what   string
		change func(c *chain.Chain)
		says   string
	}{
		{"a pool", func(c *chain.Chain) { c.Problems = []chain.Problem{{Text: "/ is on a pool", Weight: chain.Fatal}} }, "/ is on a pool"},
		{"an array", func(c *chain.Chain) {
			md := &chain.Device{Name: "md0", Kind: chain.MD, FSType: "ext4", UUID: "3-4", Below: c.Devices}
			c.Devices, c.Goals[0].On = append(c.Devices, md), []*chain.Device{md}
			c.Problems = []chain.Problem{{Text: "md0 is an array", Weight: chain.Fatal, Device: md}}
		}, "array of MD"},
	} {
		o := image.Options{HostOnly: true, Chain: onTiny(), Init: tinyInit(t), ModulesDir: tinyKernel(t), Output: filepath.Join(t.TempDir(), "image"), EarlyMicrocode: image.Off, Sysroot: t.TempDir(), Force: true}
		c.change(o.Chain)
		if err := os.WriteFile(o.Output, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		o.Judge = judgeBuilt(&o)
		if _, err := image.Build(t.Context(), o); err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "--hooks") {
			t.Errorf("%s: %v", c.what, err)
		}
		if old, _ := os.ReadFile(o.Output); string(old) != "old" {
			t.Errorf("%s: the old image is gone", c.what)
		}
		description := targetOf(o.Chain).String()
		o.Judge = nil
		if _, err := image.Build(t.Context(), o); err != nil {
			t.Errorf("%s, not judged: %v", c.what, err)
		}
		if out, _ := try(t, 1, "check", "--target", description, o.Output); !strings.Contains(out, c.says) {
			t.Errorf("%s: %s", c.what, out)
		}
		o.Judge = judgeBuilt(&o)
		o.Hooks, o.Shell = hooks, shell
		if _, err := image.Build(t.Context(), o); err != nil {
			t.Errorf("%s, and a hook: %v", c.what, err)
		}
		if out, _ := try(t, 3, "check", "--target", description, o.Output); !strings.Contains(out, c.says) {
			t.Errorf("%s, and a hook: %s", c.what, out)
		}
	}
}

// TestSignal: a build that is told to end says so, and leaves the old image as it is and nothing beside it. A module of dracut's kind tells it, in the middle of its work. What
// the caller has it ignore (nohup(1), a shell that starts it in the background) ends no build.
func TestSignal(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()) // where modules of dracut are staged
	for name, number := range map[string]syscall.Signal{"TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "HUP": syscall.SIGHUP} {
		status, says, kept := 1, "signal", true
		if signal.Ignored(number) {
			status, says, kept = 0, "", false
		}
		dracut := makeTree(t, map[string]string{"50told/module-setup.sh": fmt.Sprintf("check() { return 0; }\ninstall() { kill -%s %d; }\n", name, os.Getpid())})
		out := makeTree(t, map[string]string{"image": "old"})
		args := append([]string{"build"}, hermetic(t, "-f", "--drivers", "tiny", "--init", tinyInit(t), "--modules-dir", tinyKernel(t), "--modulesdir", dracut, "--modules", "told", "--no-check", out+"/image", "1.0")...)
		if _, said := try(t, status, args...); !strings.Contains(said, says) {
			t.Errorf("%s: %s", name, said)
		}
		if now, _ := os.ReadFile(out + "/image"); (string(now) == "old") != kept {
			t.Errorf("%s: the image is %q", name, now[:min(len(now), 100)])
		}
		if names, _ := os.ReadDir(out); len(names) != 1 {
			t.Errorf("%s: left behind: %v", name, names)
		}
		if staged, _ := filepath.Glob(os.TempDir() + "/preroot-modules-*"); len(staged) > 0 {
			t.Errorf("%s: left behind: %q", name, staged)
		}
	}
}

// TestJudgedByTheChainOfTheBuild: an image for one machine is judged by the chain that it was made for, and not by what is found when the machine is read anew without the options of the build.
func TestJudgedByTheChainOfTheBuild(t *testing.T) {
	o := image.Options{HostOnly: true, Chain: onTiny(), Init: tinyInit(t), ModulesDir: tinyKernel(t), Output: filepath.Join(t.TempDir(), "image"), EarlyMicrocode: image.Off, Sysroot: t.TempDir()}
	o.Judge = judgeBuilt(&o)
	if _, err := image.Build(t.Context(), o); err != nil {
		t.Errorf("an image that has all: %v", err)
	}
	o.OmitDrivers, o.Force = []string{"tiny"}, true
	if _, err := image.Build(t.Context(), o); err == nil || !strings.Contains(err.Error(), "tiny") {
		t.Errorf("without its driver: %v", err)
	}
}
