package linuxtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/pkg/hooks"
)

// shellScripts are hooks that follow one another; DIR is a directory for them.
var shellScripts = []string{
	"a=1; export b='x y'; c=\"$a $b\"",
	"d=$c$a; e=${b}; f='$a'; g=\"it's\"; h='a\nb'",
	"return 3",
	"a=2; return 4; a=3",
	"false",
	"false && a=4; true && a=5 || a=6; false || a=7",
	"[ -e DIR/no ]",
	"touch DIR/yes; [ -e DIR/yes ] && a=8; rm -f DIR/yes; [ -e DIR/yes ] || b=gone",
	"[ \"$a\" = 8 ] && c=same; [ $a = 9 ]",
	"unset c; : # a comment; a=9",
	"no_such_command_of_anybody; a=$a$a",
	"a=last; exit 5; a=wrong",
	"d=$a$b # after a new shell",
	"a=lost; kill -9 $$",
	"d=\"$a $b\"",
	". DIR/nothing.sh; a=wrong",
	"e=after",
}

// TestShell compares the shell of cases with real ones: what a hook ends with, and the variables after it.
func TestShell(t *testing.T) {
	for _, name := range []string{"dash", "bash", "busybox"} {
		t.Run(name, func(t *testing.T) {
			program, err := exec.LookPath(name)
			if err != nil {
				t.Fatalf("%s (Debian: dash, bash, busybox-static): %v", name, err)
			}
			dir := t.TempDir()
			sh := filepath.Join(dir, "sh")
			if err := os.Symlink(program, sh); err != nil {
				t.Fatal(err)
			}
			var want, got []string
			want = runScripts(t, realSystem(), sh, dir, func(path, text string) {
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			})
			synctest.Test(t, func(t *testing.T) {
				c := ParseCase("")
				m, err := New(&c)
				if err != nil {
					t.Fatal(err)
				}
				got = runScripts(t, *m.hookSystem(), sh, dir, m.files.write)
				m.endProcesses()
				close(m.off)
				m.log.Errf("off")
			})
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("%s\n got %s\nwant %s", shellScripts[i], got[i], want[i])
				}
			}
		})
	}
}

// runScripts gives the outcome of each hook as text.
func runScripts(t *testing.T, system hooks.System, sh, dir string, write func(path, text string)) (list []string) {
	t.Helper()
	shell, err := hooks.New(hooks.Config{
		System: system, Shell: sh, Dir: dir, Report: []string{"a", "b", "c", "d", "e", "f", "g", "h"}, Input: "/dev/null", Env: []string{"PATH=/usr/bin:/bin"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer shell.Close(context.Background())
	for _, text := range shellScripts {
		path := filepath.Join(dir, "hook.sh")
		write(path, replaceDir(text, dir))
		r, err := shell.Run(context.Background(), hooks.Hook{Path: path})
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		status := fmt.Sprint(r.Status)
		if r.End == hooks.Exited && r.Status != 5 {
			status = "that of the shell's own error"
		}
		list = append(list, fmt.Sprintf("end %d status %s vars %v", r.End, status, r.Vars))
	}
	return list
}

func replaceDir(text, dir string) string { return strings.ReplaceAll(text, "DIR", dir) }

// realSystem is this machine.
func realSystem() hooks.System {
	return hooks.System{
		Files: linux.Files{}, Proc: os.DirFS("/proc"), Signal: linux.Signal, Urgent: linux.Urgent,
		Channel: func(path string) (hooks.Channel, error) { return linux.MakeFIFO(path) },
		Start: func(c hooks.Command) (hooks.Process, error) {
			return linux.StartBackground(c.Argv, c.Env, c.Dir, c.Input, c.Output)
		},
	}
}
