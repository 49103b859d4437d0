package qemu

import (
	"testing"

	"github.com/preroot/preroot/internal/vm"
)

// TestLUKSKeyArrives: the stick with the key file is plugged in while the passphrase is asked for; nobody has to type (fault L06).
func TestLUKSKeyArrives(t *testing.T) {
	t.Parallel()
	s := lockedMachine(t, named+" rd.luks.options=keyfile-timeout=1 rd.luks.key="+lockedUUID+"=/keys/root.key:LABEL=STICK", nil, "pbkdf2")
	s.Disks = append(s.Disks, vm.Disk{Path: stick(t, passphrase), Serial: "stick", Snapshot: true, Late: true})
	m := start(t, s)
	await(t, m, "Passphrase for")
	if err := m.Plug(1); err != nil {
		t.Fatal(err)
	}
	if r := m.Wait(); !r.Reached() {
		fail(t, r, "root was not reached")
	} else {
		mustSay(t, r, "there is another key file", " is open: /dev/mapper/luks-"+lockedUUID)
	}
}

// TestLUKSLater: a passphrase opens a volume that is plugged in after it was typed, without another question. The first volume, which was opened for keys only, is closed before the hand-over, and the
// passphrase is nowhere any more.
func TestLUKSLater(t *testing.T) {
	t.Parallel()
	s := lockedMachine(t, "rd.luks.uuid=keysource:"+secondUUID+" "+named+" init=/bin/sh", nil, "second", "pbkdf2")
	s.Disks[1].Late, s.MemoryMiB, s.Limit = true, secretMemory, 2*patience
	m := start(t, s)
	typeAt(t, m, "Passphrase for", passphrase+"\n")
	await(t, m, "is open: /dev/mapper/luks-"+secondUUID)
	if copies(t, m, "while the second volume is waited for", passphrase) == 0 {
		t.Error("the passphrase is not kept")
	}
	if err := m.Plug(1); err != nil {
		t.Fatal(err)
	}
	typeAt(t, m, "switching root to", "echo mappings: /sys/block/dm-* end''ed\n")
	await(t, m, "mappings: /sys/block/dm-1 ended")
	if n := copies(t, m, "in the real root", passphrase); n > 0 {
		t.Errorf("%d copies of the passphrase", n)
	}
}
