package boot

import (
	"testing"
	"testing/fstest"

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
