package buildconf

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tree makes files below a folder.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// TestRead: which file wins, and what is told.
func TestRead(t *testing.T) {
	root := tree(t, map[string]string{
		"etc/dracut.conf":                             "hostonly=no\nadd_drivers+=\" a \"\ncompress=\"cat\"\n",
		"usr/lib/dracut/dracut.conf.d/10-x.conf":      "add_drivers+=\" lost \"\n",
		"etc/dracut.conf.d/10-x.conf":                 "add_drivers+=\" b \"\ni18n_vars=\"x\"\nhostonly_mode=strict\nadd_dracutmodules+=\" ifcfg \"\n",
		"etc/dracut.conf.d/readme":                    "hostonly=maybe\n",
		"etc/preroot.conf":                            "compress=xz\nadd_drivers+=\" c \"\nkernel_cmdline='root=/dev/vda ro'\n",
		"usr/lib/preroot/preroot.conf.d/20-dist.conf": "hostonly=no\nfw_dir+=\" :/a:/b \"\n",
		"usr/lib/preroot/preroot.conf.d/30-mask.conf": "hostonly=maybe\n",
		"etc/preroot.conf.d/90-last.conf":             "hostonly=yes\ninclude+=\" /a /b \"\nadd_driver=x\nlvm=on\nsshkey=x\ncompress_level_xz=9\nexport z=1\ndropbear_port=' 22 $x'\n",
	})
	if err := os.Symlink("/dev/null", filepath.Join(root, "etc/preroot.conf.d/30-mask.conf")); err != nil {
		t.Fatal(err)
	}
	got, err := Read(Source{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	last := root + "/etc/preroot.conf.d/90-last.conf:"
	want := Config{
		HostOnly: Yes, AddDrivers: []string{"a", "b", "c"}, Compress: "xz", CompressLevels: map[string]int{"xz": 9}, KernelCmdline: "root=/dev/vda ro",
		FirmwareDirs: []string{"/a", "/b"}, Include: []string{"/a", "/b"}, LogLevel: -1,
		Notes: []string{
			root + "/etc/dracut.conf.d/10-x.conf:4: add_dracutmodules: no module of dracut is needed for what preroot does itself: to run some all the same name them in preroot.conf, or by --add",
			last + "7: \"export\" is a command, and none is run (KEY=value without blanks round the = is read): not read",
			last + "3: add_driver is no key of this configuration: add_drivers is meant?",
			last + "4: lvm: \"on\": write yes or no",
		},
		ForModules: map[string]string{"i18n_vars": "x", "hostonly_mode": "strict", "add_driver": "x", "sshkey": "x", "dropbear_port": " 22 $x"},
		WithoutModules: []string{
			last + "8: dropbear_port is no key of this configuration",
			"i18n_vars (" + root + "/etc/dracut.conf.d/10-x.conf:2) has no meaning here: " + WhyI18n,
			"hostonly_mode (" + root + "/etc/dracut.conf.d/10-x.conf:3) has no meaning here: " + WhyHostMode,
			"sshkey (" + last + "5) has no meaning here: " + WhyNetwork,
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestReadNamed: files and folders that the command line names.
func TestReadNamed(t *testing.T) {
	root := tree(t, map[string]string{
		"etc/dracut.conf": "add_drivers+=' a '", "etc/dracut.conf.d/x.conf": "add_drivers+=' b '", "etc/preroot.conf": "add_drivers+=' c '", "etc/preroot.conf.d/x.conf": "add_drivers+=' d '",
		"my.conf": "add_drivers+=' e '", "my.d/y.conf": "add_drivers+=' f '", "etc/dracut.conf.d/more/z.conf": "add_drivers+=' g '",
	})
	for _, tt := range []struct {
		source Source
		want   string
	}{
		{Source{}, "a b c d"},
		{Source{File: root + "/my.conf"}, "b e d"},
		{Source{Dir: root + "/my.d"}, "a c f"},
		{Source{File: root + "/my.conf", Dir: root + "/my.d"}, "e f"},
		{Source{AddDir: "more"}, "a b c d g"},
		{Source{File: "/dev/null", Dir: root + "/etc"}, ""},
	} {
		tt.source.Root = root
		if tt.source.Dir == root+"/etc" {
			tt.source.Dir = t.TempDir()
		}
		c, err := Read(tt.source)
		if err != nil || strings.Join(c.AddDrivers, " ") != tt.want {
			t.Errorf("%+v: %v, %v; want %s", tt.source, c.AddDrivers, err, tt.want)
		}
	}
	for _, s := range []Source{{Root: root, File: root + "/none"}, {Root: root, Dir: root + "/none"}, {Root: root, AddDir: "none"}} {
		if _, err := Read(s); err == nil {
			t.Errorf("%+v: no error", s)
		}
	}
}

// TestKeys: each key has one row, and either a meaning or a reason; no key of dracut.conf(5) is missing.
func TestKeys(t *testing.T) {
	var names []string
	for _, k := range Keys {
		if slices.Contains(names, k.Name) || (k.set == nil) == (k.Why == "") || k.set != nil && (k.Text == "" || k.Arg == "") {
			t.Errorf("%s: a second row, or neither meaning nor reason", k.Name)
		}
		names = append(names, k.Name)
	}
	out, err := exec.Command("sh", "-c", "gzip -dc /usr/share/man/man5/dracut.conf.5.gz").Output()
	if err != nil {
		t.Fatalf("dracut.conf(5) (Debian package dracut-core): %v", err)
	}
	for _, m := range regexp.MustCompile(`(?m)^\s*(?:\\fB|\.B )?"?([a-z0-9_]+)\\?\+?=`).FindAllStringSubmatch(strings.ReplaceAll(string(out), `\fI`, ""), -1) {
		if !slices.Contains(names, m[1]) {
			t.Errorf("%s of dracut.conf(5) is not in the table", m[1])
		}
	}
}

func TestNearest(t *testing.T) {
	for _, tt := range []struct{ word, want string }{
		{"hostonyl", "hostonly"}, {"add-drivers", "add_drivers"}, {"ad_driver", "add_drivers"}, {"zzz", ""}, {"", ""}, {"compres", "compress"},
	} {
		if got := Nearest(tt.word, []string{"hostonly", "add_drivers", "compress"}); got != tt.want {
			t.Errorf("Nearest(%q) = %q; want %q", tt.word, got, tt.want)
		}
	}
}
