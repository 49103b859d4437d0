package hooks

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/preroot/preroot/internal/linux"
)

// realSystem is this machine.
func realSystem() System {
	return System{
		Files:   linux.Files{},
		Proc:    os.DirFS("/proc"),
		Channel: func(path string) (Channel, error) { return linux.MakeFIFO(path) },
		Start: func(c Command) (Process, error) {
			if !c.Private {
				return linux.StartBackground(c.Argv, c.Env, c.Dir, c.Input, c.Output)
			}
			var p Process
			var err error
			linux.OffMainThread(func(f func()) { go f() }, func() { p, err = linux.StartPrivate(c.Argv, c.Env, c.Dir, c.Input, c.Output) })
			return p, err
		},
		Signal: linux.Signal, Urgent: linux.Urgent,
	}
}

// shells are the three that images have as /bin/sh.
var shells = []string{"dash", "bash", "busybox"}

// shellPath gives a shell the name sh: bash is then in POSIX mode, as in an image.
func shellPath(t testing.TB, name string) string {
	t.Helper()
	program, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s (Debian: dash, bash, busybox-static): %v", name, err)
	}
	link := filepath.Join(t.TempDir(), "sh")
	if err := os.Symlink(program, link); err != nil {
		t.Fatal(err)
	}
	return link
}

// eachShell runs a test under every shell.
func eachShell(t *testing.T, f func(t *testing.T, sh string)) {
	for _, name := range shells {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, shellPath(t, name))
		})
	}
}

// rig is a hook shell in a directory of its own.
type rig struct {
	*Shell
	t   testing.TB
	dir string // scratch of hooks; the shell's own files lie in dir/shell
	mu  sync.Mutex
	out strings.Builder
}

const library = `lib_hello() { hello="lib $1"; return 4; }
`

func newRig(t testing.TB, sh string, change func(*Config)) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir()}
	if err := os.Mkdir(filepath.Join(r.dir, "shell"), 0o755); err != nil {
		t.Fatal(err)
	}
	c := Config{
		System: realSystem(), Shell: sh, Dir: filepath.Join(r.dir, "shell"), Library: []string{r.write("lib.sh", library), "/no/such/lib.sh"},
		Report: []string{"root", "rootok", "rflags", "hello", "NEWROOT", "PATH", "RD_DEBUG"},
		Env:    []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "T=" + r.dir}, Input: "/dev/null",
		Output: func(text []byte) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.out.Write(text)
		},
	}
	if change != nil {
		change(&c)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	r.Shell = s
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return r
}

// write makes a file in the rig's directory.
func (r *rig) write(name, text string) string {
	path := filepath.Join(r.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
	return path
}

// hook runs text as a hook.
func (r *rig) hook(text string, args ...string) Result {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	result, err := r.Run(ctx, Hook{Path: r.write("hook.sh", text), Args: args})
	if err != nil {
		r.t.Fatalf("%v", err)
	}
	return result
}

func (r *rig) printed() string {
	r.tap.drain()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out.String()
}
