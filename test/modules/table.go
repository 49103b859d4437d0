package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

const head = `# Modules of dracut, unchanged

Written by ` + "`make dracut-modules`" + `. Fifteen modules of Debian's dracut are run by dracut (` + "`dracut -N -m MODULE`" + `) and by preroot (pkg/dracutmod), inside the same system and for the same kernel, with the
modules that each depends on; the images that come of it are compared file by file: name and kind. Folders that something lies in are not counted. *Both* is what both have; what only one has is listed below, with
the reason why. "Without" is what has no reason: a failure.

| dracut | module | with | both | dracut alone | preroot alone | without |
|---|---|---|---|---|---|---|
`

// writeTable writes docs/dracut-modules.md.
func writeTable(rows []row) error {
	var b strings.Builder
	b.WriteString(head)
	reasons := map[string]map[string][]string{} // by reason, by file without versions: who, and where
	for _, c := range rows {
		theirs, mine := 0, 0
		for why, list := range c.Reasons {
			for _, l := range list {
				who, file, _ := strings.Cut(l, ": ")
				if who == "dracut" {
					theirs++
				} else {
					mine++
				}
				if reasons[why] == nil {
					reasons[why] = map[string][]string{}
				}
				reasons[why][who+": "+file] = append(reasons[why][who+": "+file], c.Module)
			}
		}
		if c.Failed != "" {
			fmt.Fprintf(&b, "| %s (%s) | %s | failed: %s | | | | |\n", c.dracut(), c.Suite, c.Module, c.Failed)
			continue
		}
		fmt.Fprintf(&b, "| %s (%s) | %s | %s | %d | %d | %d | %d |\n", c.dracut(), c.Suite, c.Module, c.company(), c.Files, theirs, mine, len(c.Unexplained))
	}
	b.WriteString("\n## What differs, and why\n")
	for _, why := range slices.Sorted(maps.Keys(reasons)) {
		fmt.Fprintf(&b, "\n**%s**\n\n", upper(why))
		for _, who := range []string{"dracut", "preroot"} {
			writeFiles(&b, who, reasons[why])
		}
	}
	for _, c := range rows {
		for _, l := range c.Unexplained {
			fmt.Fprintf(&b, "\n**Without a reason**: %s, %s: %s\n", c.Suite, c.Module, l)
		}
	}
	writeWarnings(&b, rows)
	return os.WriteFile("docs/dracut-modules.md", []byte(b.String()), 0o644)
}

// maxListed is how many files of one reason are named.
const maxListed = 40

func writeFiles(b *strings.Builder, who string, files map[string][]string) {
	var list []string
	for _, f := range slices.Sorted(maps.Keys(files)) {
		if rest, ok := strings.CutPrefix(f, who+": "); ok {
			list = append(list, "`"+rest[2:]+"`")
		}
	}
	if len(list) == 0 {
		return
	}
	more := ""
	if n := len(list) - maxListed; n > 0 {
		list, more = list[:maxListed], fmt.Sprintf(" and %d more", n)
	}
	fmt.Fprintf(b, "- in %s's alone: %s%s\n", who, strings.Join(list, " "), more)
}

// writeWarnings lists what modules have said while they ran.
func writeWarnings(b *strings.Builder, rows []row) {
	said := map[string]bool{}
	for _, c := range rows {
		for _, w := range c.Warnings {
			said[c.Suite+": "+w] = true
		}
	}
	if len(said) == 0 {
		return
	}
	b.WriteString("\n## What preroot warns of\n\n")
	for _, w := range slices.Sorted(maps.Keys(said)) {
		fmt.Fprintf(b, "- %s\n", w)
	}
}

// company are the other modules of a comparison.
func (c *row) company() string {
	var list []string
	for _, m := range c.With {
		if m[2:] != c.Module {
			list = append(list, m[2:])
		}
	}
	return strings.Join(list, " ")
}

// dracut is the version of a row.
func (c *row) dracut() string {
	for _, s := range suites {
		if s.Name == c.Suite {
			return s.Dracut
		}
	}
	return ""
}

func upper(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
