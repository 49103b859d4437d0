package qemu

import (
	"testing"

	"github.com/preroot/preroot/internal/vm"
)

// withShell is the usual machine with a program in the place of /bin/sh.
func withShell(t *testing.T, words string) vm.Spec {
	t.Helper()
	shell, err := vm.ReadEntry("bin/sh", program(t, "shell.c"))
	if err != nil {
		t.Fatal(err)
	}
	return plain(t, image{extra: []vm.Entry{shell}}, serial+" "+words)
}

// rightShell is what a shell must be given: a terminal that is its controlling one, in a session of its own.
const rightShell = "SHELL interactive=1 terminal=1 session=1 foreground=1 PATH=/usr/sbin:/usr/bin:/sbin:/bin"

// TestBreak stops before a stage and goes on when the shell is left.
func TestBreak(t *testing.T) {
	for _, word := range []string{"rd.break", "rd.break=mount"} {
		t.Run(word, func(t *testing.T) {
			t.Parallel()
			r := bootTyping(t, withShell(t, word), "press a key for a prompt", "\r")
			mustSay(t, r, "preroot: end: HELD: prompt on ttyS0: "+word+" stops", "preroot: prompt: /bin/sh", rightShell)
			if !r.Reached() {
				fail(t, r, "root was not reached after the shell was left")
			}
		})
	}
}

// TestShellAfterFailure gives a shell when root does not come, and the emergency action when it is left.
func TestShellAfterFailure(t *testing.T) {
	t.Parallel()
	s := withShell(t, "rd.retry=1 rd.emergency=poweroff")
	s.Cmdline += " root=LABEL=nothing"
	r := bootTyping(t, s, "press a key for a prompt", "\r")
	mustSay(t, r, "preroot: end: HELD: prompt on ttyS0 (poweroff in ", rightShell, "preroot: end: POWERED OFF: ")
}

// TestShellForbidden gives none with rd.shell=0.
func TestShellForbidden(t *testing.T) {
	t.Parallel()
	s := withShell(t, "rd.retry=1 rd.shell=0")
	s.Cmdline += " root=LABEL=nothing"
	r := boot(t, s)
	mustSay(t, r, "preroot: end: REBOOTED")
	if r.Says("SHELL ") || r.Says("preroot: prompt") {
		fail(t, r, "a shell was given away")
	}
}

// TestNoShellImage: an image built with --no-shell gives none, whatever the command line asks for.
func TestNoShellImage(t *testing.T) {
	t.Parallel()
	k := kernel(t, "6.1-cloud")
	initrd := makeOnce(t, "image-no-shell", func(path string) error {
		return vm.Build{Builder: *builtBuilder, Init: *builtInit, Drivers: known, Args: []string{"--no-shell"}}.Make(k, path)
	})
	s := machine(t, k, initrd, serial+" rd.retry=1 rd.shell rd.break=mount rd.hostonly=0 root=LABEL=nothing")
	r := boot(t, s)
	mustSay(t, r, "preroot: end: REBOOTED")
	if r.Says("prompt") {
		fail(t, r, "a prompt was given away")
	}
}
