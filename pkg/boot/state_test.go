package boot

import (
	"errors"
	"io"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/preroot/preroot/internal/klog"
	"github.com/preroot/preroot/pkg/hooks"
)

// ramRun is /run: what is written can be read again, unless it is full.
type ramRun struct {
	fstest.MapFS
	full bool
}

func (r ramRun) WriteFile(path string, data []byte) error {
	if r.full {
		return errors.New("no space left on device")
	}
	r.MapFS[path[1:]] = &fstest.MapFile{Data: data, Mode: 0o644}
	return nil
}
func (r ramRun) Symlink(_, _ string) error { return nil }
func (r ramRun) Remove(string) error       { return nil }

// engineOn is an engine on a machine of which only /run counts.
func engineOn(run ramRun, restarted bool) *Boot {
	log := klog.New(func() (io.WriteCloser, error) { return nil, fs.ErrNotExist }, false)
	return &Boot{m: Machine{Files: run, Scratch: run, Restarted: restarted, Log: log}}
}

// TestFirst: what one engine has begun is not the first time for the next.
func TestFirst(t *testing.T) {
	run := ramRun{MapFS: fstest.MapFS{}}
	one := engineOn(run, false)
	if !one.first("resume") || one.first("resume") || !one.first("fsck /dev/my disk\n") {
		t.Errorf("the first engine: %v", one.state.counts)
	}
	if n := one.count("passphrase"); n != 1 {
		t.Errorf("the first passphrase is number %d", n)
	}
	two := engineOn(run, true)
	if two.first("resume") || two.first("fsck /dev/my disk\n") || !two.first("countdown") {
		t.Errorf("the second engine: %v", two.state.counts)
	}
	if n := two.count("passphrase"); n != 2 {
		t.Errorf("the second passphrase is number %d", n)
	}
}

// TestFirstWithoutRun: where nothing can be written the first engine goes on, and the second is told no.
func TestFirstWithoutRun(t *testing.T) {
	run := ramRun{fstest.MapFS{}, true}
	if one := engineOn(run, false); !one.first("resume") || one.first("resume") {
		t.Error("the first engine does not count in its own memory")
	}
	if engineOn(run, true).first("resume") {
		t.Error("the second engine may do it again")
	}
}

// TestStateDamaged: a damaged line counts as done, and no content is a fault.
func TestStateDamaged(t *testing.T) {
	run := ramRun{MapFS: fstest.MapFS{stateFile[1:]: {Data: []byte("x resume\n\n-7 fsck\n3")}}}
	b := engineOn(run, true)
	if b.first("resume") || b.first("fsck") {
		t.Errorf("%v", b.state.counts)
	}
}

// TestAnewAfterRestart: root= at the prompt lets hooks that the first engine had run to their end run again, but not the one under which it ended.
func TestAnewAfterRestart(t *testing.T) {
	run := ramRun{MapFS: fstest.MapFS{}}
	one := newHooks(engineOn(run, false), hooks.Finder{})
	one.begin("/ended.sh")()
	one.begin("/guilty.sh")
	two := newHooks(engineOn(run, true), hooks.Finder{})
	two.used = true
	for _, again := range []bool{false, true} {
		if two.ran("cmdline", "/ended.sh") == again || !two.ran("cmdline", "/guilty.sh") {
			t.Errorf("again %v: %v", again, two.b.state.counts)
		}
		two.anew()
	}
}
