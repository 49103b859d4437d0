package dracutmod

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseCall(t *testing.T) {
	for _, tt := range []struct {
		words, want, err string
		check            func(c call) bool
	}{
		{"-Ho a b", "a b", "", func(c call) bool { return c.hostonly && c.optional && !c.all }},
		{"-alD/x a", "a", "", func(c call) bool { return c.all && c.resolve }},
		{"-D /x -aP ^x a", "a", "", func(c call) bool { return c.noPaths == "^x" }},
		{"-s=x -ofm a", "a", "", func(c call) bool { return c.symbols == "x" && c.fips && c.modules }},
		{"-a -- -Ho", "-Ho", "", func(c call) bool { return !c.hostonly }},
		{"-", "-", "", func(c call) bool { return true }},
		{"-Hq a", "", "option -q is not known", nil},
		{"-q a", "", "option -q is not known", nil},
		{"-oP", "", "option -P takes a word", nil},
		{"--Ho a", "", "option --Ho is not known", nil},
	} {
		c, err := parseCall(strings.Fields(tt.words))
		switch {
		case tt.err != "":
			if err == nil || err.Error() != tt.err {
				t.Errorf("%s: %v", tt.words, err)
			}
		case err != nil || strings.Join(c.words, " ") != tt.want || !tt.check(c):
			t.Errorf("%s: %+v, %v", tt.words, c, err)
		}
	}
}

// TestCallsOfDracutInstall: a star alone makes a pattern; of more than two words without -a all are taken; what lies below another root is unpacked in the image.
func TestCallsOfDracutInstall(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{"usr/bin/[": "x", "etc/a?": "x", "etc/ab": "x", "etc/b": "x", "etc/c": "x", "etc/k.gz": "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\xe0\x02\x00\x1f\x08\xea\x46\x02\x00\x00\x00"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ call, want string }{
		{`inst_multiple [`, "usr/bin/["},
		{`inst_multiple "/etc/a?"`, "etc/a?"},
		{`inst_multiple "/etc/a*"`, "etc/a? etc/ab"},
		{`$DRACUT_INSTALL -D "$initdir" /etc/ab /etc/b /etc/c`, "etc/ab etc/b etc/c"},
		{`$DRACUT_INSTALL -D "$initdir" -Ho /etc/b /etc/c /no/such`, "etc/b etc/c"},
		{`$DRACUT_INSTALL -D "$initdir" /etc/b /etc/d`, "etc/d"},
		{`inst_decompress "$dracutsysrootdir/etc/k.gz"`, "etc/k"},
		{`inst_decompress /etc/k.gz`, "etc/k"},
	} {
		stage := t.TempDir()
		dir := tree(t, map[string]string{"10m": "install() {\n" + tt.call + "\n}"})
		r, err := Run(Options{Sysroot: root, Dirs: []string{dir}, Add: []string{"m"}, Stage: stage, KVER: "6"})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(files(t, stage), " "); got != tt.want || len(r.Warnings) > 0 {
			t.Errorf("%s: %q, not %q; %q", tt.call, got, tt.want, r.Warnings)
		}
	}
}
