package dracut

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// hookPackages are the packages with hook scripts in each suite: dracut's own and those of others.
var hookPackages = map[string][]string{
	"bookworm": {"dracut-core", "dracut-network", "dracut-live", "dracut-squash", "clevis-dracut",
		"kiwi-dracut-lib", "kiwi-dracut-live", "kiwi-dracut-oem-dump", "kiwi-dracut-oem-repart", "kiwi-dracut-overlay"},
	"trixie": {"dracut-core", "dracut-network", "dracut-live", "dracut-squash", "dracut-test", "clevis-dracut"},
	"sid": {"dracut-core", "dracut-network", "dracut-test", "clevis-dracut",
		"kiwi-dracut-lib", "kiwi-dracut-live", "kiwi-dracut-oem-dump", "kiwi-dracut-oem-repart", "kiwi-dracut-overlay", "kiwi-dracut-verity"},
}

// hookScript is a script that a module installs as a hook.
type hookScript struct{ suite, module, stage, name string }

// String is a line of hooks.txt.
func (h hookScript) String() string {
	return fmt.Sprintf("%s %s %s %s", h.suite, h.module, h.stage, h.name)
}

// Lines of a module-setup.sh that install a hook, or a file of the module at another place.
var (
	installsHook = regexp.MustCompile(`(?m)^[^#\n]*\binst_hook +([a-z/-]+) +([0-9]+) +"?\$\{?(moddir|dmsquashdir)\}?"?/([A-Za-z0-9._-]+)`)
	installsFile = regexp.MustCompile(`(?m)^[^#\n]*\binst(?:_simple|_script)? +"?\$\{?moddir\}?"?/([A-Za-z0-9._-]+)"?[ \\\n]+"?(?:\$prefix)?(/[A-Za-z0-9._/-]+)`)
)

// modules are the directories of dracut's modules in a tree of packages, by name.
func modules(t *testing.T, tree string) map[string]string {
	t.Helper()
	found, _ := filepath.Glob(filepath.Join(tree, "usr/lib/dracut/modules.d/*/module-setup.sh"))
	if len(found) == 0 {
		t.Fatalf("%s: no modules; remove the folder to fetch it again", tree)
	}
	all := map[string]string{}
	for _, f := range found {
		all[filepath.Base(filepath.Dir(f))] = filepath.Dir(f)
	}
	return all
}

// moduleHooks lists the hooks of all modules, and the script that each is.
func moduleHooks(t *testing.T, suite, tree string) map[hookScript]string {
	t.Helper()
	list := map[hookScript]string{}
	all := modules(t, tree)
	for name, dir := range all {
		setup, err := os.ReadFile(filepath.Join(dir, "module-setup.sh"))
		must(t, err)
		for _, m := range installsHook.FindAllStringSubmatch(string(setup), -1) {
			from := dir
			if m[3] == "dmsquashdir" {
				from = filepath.Dir(only(t, tree, "usr/lib/dracut/modules.d/*dmsquash-live/module-setup.sh"))
			}
			list[hookScript{suite, name, m[1], m[2] + "-" + m[4]}] = filepath.Join(from, m[4])
		}
	}
	return list
}

// hooksOf are the hooks of a suite as hooks.txt lists them (suite, module, stage, name); the packages must have those and no others.
func hooksOf(t *testing.T, suite, tree string) map[hookScript]string {
	t.Helper()
	have := moduleHooks(t, suite, tree)
	want := map[string]bool{}
	text, err := os.ReadFile("hooks.txt")
	must(t, err)
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, suite+" ") {
			want[line] = true
		}
	}
	for h := range have {
		if !want[h.String()] {
			t.Errorf("not in hooks.txt: %s (write the list anew by -hooklist)", h)
		}
		delete(want, h.String())
	}
	for line := range want {
		t.Errorf("in hooks.txt, but no package has it: %s", line)
	}
	return have
}

// writeHookList writes hooks.txt.
func writeHookList(t *testing.T) {
	var lines []string
	for suite, packages := range hookPackages {
		for h := range moduleHooks(t, suite, fetch(t, suite, "-hooks", packages)) {
			lines = append(lines, h.String())
		}
	}
	slices.Sort(lines)
	must(t, os.WriteFile("hooks.txt", []byte(strings.Join(lines, "\n")+"\n"), 0o644))
	t.Logf("hooks.txt: %d hooks", len(lines))
}
