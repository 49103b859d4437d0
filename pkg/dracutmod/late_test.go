package dracutmod

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/preroot/preroot/pkg/dynlink"
)

// library is the path of a library of this machine that findmnt needs.
func library(t *testing.T, name string) string {
	t.Helper()
	root, err := dynlink.Open("")
	if err != nil {
		t.Fatal(err)
	}
	items, err := root.Closure(dynlink.Options{}, "/usr/bin/findmnt")
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range items {
		if strings.Contains(i.Path, name) && i.Target == "" {
			return i.Path
		}
	}
	t.Fatal("findmnt does not need " + name)
	return ""
}

// TestLateNeeds: what modules put into the image by themselves gets its libraries and its interpreter; libraries do as in the dracut whose modules they are.
func TestLateNeeds(t *testing.T) {
	libmount, libblkid := library(t, "libmount"), library(t, "libblkid")
	for _, tt := range []struct {
		release, install string
		has              bool // libblkid
		warning          string
	}{
		{"059-4", `cp /usr/bin/findmnt "$initdir/usr/bin/mine"`, true, ""},
		{"059-4", `inst_simple /usr/bin/findmnt`, true, ""},
		{"059-4", `inst "$moddir/program"`, true, ""},
		{"059-4", `cp /usr/bin/findmnt "$initdir/usr/bin/mine"; chmod 644 "$initdir/usr/bin/mine"`, false, ""},
		{"059-4", `printf '#!/usr/bin/findmnt -x\n' >"$initdir/script"; chmod 755 "$initdir/script"`, true, ""},
		{"059-4", `printf '#!/no/such -x\n' >"$initdir/script"; chmod 755 "$initdir/script"`, false, "modules of dracut: /script needs /no/such, which is nowhere to be found: install its package"},
		{"106-6", `cp "` + libmount + `" "$initdir/usr/lib/plugin.so"; chmod 644 "$initdir/usr/lib/plugin.so"`, false, ""},
		{"106-6", `cp "` + libmount + `" "$initdir/usr/lib/plugin.so"; chmod 755 "$initdir/usr/lib/plugin.so"`, true, ""},
		{"112-7", `cp "` + libmount + `" "$initdir/usr/lib/plugin.so"; chmod 644 "$initdir/usr/lib/plugin.so"`, true, ""},
		{"", `cp "` + libmount + `" "$initdir/usr/lib/plugin.so.1"; chmod 644 "$initdir/usr/lib/plugin.so.1"`, true, ""},
	} {
		base, stage := t.TempDir(), t.TempDir()
		dir := filepath.Join(base, "lib/dracut/modules.d")
		if err := os.MkdirAll(filepath.Join(dir, "50m"), 0o755); err != nil {
			t.Fatal(err)
		}
		program, err := os.ReadFile("/usr/bin/findmnt")
		if err != nil {
			t.Fatal(err)
		}
		where := "lib/dracut/dracut-version.sh"
		if tt.release >= "110" {
			where = "bin/dracut"
		}
		for name, text := range map[string]string{"lib/dracut/modules.d/50m/" + setup: "install() {\n" + tt.install + "\n}\n", "lib/dracut/modules.d/50m/program": string(program), where: "#!/bin/sh\nDRACUT_VERSION=\"" + tt.release + "\"\n"} {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(base, name)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(base, name), []byte(text), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		r, err := Run(Options{Dirs: []string{dir}, Add: []string{"m"}, Stage: stage, KVER: "6"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(stage, libblkid)); (err == nil) != tt.has {
			t.Errorf("%s %s: %v", tt.release, tt.install, err)
		}
		if got := strings.Join(r.Warnings, "\n"); got != tt.warning {
			t.Errorf("%s %s: %q", tt.release, tt.install, got)
		}
	}
}

// TestLateNeedsOfTheImage: a library that only the image has, at a place of its module's own, is not missing.
func TestLateNeedsOfTheImage(t *testing.T) {
	b := &builder{}
	b.lacking(&dynlink.MissingError{Name: "libown.so", Needs: "/usr/bin/own"}, map[string]bool{"libown.so": true})
	if len(b.warnings) != 0 {
		t.Errorf("%q", b.warnings)
	}
	b.lacking(&dynlink.MissingError{Name: "libown.so", Needs: "/usr/bin/own"}, nil)
	if len(b.warnings) != 1 {
		t.Errorf("%q", b.warnings)
	}
}
