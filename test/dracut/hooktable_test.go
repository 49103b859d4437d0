package dracut

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

var writeTable = flag.Bool("table", false, "write docs/third-party-hooks.md (with -hooklines=100)")

// hookReason is why hooks do not come out the same, where that is meant. A difference without a reason is a failure.
type hookReason struct{ hook, difference, reason string }

// hookReasons are regular expressions over the hook's line in hooks.txt and over the difference.
var hookReasons = []hookReason{
	{"^bookworm ", "is deprecated, use", "059's getarg warns in dash of parameters that are not deprecated, as of those of an earlier call; ours does not. Its warnings are given in a process of " +
		"their own, ours in the shell, where what warn sets (DRACUT_QUIET) stays"},
	{"^(trixie|sid) ", `(?s)^[^+]*\+ [^\n]*"DRACUT_QUIET": +"'yes'",[^+]*\+ [^\n]*"a": +"''",[^+]*\+ [^\n]*"DRACUT_QUIET",[^+]*$`,
		"a word that is deprecated is warned of in the shell, where what warn sets (DRACUT_QUIET, a) stays; dracut's getargbool asks in a process of its own"},
	{"90kiwi-live cmdline", `(?s)^[^+]*"CMDLINE":[^+]*\+ [^+]*"ip=dhcp ",[^+]*\+ [^+]*" ",[^+]*$`,
		"CMDLINE is read again before what comes next, as the newest dracut joins it: a word that the hook itself has written into /etc/cmdline.d is in it, and a blank behind"},
}

// hookTable collects what became of each hook.
type hookTable struct {
	mu   sync.Mutex
	rows []hookRow
}

type hookRow struct {
	hook                      hookScript
	line, version, difference string
}

// add notes a run; a difference that has no reason is told at once.
func (t *hookTable) add(tt *testing.T, r hookRow) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows = append(t.rows, r)
	if r.difference != "" && r.reason() == "" {
		tt.Errorf("%s, %s (-dracut +ours):\n%.3000s", r.hook, r.line, r.difference)
	}
}

// reason is why this run differs, "" for no good reason. cmp.Diff writes some of its blanks so that nobody compares its text, other ones in each build.
func (r hookRow) reason() string {
	difference := strings.ReplaceAll(r.difference, "\u00a0", " ")
	for _, known := range hookReasons {
		if regexp.MustCompile(known.hook).MatchString(r.hook.String()) && regexp.MustCompile(known.difference).MatchString(difference) {
			return known.reason
		}
	}
	return ""
}

// finish counts, and writes the page if asked.
func (t *hookTable) finish(tt *testing.T) {
	page := t.page()
	tt.Log("\n" + page[strings.Index(page, "| "):])
	if *writeTable {
		must(tt, os.WriteFile("../../docs/third-party-hooks.md", []byte(page), 0o644))
	}
}

// page is docs/third-party-hooks.md.
func (t *hookTable) page() string {
	var b strings.Builder
	b.WriteString(pageHead)
	versions, hooks, runs, equal := map[string]bool{}, map[string]map[hookScript]bool{}, map[string]int{}, map[string]int{}
	differs := map[string]map[string][]string{} // reason, hook, lines
	for _, r := range t.rows {
		if !versions[r.version] {
			versions[r.version], hooks[r.version] = true, map[hookScript]bool{}
		}
		hooks[r.version][r.hook] = true
		runs[r.version]++
		if r.difference == "" {
			equal[r.version]++
			continue
		}
		reason := r.reason()
		if reason == "" {
			reason = "not known"
		}
		if differs[reason] == nil {
			differs[reason] = map[string][]string{}
		}
		differs[reason][r.hook.String()] = append(differs[reason][r.hook.String()], r.line)
	}
	b.WriteString("| dracut | hooks | runs | equal |\n|---|---|---|---|\n")
	for _, v := range sortedKeys(versions) {
		fmt.Fprintf(&b, "| %s | %d | %d | %d |\n", v, len(hooks[v]), runs[v], equal[v])
	}
	fmt.Fprintf(&b, "\nThe command lines were the first %d of %d.\n", min(*hookLines, len(bootLines)), len(bootLines))
	for _, reason := range sortedKeys(differs) {
		fmt.Fprintf(&b, "\n%s:\n\n", reason)
		for _, hook := range sortedKeys(differs[reason]) {
			slices.Sort(differs[reason][hook])
			fmt.Fprintf(&b, "- `%s`: %s\n", hook, strings.Join(differs[reason][hook], ", "))
		}
	}
	return b.String()
}

const pageHead = `# Hooks of dracut's modules and of others

Every hook script of dracut 059, 106 and 112 and of the packages that Debian has for dracut (clevis, kiwi) runs twice in an image of that version: under a model of dracut's
init, with the version's own library, and under the hook shell of /init. Compared are all variables and which are exported, exit status or end, directory and umask, every file
that was written or removed, what was printed and logged, and how programs that touch devices, networks or mounts were called; such programs are stubs, which on some command
lines fail. Not compared are the variables of the shell itself and whether CMDLINE is set by then: ours is set before each hook. The shell is bash where the script asks for it, else dash. ` + "`test/dracut/hooks.txt`" + ` is the list of hooks that must run, ` + "`make hooks`" + ` runs them with each of the
command lines of ` + "`test/dracut/hooklines_test.go`" + ` and writes this page.

`
