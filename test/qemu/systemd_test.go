package qemu

import (
	"path/filepath"
	"testing"

	"github.com/preroot/preroot/internal/vm"
)

// systemdImage is an image that this machine's dracut makes with systemd inside, in which /init alone, a link to systemd, is exchanged; dracut leaves out of such
// an image what parses root= and what mounts it.
func systemdImage(t *testing.T, k vm.Kernel) string {
	t.Helper()
	stock := makeOnce(t, "dracut-systemd-"+k.Name+".img", func(path string) error {
		return dracut(k, path, "", dracutModules+" systemd systemd-initrd dracut-systemd crypt")
	})
	init, err := vm.ReadEntry("init", initFor(k.Arch))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "dracut.img")
	if err := vm.Extend(stock, path, []vm.Entry{init}); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestSystemdImage: what systemd would do in its image is done natively, and the hooks that are there run.
func TestSystemdImage(t *testing.T) {
	t.Parallel()
	k := kernel(t, "6.1-cloud")
	r := boot(t, machine(t, k, systemdImage(t, k), serial+" rd.retry=40"))
	if !r.Reached() {
		fail(t, r, "root was not reached")
	}
	mustSay(t, r, "udevd mode: the image has /usr/lib/systemd/systemd-udevd and its own systemd", "mounted /dev/vda on /sysroot (ext4")
}

// TestSystemdImageFallsBack: what only systemd can do in its image is left to it, decided before anything is done. It finds everything as the kernel would have given it.
func TestSystemdImageFallsBack(t *testing.T) {
	t.Parallel()
	k := kernel(t, "6.1-cloud")
	s := machine(t, k, systemdImage(t, k), serial+" rd.luks.uuid=12345678-1234-1234-1234-123456789abc systemd.show_status=1 systemd.log_target=kmsg")
	m, err := vm.Start(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.Await("dracut cmdline hook")
	if err == nil {
		_, err = m.Await("Reached target")
	}
	m.Kill()
	r := m.Wait()
	mustSay(t, r, "/usr/lib/systemd/systemd of this image boots it: rd.luks.uuid= asks for LUKS", "dracut --omit systemd", "systemd[1]: Running in initrd")
	if crash := vm.Judge(r.Lines); err != nil || crash != "" {
		fail(t, r, "%v %s", err, crash)
	}
}
