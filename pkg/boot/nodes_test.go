package boot

import (
	"fmt"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/preroot/preroot/pkg/uevent"
)

// plainDev is a machine whose /dev is a directory.
type plainDev struct{ mounted bool }

func (plainDev) Mkdir(string, uint32) error      { return nil }
func (d plainDev) IsMountPoint(path string) bool { return d.mounted && path == "/dev" }

// TestNodes: without devtmpfs every device that is announced gets its node, and no name leads out of /dev.
func TestNodes(t *testing.T) {
	for _, mounted := range []bool{false, true} {
		b := engineOn(ramRun{MapFS: fstest.MapFS{}}, false)
		b.m.Directories = plainDev{mounted}
		var made []string
		b.m.MakeNode = func(path string, block bool, major, minor uint32) error {
			made = append(made, fmt.Sprintf("%s %v %d:%d", path, block, major, minor))
			return nil
		}
		b.startNodes()
		static := len(made)
		for _, text := range []string{
			"add@/devices/a\x00ACTION=add\x00DEVPATH=/devices/a\x00SUBSYSTEM=block\x00MAJOR=254\x00MINOR=16\x00DEVNAME=vdb\x00SEQNUM=1\x00",
			"add@/devices/b\x00ACTION=add\x00DEVPATH=/devices/b\x00SUBSYSTEM=input\x00MAJOR=13\x00MINOR=64\x00DEVNAME=input/event0\x00SEQNUM=2\x00",
			"add@/devices/c\x00ACTION=add\x00DEVPATH=/devices/c\x00SUBSYSTEM=block\x00MAJOR=1\x00MINOR=1\x00DEVNAME=../etc/x\x00SEQNUM=3\x00",
			"add@/devices/d\x00ACTION=add\x00DEVPATH=/devices/d\x00SUBSYSTEM=pci\x00SEQNUM=4\x00",
			"remove@/devices/a\x00ACTION=remove\x00DEVPATH=/devices/a\x00SUBSYSTEM=block\x00MAJOR=254\x00MINOR=16\x00DEVNAME=vdb\x00SEQNUM=5\x00",
		} {
			ev, err := uevent.Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			b.makeNode(ev)
		}
		want := []string{"/dev/vdb true 254:16", "/dev/input/event0 false 13:64"}
		switch {
		case mounted && len(made) != 0:
			t.Errorf("with devtmpfs: %q", made)
		case !mounted && (static < 5 || !slices.Equal(made[static:], want)):
			t.Errorf("%q", made)
		}
	}
}

// TestStaticNodes: depmod's list is data; what is no node in /dev is passed over.
func TestStaticNodes(t *testing.T) {
	b := engineOn(ramRun{MapFS: fstest.MapFS{
		"proc/sys/kernel/osrelease":       {Data: []byte("6.1\n")},
		"lib/modules/6.1/modules.dep.bin": {},
		"lib/modules/6.1/modules.devname": {Data: []byte("# Device nodes\nloop loop-control c10:237\ntun net/tun c10:200\nx ../etc/x c1:1\ny y c1\nz z :\nw w b7:99999999\nb blk b7:0\n")},
	}}, false)
	var made []string
	b.m.MakeNode = func(path string, block bool, major, minor uint32) error {
		made = append(made, fmt.Sprintf("%s %v %d:%d", path, block, major, minor))
		return nil
	}
	b.staticNodes()
	if want := []string{"/dev/loop-control false 10:237", "/dev/net/tun false 10:200", "/dev/blk true 7:0"}; !slices.Equal(made, want) {
		t.Errorf("%q, want %q", made, want)
	}
}
