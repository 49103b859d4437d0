package boot

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSOSSections(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"lib/dracut/dracut-112":                 "dracut-112\n",
		"proc/cmdline":                          "root=cifs://u:geheim@srv/x quiet\n",
		"etc/cmdline.d/10.conf":                 "rd.iscsi.password=geheim\n",
		"run/initramfs/cmdline.d/20.conf":       "a\n",
		"proc/mounts":                           "none / rootfs\tro\n",
		"run/initramfs/init.log":                "\x1b[2Jx\n",
		"dev/disk/by-uuid/placeholder/no-links": "",
	} {
		p := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../../sda1", filepath.Join(root, "dev/disk/by-uuid/1234")); err != nil {
		t.Fatal(err)
	}
	var titles []string
	text := ""
	for _, s := range sosSections(root) {
		titles = append(titles, s.Title)
		if s.Title != "kernel log" && program(strings.Fields(s.Title)[0]) == "" {
			text += harmless(s.Text)
		}
	}
	want := "/lib/dracut/dracut-112 /proc/cmdline /etc/cmdline.d/10.conf /run/initramfs/cmdline.d/20.conf /proc/mounts /run/initramfs/init.log /dev/disk/by-* "
	if got := strings.Join(titles, " "); !strings.HasPrefix(got, want) {
		t.Errorf("sections %s", got)
	}
	for _, s := range []string{"geheim", "\x1b", "\t"} {
		if strings.Contains(text, s) {
			t.Errorf("the report holds %q", s)
		}
	}
	for _, s := range []string{"u:*******@srv", "/dev/disk/by-uuid/1234 -> ../../sda1", `\x1b[2Jx`} {
		if !strings.Contains(text, s) {
			t.Errorf("the report lacks %q:\n%s", s, text)
		}
	}
}

// TestEngineReport: what the engine wrote stays, a second call replaces the first one's part.
func TestEngineReport(t *testing.T) {
	const engine = "preroot's report of a boot that stopped\nstage initqueue\n"
	for text, want := range map[string]string{
		engine: engine, engine + sosBegin + "x\n": engine, "dracut's own\n": "", "": "",
	} {
		if got := engineReport(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}
