package qemu

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/preroot/preroot/internal/vm"
)

// withRoot is the usual machine with another root= (none for "").
func withRoot(t *testing.T, root, words string) vm.Spec {
	t.Helper()
	s := plain(t, image{}, serial+" rd.preroot.unattended=1 "+words)
	s.Cmdline = strings.Replace(s.Cmdline, "root=UUID="+vm.RootUUID, root, 1)
	return s
}

// mustRefuse boots a machine that must not reach a root, must end in the way that is named, and must say why.
func mustRefuse(t *testing.T, s vm.Spec, end string, texts ...string) {
	t.Helper()
	r := boot(t, s)
	if r.Reached() {
		fail(t, r, "a root was reached")
	}
	mustSay(t, r, append(texts, "preroot: end: "+end+": ")...)
}

// TestRootNeverComes waits for a root that is not there: after the deadline the report names what was almost meant.
func TestRootNeverComes(t *testing.T) {
	t.Parallel()
	almost := strings.Replace(vm.RootUUID, "5555", "5556", 1)
	mustRefuse(t, withRoot(t, "root=UUID="+almost, "rd.retry=3"), "REBOOTED",
		almost, "the deadline has passed", "/dev/vda (ext4", vm.RootUUID)
}

// TestEmergencyActions ends a failed boot in each way.
func TestEmergencyActions(t *testing.T) {
	for action, end := range map[string]string{"poweroff": "POWERED OFF", "reboot": "REBOOTED"} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			mustRefuse(t, withRoot(t, "root=LABEL=nothing", "rd.retry=1 rd.emergency="+action), end, "LABEL=nothing")
		})
	}
}

// TestNoRootWord boots without root=: nothing can help, so it ends at once and shows what could be meant.
func TestNoRootWord(t *testing.T) {
	t.Parallel()
	mustRefuse(t, withRoot(t, "", ""), "REBOOTED", "no root= on the command line", "/dev/vda (ext4")
}

// TestMalformedRoot cannot mean any device: it ends at once.
func TestMalformedRoot(t *testing.T) {
	t.Parallel()
	mustRefuse(t, withRoot(t, "root=vda", ""), "REBOOTED", "/dev/vda")
}

// TestTwins has two disks with one file system: neither is chosen, and both are named.
func TestTwins(t *testing.T) {
	t.Parallel()
	s := plain(t, image{}, serial+" rd.preroot.unattended=1")
	twin := s.Disks[0]
	twin.Serial = "root1"
	twin.Path = filepath.Join(t.TempDir(), "twin.img")
	if err := vm.Clone(s.Disks[0].Path, twin.Path); err != nil {
		t.Fatal(err)
	}
	s.Disks = append(s.Disks, twin)
	mustRefuse(t, s, "REBOOTED", "more than one device answers", "serial root0", "serial root1")
}

// TestNoInit has a root without any program that could be init.
func TestNoInit(t *testing.T) {
	t.Parallel()
	s := withRoot(t, "root=UUID="+vm.RootUUID, "")
	text := filepath.Join(shop.Dir, "launcher.conf.txt")
	s.Disks[0].Path = makeOnce(t, "root-noinit.img", func(path string) error {
		if err := writeFile(text, "no program\n"); err != nil {
			return err
		}
		return vm.Root{FS: "ext4", Init: text}.Make(path)
	})
	mustRefuse(t, s, "REBOOTED", "/sbin/init")
}
