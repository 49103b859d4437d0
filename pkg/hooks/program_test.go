package hooks

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// programRig runs programs whose text is given.
func programRig(t *testing.T) (p *Programs, run func(text string) (Result, []string, error), dir string) {
	t.Helper()
	dir = t.TempDir()
	var printed []string
	p = &Programs{System: realSystem(), Dir: dir, EnvDir: filepath.Join(dir, "env"), Line: func(line string) { printed = append(printed, line) }}
	run = func(text string) (Result, []string, error) {
		t.Helper()
		printed = nil
		path := filepath.Join(dir, "10-program")
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		result, err := p.Run(ctx, path, "arg one")
		return result, printed, err
	}
	return p, run, dir
}

func TestProgram(t *testing.T) {
	p, run, dir := programRig(t)
	if err := p.Values(map[string]string{"root": "block:/dev/x\ny", "rflags": "ro", "LD_PRELOAD": "/evil.so", "PATH": "/evil"}); err != nil {
		t.Fatal(err)
	}
	got, printed, err := run("#!/bin/sh\necho \"$1|$PATH|$LD_PRELOAD|$root\"; cat; printf 'no newline'; exit 3")
	want := []string{"arg one|/usr/sbin:/usr/bin:/sbin:/bin||block:/dev/x", "y", "no newline"}
	if err != nil || got.End != Returned || got.Status != 3 || !slices.Equal(printed, want) {
		t.Errorf("%+v %q %v", got, printed, err)
	}
	if err := p.Values(map[string]string{"root": "'$(x)'"}); err != nil {
		t.Fatal(err)
	}
	entries, _ := os.ReadDir(p.EnvDir)
	text, _ := os.ReadFile(filepath.Join(p.EnvDir, "root"))
	if len(entries) != 1 || string(text) != "'$(x)'" {
		t.Errorf("%v %q", entries, text)
	}
	if err := p.Values(map[string]string{"root": strings.Repeat("x", maxWord), "rflags": strings.Repeat("y", maxWord-8)}); err != nil {
		t.Fatal(err)
	}
	got, printed, err = run("#!/bin/sh\necho \"${root-none}|${#rflags}\"")
	if err != nil || got.Status != 0 || !slices.Equal(printed, []string{fmt.Sprintf("none|%d", maxWord-8)}) {
		t.Errorf("values that are too long: %+v %q %v", got, printed, err)
	}
	if err := p.Values(map[string]string{"../x": ""}); err == nil {
		t.Error("a name that is a path was taken")
	}
	if _, err := os.Stat(filepath.Join(dir, "program")); err == nil {
		t.Error("the FIFO is left behind")
	}
}

// TestBadPrograms: faults K01 to K16 as far as programs can have them.
func TestBadPrograms(t *testing.T) {
	_, run, dir := programRig(t)
	for _, c := range []struct {
		fault, text string
		end         End
		status      int
		fails       bool
	}{
		{"K02 exit", "#!/bin/sh\nexit 255", Returned, 255, false},
		{"K05 exec", "#!/bin/sh\nexec true", Returned, 0, false},
		{"kill", "#!/bin/sh\nkill -9 $$", Gone, -9, false},
		{"K09 writes to /", "#!/bin/sh\ntouch /preroot-test-of-a-read-only-root || exit 6", Returned, 6, false},
		{"K11 mount", "#!/bin/sh\nmount -t tmpfs none " + dir + " && touch " + dir + "/inside; umount -l /proc; cd /; umask 0", Returned, 0, false},
		{"K13 output", "#!/bin/sh\ndd if=/dev/zero bs=1000000 count=3 2>/dev/null", Returned, 0, false},
		{"K15 interpreter", "#!/no/such/interpreter\n", 0, 0, true},
		{"K15 machine", "\x7fELF wrong", 0, 0, true},
		{"K15 empty", "", 0, 0, true},
	} {
		got, _, err := run(c.text)
		if (err != nil) != c.fails || got.End != c.end || got.Status != c.status {
			t.Errorf("%s: %+v %v", c.fault, got, err)
		}
		if c.fault == "K13 output" && got.Lost < 1_000_000 {
			t.Errorf("%s: %d bytes lost", c.fault, got.Lost)
		}
		if _, err := os.Stat(filepath.Join(dir, "inside")); err == nil {
			t.Errorf("%s: a mount of a program is seen outside", c.fault)
		}
		if _, err := os.Stat("/proc/self"); err != nil {
			t.Fatalf("%s: /proc is gone", c.fault)
		}
	}
}

// TestProgramsAreContained: time has a limit, and children do not outlive their program.
func TestProgramsAreContained(t *testing.T) {
	p, run, _ := programRig(t)
	dir, err := os.MkdirTemp("/dev/shm", "preroot-hooks-") // the root directory is read-only for programs
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	got, _, err := run("#!/bin/sh\nsleep 600 & echo $! > " + dir + "/child\nbash -c 'exec -a @lives sleep 600' & echo $! > " + dir + "/spared\nwhile ! grep -q ^@lives /proc/$!/cmdline; do :; done")
	if err != nil || got.End != Returned {
		t.Fatalf("%+v %v", got, err)
	}
	lives := func(name string) bool {
		text, _ := os.ReadFile(filepath.Join(dir, name))
		st, ok := procs{os.DirFS("/proc")}.stat(strings.TrimSpace(string(text)))
		return ok && st.state != "Z"
	}
	for end := time.Now().Add(5 * time.Second); lives("child") && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	if lives("child") || !lives("spared") {
		t.Errorf("child %v, spared %v", lives("child"), lives("spared"))
	}
	text, _ := os.ReadFile(filepath.Join(dir, "spared"))
	if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
		_ = realSystem().Signal(pid, 9)
	}
	p.Limit = 200 * time.Millisecond
	for name, text := range map[string]string{"sleeps": "#!/bin/sh\nexec sleep 600", "ignores": "#!/bin/sh\ntrap '' TERM\nwhile :; do :; done"} {
		began := time.Now()
		if got, _, err := run(text); err != nil || got.End != Stopped || time.Since(began) > 5*time.Second {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
}
