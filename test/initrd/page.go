package initrd

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// groups are the rows of a case's table: what the facts of a name are called. The others, pid, argv and env, are in the rows only where a column differs.
var groups = []struct {
	name, title string
	always      bool
}{
	{"root", "root", true}, {"initrd", "/initrd: the device it lies on, and its content", true}, {"mount", "other mounts", true}, {"process", "processes with another root or program", true},
	{"umount-initrd", "umount /initrd", false}, {"brd", "RAM disk", true}, {"real-root-dev", "real-root-dev", false}, {"linuxrc", "/linuxrc says", true},
	{"pid", "process id of init", false}, {"argv", "init's arguments", false}, {"env", "init's environment", false},
}

// Page is the text of docs/initrd-boots.md: what was seen of each case in each column. The results are those of the columns, the oracle's first. A case that a column has not shown, and
// a difference that no note explains, is an error that names it.
func Page(columns [][]Result) (string, error) {
	p := page{used: map[int]bool{}}
	p.say(pageHead)
	p.versions(columns)
	for _, c := range Cases() {
		p.chapter(c, resultsOf(c, columns))
	}
	p.notes()
	return p.text.String(), errors.Join(p.errs...)
}

const pageHead = `# Classic initrds, booted side by side

This page is written by ` + "`make initrd`" + ` from what the boots have shown. Each case is a classic initrd of test/initrd (cases.go, written before the code that boots it), with the same root disks in each column:
the oracle is a small Linux 6.1 with BLK_DEV_RAM=y and BLK_DEV_INITRD=y, which does all of initrd(4) by itself; the others are preroot on kernels of Debian. The init of the root says what the real system
finds. A cell says *same* where that is what it found under the oracle, and otherwise what is missing (−) and what is there more (+); a letter is the note below that explains it.
Memory is in kB: how much less is free than in case 0 of the same column, with clean caches dropped, and *left*, which is Unevictable and Shmem.

`

// page is a page under way.
type page struct {
	text strings.Builder
	used map[int]bool // notes that something needs
	errs []error
}

func (p *page) say(format string, args ...any) { fmt.Fprintf(&p.text, format, args...) }

// versions names the kernels.
func (p *page) versions(columns [][]Result) {
	for _, results := range columns {
		if len(results) > 0 {
			p.say("- %s: Linux %s\n", results[0].Column, results[0].Kernel)
		}
	}
}

// resultsOf are the results of a case, one a column; nil where it was not booted.
func resultsOf(c Case, columns [][]Result) []*Result {
	list := make([]*Result, len(columns))
	for i, results := range columns {
		if at := slices.IndexFunc(results, func(r Result) bool { return r.Case == c.Number }); at >= 0 {
			list[i] = &results[at]
			if plain := slices.IndexFunc(results, func(r Result) bool { return r.Case == 0 }); plain >= 0 {
				list[i].plain = results[plain].Facts
			}
		}
	}
	return list
}

// chapter is the table of a case.
func (p *page) chapter(c Case, results []*Result) {
	p.say("\n## %d. %s\n\n`%s`\n\n", c.Number, c.Title, c.Words)
	for i, r := range results {
		if r == nil || len(r.Bad) > 0 {
			p.errs = append(p.errs, fmt.Errorf("case %d: column %d has not shown it", c.Number, i))
			return
		}
	}
	p.row("", results, func(r *Result) string { return r.Column })
	p.say("|%s\n", strings.Repeat(" --- |", len(results)+1))
	for _, g := range groups {
		cells, differs := p.compare(c, g.name, results)
		if cells[0] == "" && !differs || !g.always && !differs {
			continue
		}
		p.say("| %s | %s |\n", g.title, strings.Join(cells, " | "))
	}
	p.row("memory", results, memory)
	p.row("left", results, func(r *Result) string { return strings.Join(r.Facts.Texts("left"), "") })
}

func (p *page) row(title string, results []*Result, cell func(*Result) string) {
	p.say("| %s |", title)
	for _, r := range results {
		p.say(" %s |", cell(r))
	}
	p.say("\n")
}

// memory is what a boot keeps, in kB.
func memory(r *Result) string {
	if kept, err := Beyond(r.plain, r.Facts); err == nil {
		return fmt.Sprint(kept)
	}
	return ""
}

// compare makes the cells of the facts of a name: all of the first column, and how the others differ from it.
func (p *page) compare(c Case, name string, results []*Result) (cells []string, differs bool) {
	named := func(r *Result) Facts {
		return slices.DeleteFunc(slices.Clone(r.Facts), func(f string) bool { return f != name && !strings.HasPrefix(f, name+" ") })
	}
	first := named(results[0])
	cells = append(cells, strings.Join(results[0].Facts.Texts(name), "<br>"))
	for _, r := range results[1:] {
		cell := "same"
		if list := Compare(first, named(r)); len(list) > 0 {
			cell, differs = p.explained(c, r.Column, list), true
		}
		cells = append(cells, cell)
	}
	return cells, differs
}

// explained are differences with the letters of their notes.
func (p *page) explained(c Case, column string, list []string) string {
	var words []string
	for _, d := range list {
		i := slices.IndexFunc(notes, func(n note) bool {
			return n.of.MatchString(d) && (n.cases == nil || slices.Contains(n.cases, c.Number))
		})
		if i < 0 {
			p.errs = append(p.errs, fmt.Errorf("case %d, %s: no note explains %q", c.Number, column, d))
			continue
		}
		p.used[i] = true
		sign, fact, _ := strings.Cut(d, " ")
		_, value, _ := strings.Cut(fact, " ")
		words = append(words, fmt.Sprintf("%s%s (%c)", strings.ReplaceAll(sign, "-", "−"), value, 'a'+i))
	}
	return strings.Join(words, "<br>")
}

// notes writes the notes that something needs.
func (p *page) notes() {
	p.say("\n## Notes\n\n")
	for i, n := range notes {
		if p.used[i] {
			p.say("- (%c) %s\n", 'a'+i, n.text)
		}
	}
}
