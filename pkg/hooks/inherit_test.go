package hooks

import (
	"os"
	"path/filepath"
	"testing"
)

// TestInherit: a shell of another process goes on with the variables of one that was killed in the middle of a hook, and with its directory.
func TestInherit(t *testing.T) {
	eachShell(t, func(t *testing.T, sh string) {
		first := newRig(t, sh, nil)
		first.hook("root='a b\n_pr_end=7'; export rootok=1; secret=\"x'y\"; f() { :; }; cd /usr")
		first.hook("hello=$secret; kill -9 $$")
		second := newRig(t, sh, func(c *Config) { c.Dir = filepath.Join(first.dir, "shell") })
		vars, err := second.Inherit()
		if err != nil || vars["root"] != "a b\n_pr_end=7" || vars["rootok"] != "1" || vars["hello"] != "" {
			t.Fatalf("%q %v", vars, err)
		}
		got := second.hook("hello=$secret$(env | grep rootok); rflags=$PWD")
		if got.Vars["hello"] != "x'yrootok=1" || got.Vars["rflags"] != "/usr" || got.Vars["root"] != vars["root"] {
			t.Errorf("%+v", got)
		}
	})
}

// TestInheritNothing: no state, and one that was cut off.
func TestInheritNothing(t *testing.T) {
	r := newRig(t, "/bin/sh", nil)
	if vars, err := r.Inherit(); err != nil || len(vars) > 0 {
		t.Errorf("%q %v", vars, err)
	}
	for name, text := range map[string]string{"state.0": "root='old'\n_pr_end='4'\n", "state.1": "root='new'\nhello='x"} {
		if err := os.WriteFile(filepath.Join(r.dir, "shell", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if vars, err := r.Inherit(); err != nil || vars["root"] != "old" {
		t.Errorf("%q %v", vars, err)
	}
}
