package main

import (
	"fmt"
	"os"
	"strings"
)

const pageHead = `# The layouts of a root, in images of dracut

This page is written by ` + "`go run ./test/layouts -table`" + ` from the results of ` + "`make test-dracut`" + `.

Each cell is an image that the dracut of Debian 12 (059), Debian 13 (106) or sid (112) has made, with systemd inside or without. It is booted twice from the same disks: by dracut's
own init, and by ours in its place. Passed means that both reached the real init, that the layout was what it says (a degraded array *is* degraded), and that
the real system finds the same: every mount with its source and options, the tables of device-mapper and MD, the links in /dev, what is left of udev's database, argument
and environment of init, and who else runs. Of images with systemd inside the layout alone is compared, and that they were booted by us; those with LUKS by systemd.

`

// writePage writes what is known of the cells, and of their times.
func (r *rig) writePage(todo []Cell) error {
	var b strings.Builder
	b.WriteString(pageHead + "| layout | dracut | shell | image | our /init by | result |\n|---|---|---|---|---|---|\n")
	passed := 0
	for _, c := range todo {
		l, _ := layout(c.Layout)
		result := r.word(c)
		if result == "passed" {
			passed++
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", or(l.Title, c.Layout), c.Dracut, c.Shell, kind(c),
			which(c.Module, "module", "archive"), result)
	}
	fmt.Fprintf(&b, "\n%d of %d cells are passed, all of them with one /init.\n", passed, len(todo))
	r.pageTimes(&b, todo)
	return os.WriteFile(r.o.page, []byte(b.String()), 0o644)
}

// word is the result of a cell in a word, or why it is not passed.
func (r *rig) word(c Cell) string {
	result, known := r.read(c)
	switch {
	case !known:
		return "not run yet"
	case len(result.Bad) > 0:
		first, _, _ := strings.Cut(result.Bad[0], "\n")
		return "failed: " + strings.ReplaceAll(first, "|", `\|`)
	case result.Init != r.init:
		return "passed by another /init"
	}
	return "passed"
}

const timesPageHead = `
## Times

Seconds from the start of /init to the real init, dracut 112 with dash; the median of pairs, dracut's init beside ours. *Virtual* seconds count instructions (docs of test/bench); where
a passphrase is typed they are seconds of the wall, without the second that the typing takes. Of ours, each moment counts for a hook if one runs, else for a module that is loaded, else for udevd while it has
something to do. *Clock* is rd.retry, which is waited for before a degraded array is started, by dracut's init too; what is left is our own.

| layout | clock | pairs | dracut's init | ours | ratio | hooks | modules | udevd | clock | own | own, of dracut's whole |
|---|---|---|---|---|---|---|---|---|---|---|---|
`

func (r *rig) pageTimes(b *strings.Builder, todo []Cell) {
	rows := ""
	for _, c := range measured(todo) {
		t, known := r.readTimes(c)
		if !known || len(t.Ours) == 0 || t.Init != r.init {
			continue
		}
		l, _ := layout(c.Layout)
		part := func(of func(Split) float64) float64 { return median(t.part(of)) }
		rows += fmt.Sprintf("| %s | %s | %d | %.3f | %.3f | %.3f | %.3f | %.3f | %.3f | %.3f | %.3f | %.1f %% |\n", l.Title, which(t.Wall, "wall", "virtual"), len(t.Ours),
			median(t.Stock), median(t.Ours), t.ratio(), part(func(s Split) float64 { return s.Hooks }), part(func(s Split) float64 { return s.Modules }),
			part(func(s Split) float64 { return s.Udevd }), part(func(s Split) float64 { return s.Clock }), part(func(s Split) float64 { return s.Own }), 100*t.own())
	}
	if rows != "" {
		b.WriteString(timesPageHead + rows)
	}
}

// kind is what a cell's image is like.
func kind(c Cell) string {
	switch {
	case c.HostOnly:
		return "host-only"
	case c.Systemd:
		return "generic, systemd inside"
	}
	return "generic"
}

func which(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}

func or(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}
