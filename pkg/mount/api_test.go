package mount

import "testing"

// TestRun: the real system finds /run as systemd mounts it, but for noexec, which nobody may add: dracut's image is unpacked there when the machine goes down, and
// its programs are executed.
func TestRun(t *testing.T) {
	for _, a := range APIs {
		if a.Target != "/run" {
			continue
		}
		if a.Flags != nosuid|nodev|strictatime || a.Data != "mode=0755,size=20%,nr_inodes=800k" {
			t.Errorf("/run: flags %#x, %s", a.Flags, a.Data)
		}
		return
	}
	t.Error("/run is not mounted")
}
