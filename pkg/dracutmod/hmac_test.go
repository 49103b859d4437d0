package dracutmod

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestSums: with module fips, or with -f, the sums of each file go in with it; without, none.
func TestSums(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"usr/bin/a": "x", "usr/bin/.a.hmac": "sum", "usr/lib/lib.so.1.2": "x", "usr/lib/.lib.so.1.2.hmac": "sum", "usr/bin/b": "#!/usr/bin/i\n", "usr/bin/i": "x", "usr/bin/.i.hmac": "sum", "lib/hmaccalc/b.hmac": "sum", "usr/bin/.other.hmac": "sum",
		"usr/lib/libcrypto.so.3": "x", "usr/lib/libssl.so.3": "x", "usr/lib/.libssl.so.3.hmac": "sum",
	} {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"usr/lib/lib.so.1": "lib.so.1.2", "usr/lib/.lib.so.1.hmac": ".lib.so.1.2.hmac"} {
		if err := os.Symlink(to, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	const all = `inst_multiple a b; inst_simple /usr/lib/lib.so.1; inst_simple /usr/bin/a /opt/c; inst_simple /usr/lib/libcrypto.so.3; echo "$DRACUT_FIPS_MODE" >"$initdir/mode"`
	dir := tree(t, map[string]string{"10fips": "", "20m": "install() { " + all + "; }", "20f": `install() { $DRACUT_INSTALL -D "$initdir" -f /usr/bin/a; inst_multiple i; echo "$DRACUT_FIPS_MODE" >"$initdir/mode"; }`})
	for _, tt := range []struct{ add, want, mode string }{
		{"m", "", ""},
		{"fips m", "lib/hmaccalc/b.hmac opt/.c.hmac usr/bin/.a.hmac usr/bin/.i.hmac usr/lib/.lib.so.1.2.hmac usr/lib/.libssl.so.3.hmac", "1"},
		{"f", "usr/bin/.a.hmac", ""},
	} {
		stage := t.TempDir()
		r, err := Run(Options{Sysroot: root, Dirs: []string{dir}, Add: strings.Fields(tt.add), Stage: stage, KVER: "6"})
		if err != nil || len(r.Warnings) > 0 {
			t.Fatal(err, r)
		}
		list := slices.DeleteFunc(files(t, stage), func(f string) bool { return !strings.HasSuffix(f, ".hmac") })
		if got := strings.Join(list, " "); got != tt.want {
			t.Errorf("%s: %s", tt.add, got)
		}
		if mode, _ := os.ReadFile(filepath.Join(stage, "mode")); string(mode) != tt.mode+"\n" {
			t.Errorf("%s: DRACUT_FIPS_MODE is %q", tt.add, mode)
		}
		if to, _ := os.Readlink(filepath.Join(stage, "usr/lib/.lib.so.1.hmac")); (to == ".lib.so.1.2.hmac") != (tt.add == "fips m") {
			t.Errorf("%s: the link is %q", tt.add, to)
		}
	}
}
