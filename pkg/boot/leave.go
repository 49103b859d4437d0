package boot

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/preroot/preroot/pkg/kmod"
	"github.com/preroot/preroot/pkg/mount"
	"github.com/preroot/preroot/pkg/switchroot"
)

// prove makes sure that the new init can be executed inside the new root, while nothing is given up yet.
func (b *Boot) prove() (err error) {
	defer func(end func(error)) { end(err) }(b.spans.Start("prove", "init"))
	root, err := b.m.OpenRoot(Sysroot)
	if err != nil {
		return err
	}
	defer root.Close()
	shell := b.config.Shell && b.config.Init == "/bin/sh"
	proof, err := switchroot.Prove(root, switchroot.Candidates(b.config.Init, shell), b.m.ELF)
	if err != nil {
		return fmt.Errorf("the file system on %s: %w", b.rootName(), err)
	}
	for _, refused := range proof.Refused {
		b.m.Log.Warnf("%v; trying the next", refused)
	}
	b.init = proof.Init
	b.makeMountPoints(root)
	b.loadTheRest(root)
	if isShell(b.init) {
		b.setKeymap()
	}
	return nil
}

// makeMountPoints makes the directories for the mounts that are carried over, where root can be written.
func (b *Boot) makeMountPoints(root Root) {
	for _, m := range mount.Carried {
		_ = root.Mkdir(m, 0o755)
	}
}

func exists(root Root, path string) bool {
	f, err := root.Open(path)
	if err == nil {
		f.Close()
	}
	return err == nil
}

// handOverTo asks PID 1 to do the last step.
func (b *Boot) handOverTo() error {
	drop, err := switchroot.Capabilities(b.read("etc/capsdrop"))
	if err != nil {
		return err
	}
	r := switchroot.Record{Root: Sysroot, Device: b.rootName(), Init: b.init, Mounts: mount.Carried, Discard: b.hooks.discard, Drop: drop}
	b.leaveInitrd(&r)
	b.m.Log.Notef("switching root to %s, init %s", b.rootName(), b.init)
	b.leaveRecord()
	b.m.Log.Flush(logPatience)
	b.restoreConsole()
	// The last look: what comes from here on finds the record taken.
	if err := b.judgeAgain(); err != nil {
		return err
	}
	b.leaveMappings()
	b.disarmPanic()
	if b.udevd != nil {
		_, _, given := b.params.Lookup("init=")
		r.Args, r.OwnArgs = InitArgs(b.read("proc/cmdline"), given), true
	}
	return b.m.Parent.HandOver(r)
}

// InitArgs are the arguments that dracut's own init gives to the real one, from the text of /proc/cmdline: with init= every word after it but console= and
// BOOT_IMAGE=, otherwise only those that a runlevel may be. The line is cut at the first text init=, rdinit= included, and at blanks alone, without regard to
// quotes; what stands there of an init= from a file of the image is the first word. Unlike dracut's, a word with * or ? stays what it is.
func InitArgs(cmdline string, initGiven bool) (args []string) {
	line, _, _ := strings.Cut(cmdline, "\n")
	if !initGiven {
		for _, w := range strings.FieldsFunc(line, isBlank) {
			if len(w) == 1 && (w[0] >= '0' && w[0] <= '9' || w == "s" || w == "S") || w == "single" || w == "emergency" || w == "auto" {
				args = append(args, w)
			}
		}
		return args
	}
	if _, after, found := strings.Cut(line, "init="); found {
		line = after
	}
	for i, w := range strings.FieldsFunc(line, isBlank) {
		name, _, _ := strings.Cut(w, "=")
		if i > 0 && name != "console" && name != "BOOT_IMAGE" {
			args = append(args, w)
		}
	}
	return args
}

// isBlank says where a shell cuts words (IFS).
func isBlank(r rune) bool { return r == ' ' || r == '\t' || r == '\n' }

// quietConsole keeps what the kernel and drivers say off a console that nobody reads: every message of a driver
// would wait for it too. It is all in the log, and the level is put back before the hand-over.
func (b *Boot) quietConsole() {
	levels, _ := fs.ReadFile(b.m.Files, "proc/sys/kernel/printk")
	level, err := strconv.Atoi(firstField(string(levels)))
	if err != nil || b.m.PrintLevel == nil || b.m.PrintLevel(1) != nil {
		return
	}
	b.printLevel.Store(int32(level))
	b.m.Log.Warnf("a console takes more than a second for a line: messages go to the log only, until root is reached")
}

func (b *Boot) restoreConsole() {
	if level := b.printLevel.Swap(0); level != 0 {
		_ = b.m.PrintLevel(int(level))
	}
}

func firstField(s string) string {
	if f := strings.Fields(s); len(f) > 0 {
		return f[0]
	}
	return ""
}

// logPatience is how long a slow console may hold up the boot.
const logPatience = 500 * time.Millisecond

// Directory is where preroot leaves what the real system may want to know.
const Directory = "/run/initramfs/preroot"

// leaveRecord leaves the timeline, what was missing, and which image this was, for the real system.
func (b *Boot) leaveRecord() {
	if err := b.m.Scratch.WriteFile(Directory+"/timeline", []byte(b.spans.Text())); err != nil {
		b.m.Log.Warnf("the timeline is not kept: %v", err)
	}
	if text := missingText(b.missing()); text != "" {
		_ = b.m.Scratch.WriteFile(Directory+"/missing-modules", []byte(text))
	}
	if text, err := fs.ReadFile(b.m.Files, "usr/lib/initrd-release"); err == nil {
		_ = b.m.Scratch.WriteFile(Directory+"/initrd-release", text)
	}
}

func (b *Boot) missing() []kmod.Want {
	if b.loader == nil {
		return nil
	}
	return b.loader.Missing()
}

func missingText(wants []kmod.Want) string {
	var t strings.Builder
	for _, w := range wants {
		t.WriteString(w.Module + " " + w.For + "\n")
	}
	return t.String()
}
