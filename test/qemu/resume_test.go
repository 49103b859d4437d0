package qemu

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

// Where the tests of hibernation suspend to, and how much memory there is to save.
const (
	swapUUID        = "77777777-2222-3333-4444-555555555555"
	swapMiB         = 192
	hibernateMemory = 256
)

// hibernating is a machine whose root suspends it; its disks keep what was written.
func hibernating(t *testing.T, sizeMiB int) vm.Spec {
	t.Helper()
	init := program(t, "hibernate.c")
	s := plain(t, image{}, serial+" hibernate=nocompress resume=UUID="+swapUUID)
	s.MemoryMiB, s.Limit = hibernateMemory, 3*time.Minute
	root := filepath.Join(t.TempDir(), "root.img")
	if err := (vm.Root{Init: init, SizeMiB: sizeMiB}).Make(root); err != nil {
		t.Fatal(err)
	}
	s.Disks[0].Path, s.Disks[0].Snapshot = root, false
	return s
}

// withSwap adds a swap device.
func withSwap(t *testing.T, s vm.Spec) vm.Spec {
	t.Helper()
	path := filepath.Join(t.TempDir(), "swap.img")
	if err := writeFile(path, ""); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, swapMiB<<20); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("/sbin/mkswap", "-U", swapUUID, path).CombinedOutput(); err != nil {
		t.Fatalf("mkswap (Debian package util-linux): %v: %s", err, out)
	}
	s.Disks = append(s.Disks, vm.Disk{Path: path, Serial: "swap0"})
	return s
}

// with is the machine with more words on its command line.
func with(s vm.Spec, words string) vm.Spec {
	s.Cmdline += " " + words
	return s
}

// bootID is the id of the boot that a line of hibernate.c tells.
func bootID(t *testing.T, r vm.Result, line string) string {
	t.Helper()
	mustSay(t, r, line)
	_, id, _ := strings.Cut(strings.TrimSpace(r.Line(line)), " id=")
	return id
}

// TestHibernation suspends a machine, and a counter on its tmpfs goes on in the next boot. With noresume, with an image that
// does not fit, and on the next try after that, a new system is booted, and each says so. All boots share the disks.
func TestHibernation(t *testing.T) {
	t.Parallel()
	s := withSwap(t, hibernating(t, 0))
	first := boot(t, with(s, "loglevel=7 HIBERNATE=2 SWAP=/dev/vdb"))
	id := bootID(t, first, "HIB suspends counter=2")
	mustSay(t, first, "holds no suspended session")

	second := boot(t, s)
	mustSay(t, second, "resuming the session suspended on /dev/vdb (swsuspend")
	if got := bootID(t, second, "HIB resumed counter=3"); got != id {
		fail(t, second, "resumed is boot %s, suspended was %s", got, id)
	}
	mustSay(t, second, "HIB suspends counter=4")

	for _, c := range []struct{ words, says string }{
		{"noresume", "noresume: the session suspended on /dev/vdb"},
		{"mem=200M", "was not resumed: PM: hibernation: Image mismatch: memory size; "},
		{"loglevel=7", "holds no suspended session"},
	} {
		r := boot(t, with(s, c.words))
		mustSay(t, r, c.says, "HIB begins counter=1", "HIB ends counter=2")
		t.Logf("%s: %s", c.words, r.Line(c.says))
	}
}

// TestHibernationSwapFile suspends to a file on root, and resumes from it.
func TestHibernationSwapFile(t *testing.T) {
	t.Parallel()
	s := hibernating(t, 600) // so large that the blocks are as large as pages
	s.Cmdline = strings.ReplaceAll(s.Cmdline, "resume=UUID="+swapUUID, "")
	first := boot(t, with(s, "HIBERNATE=1 SWAP=file"))
	id := bootID(t, first, "HIB suspends counter=2")
	_, offset, _ := strings.Cut(first.Line("HIB offset="), "=")
	second := boot(t, with(s, "resume=UUID="+vm.RootUUID+" resume_offset="+strings.TrimSpace(offset)))
	mustSay(t, second, "resuming the session suspended on /dev/vda (ext4")
	if got := bootID(t, second, "HIB resumed counter=3"); got != id {
		fail(t, second, "resumed is boot %s, suspended was %s", got, id)
	}
}
