package main

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/preroot/preroot/pkg/buildconf"
)

// page is the source of a manual page, without the escapes of roff.
func page(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../man", name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(`\-`, "-", `\&`, "", `\fB`, "", `\fP`, "").Replace(string(text))
}

// items are the things that the lists of a page describe: what stands behind a macro in the lines that begin them.
func items(text, macro string) map[string]bool {
	set := map[string]bool{}
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, ".It "+macro+" ")
		if !ok {
			continue
		}
		rest, _, _ = strings.Cut(rest, " Ar ")
		for _, w := range strings.Split(rest, " , ") {
			set[strings.TrimSuffix(strings.TrimSpace(w), " Ns = Ns")] = true
		}
	}
	return set
}

// same complains of what is in one set alone.
func same(t *testing.T, what string, code, page map[string]bool) {
	t.Helper()
	for _, w := range slices.Sorted(maps.Keys(code)) {
		if !page[w] {
			t.Errorf("%s: %s is not in its page", what, w)
		}
	}
	for _, w := range slices.Sorted(maps.Keys(page)) {
		if !code[w] {
			t.Errorf("%s: %s is in its page alone", what, w)
		}
	}
}

// TestManOptions: each command's part of preroot(8) has its options, under all of their names, and no others.
func TestManOptions(t *testing.T) {
	text := page(t, "preroot.8")
	for _, c := range commands() {
		_, part, ok := strings.Cut(text, ".Ss preroot "+c.name+"\n")
		if !ok && len(c.options) > 0 {
			t.Errorf("preroot.8: nothing on %s", c.name)
		}
		part = regexp.MustCompile(`(?m)^\.S[hs] `).Split(part, 2)[0]
		code := map[string]bool{}
		for _, o := range c.options {
			for _, n := range o.names {
				code[n[1:]] = true // Fl writes the first dash
			}
		}
		same(t, "preroot "+c.name, code, items(part, "Fl"))
	}
}

// TestManKeys: preroot.conf(5) has the keys, those without meaning, too.
func TestManKeys(t *testing.T) {
	code := map[string]bool{}
	for _, k := range buildconf.Keys {
		code[k.Name] = true
	}
	same(t, "preroot.conf", code, items(page(t, "preroot.conf.5"), "Ic"))
}

// TestManParameters: preroot.cmdline(7) has the words of docs/parameters.md, and both have every word rd.* that pkg/config reads.
func TestManParameters(t *testing.T) {
	doc, err := os.ReadFile("../../docs/parameters.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for line := range strings.Lines(string(doc)) {
		if first, _, ok := strings.Cut(strings.TrimPrefix(line, "| "), " | "); ok && strings.HasPrefix(first, "`") {
			for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(first, -1) {
				listed[m[1]] = true
			}
		}
	}
	man := items(page(t, "preroot.cmdline.7"), "Cm")
	same(t, "docs/parameters.md", listed, man)

	names := map[string]bool{}
	for w := range man {
		name, _, _ := strings.Cut(w, "=")
		name, _, _ = strings.Cut(name, "[")
		names[name] = true
	}
	sources, _ := filepath.Glob("../../pkg/config/*.go")
	if len(sources) == 0 {
		t.Fatal("no source of pkg/config")
	}
	for _, file := range sources {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, m := range regexp.MustCompile(`"(rd\.[\w.-]*\w)=?"`).FindAllStringSubmatch(string(text), -1) {
			if !names[m[1]] {
				t.Errorf("%s reads %s, which preroot.cmdline(7) does not have", file, m[1])
			}
		}
	}
}

// TestManIsClean: the pages make sense to man(1), which complains of nothing.
func TestManIsClean(t *testing.T) {
	pages, _ := filepath.Glob("../../man/*.[0-9]")
	if len(pages) < 4 {
		t.Fatalf("pages: %q", pages)
	}
	for _, p := range pages {
		cmd := exec.Command("mandoc", "-Tlint", "-W", "warning", p)
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%v\n%s", err, out)
		}
	}
}
