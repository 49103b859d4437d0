package boot

import (
	"testing"
	"testing/fstest"
	"time"

	"github.com/preroot/preroot/pkg/config"
	"github.com/preroot/preroot/pkg/hooks"
	"github.com/preroot/preroot/pkg/initqueue"
)

// TestQueueRule: hooks of finished that say yes stay in images of dracut 059 alone.
func TestQueueRule(t *testing.T) {
	for text, want := range map[string]initqueue.Rule{
		"NAME=x\nDRACUT_VERSION=059-4\n":         initqueue.KeepTrue,
		"DRACUT_VERSION=\"057+suse\"\n":          initqueue.KeepTrue,
		"DRACUT_VERSION=060-1\n":                 initqueue.DeleteTrue,
		"DRACUT_VERSION=112-7\n":                 initqueue.DeleteTrue,
		"DRACUT_VERSION=\n":                      initqueue.DeleteTrue,
		"VERSION=\"12 (bookworm) dracut-059\"\n": initqueue.DeleteTrue,
		"":                                       initqueue.DeleteTrue,
	} {
		b := &Boot{m: Machine{Files: fstest.MapFS{"usr/lib/initrd-release": {Data: []byte(text)}}}}
		if got := b.queueRule(); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// TestRetries: a wait for ever is no wait of no seconds.
func TestRetries(t *testing.T) {
	for wait, want := range map[time.Duration]int{180 * time.Second: 360, time.Second: 2, 0: 1 << 30, config.RootNoWait: 0} {
		b := &Boot{config: config.Config{RootWait: wait}}
		if got := b.retries(); got != want {
			t.Errorf("%v: %d, want %d", wait, got, want)
		}
	}
}

// TestWaitingHooks names devices as their hooks are named by wait_for_dev.
func TestWaitingHooks(t *testing.T) {
	files := fstest.MapFS{
		`var/lib/dracut/hooks/initqueue/finished/devexists-\x2fdev\x2fvg\x2froot.sh`: {},
		"var/lib/dracut/hooks/initqueue/finished/nfsroot.sh":                         {},
	}
	b := &Boot{m: Machine{Files: files, Hooks: &hooks.System{}}}
	b.hooks = newHooks(b, hooks.Find(files))
	if got, want := b.waitingHooks(), "/dev/vg/root, nfsroot"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
