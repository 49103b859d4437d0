package dracutmod

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestScriptsKnowFoldersOfSystemd: an image with something of systemd has the file by which dracut's scripts find it; one without has none.
func TestScriptsKnowFoldersOfSystemd(t *testing.T) {
	dir := tree(t, map[string]string{"10with": `install() { inst_dir "$systemdutildir"; }`, "20without": ""})
	for add, want := range map[string]string{"with": "/opt/sys'd /opt/sys'd/system /etc/systemd/system /etc/systemd/network", "without": ""} {
		root, stage := t.TempDir(), t.TempDir()
		if err := os.MkdirAll(filepath.Join(root, "opt/sys'd"), 0o755); err != nil {
			t.Fatal(err)
		}
		if _, err := Run(Options{Sysroot: root, Dirs: []string{dir}, Add: []string{add}, Stage: stage, KVER: "6", Conf: map[string]string{"systemdutildir": "/opt/sys'd"}}); err != nil {
			t.Fatal(err)
		}
		out, _ := exec.Command("sh", "-c", `. "$1/etc/conf.d/systemd.conf" && printf %s "$systemdutildir $systemdsystemunitdir $systemdsystemconfdir $systemdnetworkconfdir"`, "sh", stage).Output()
		if string(out) != want {
			t.Errorf("%s: %q", add, out)
		}
	}
}
