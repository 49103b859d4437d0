package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/preroot/preroot/pkg/check"
)

// The errors that check may make, of its verdicts of either kind.
const (
	mayBoot = 0.02 // of those that say it will boot
	mayFail = 0.05 // of those that say it will not
)

// tally counts verdicts.
type tally struct{ boots, boots0, fails, fails0 int } // those that say it boots, the wrong ones of them; the same for fails

func (t *tally) add(says check.Verdict, booted bool) (right bool) {
	right = (says == check.Boots) == booted
	switch {
	case says == check.Boots && right:
		t.boots++
	case says == check.Boots:
		t.boots, t.boots0 = t.boots+1, t.boots0+1
	case right:
		t.fails++
	default:
		t.fails, t.fails0 = t.fails+1, t.fails0+1
	}
	return right
}

func (t tally) String() string {
	return fmt.Sprintf("%d | %d (%.1f %%) | %d | %d (%.1f %%)", t.boots, t.boots0, share(t.boots0, t.boots), t.fails, t.fails0, share(t.fails0, t.fails))
}

func share(n, of int) float64 { return 100 * float64(n) / float64(max(of, 1)) }

// row is one breakage of the table.
type row struct {
	result
	says check.Verdict
	why  string
}

// page is what the table is made of.
type page struct {
	rows             []row
	counted, systemd tally
	unbroken         int      // images that booted as they are, as check says
	missing          int      // boots that are not known yet
	wrong            []string // unexplained errors
}

// writePage writes docs/breakages.md.
func (r *rig) writePage(o options) error {
	p := &page{}
	for _, g := range goods {
		i, err := r.open(g)
		if err != nil {
			return err
		}
		if _, err := os.Stat(r.openedFile(i)); err != nil {
			p.missing += o.n + 1
			continue
		}
		list, err := r.drawn(o, i)
		if err != nil {
			return err
		}
		for _, b := range list {
			if err := r.row(p, i, b); err != nil {
				return err
			}
		}
	}
	if err := os.WriteFile("docs/breakages.md", []byte(p.text(o)), 0o644); err != nil {
		return err
	}
	return p.verdict()
}

// row judges one breakage whose boot is known.
func (r *rig) row(p *page, i *image, b breakage) error {
	res, ok := r.known(i, b)
	if !ok {
		p.missing++
		return nil
	}
	rep, err := judge(i, b)
	if err != nil {
		return err
	}
	t := &p.counted
	switch {
	case b.Path == "":
		if res.Booted && rep.Verdict == check.Boots {
			p.unbroken++
			return nil
		}
	case i.kind == "systemd":
		t = &p.systemd
	}
	if b.Path != "" && !t.add(rep.Verdict, res.Booted) && explained[b.String()] == "" && i.kind != "systemd" {
		p.wrong = append(p.wrong, b.String())
	}
	p.rows = append(p.rows, row{res, rep.Verdict, why(rep)})
	return nil
}

// verdict fails where check is wrong more often than it may be, or a boot is not known.
func (p *page) verdict() error {
	var err error
	c := p.counted
	fmt.Printf("will boot | wrong | will not | wrong\n%v\nwith systemd: %v\nunbroken images that pass: %d of %d\n", c, p.systemd, p.unbroken, len(goods))
	if float64(c.boots0) > mayBoot*float64(c.boots) || float64(c.fails0) > mayFail*float64(c.fails) {
		err = errors.Join(err, errors.New("check is wrong too often"))
	}
	if p.unbroken < len(goods) {
		err = errors.Join(err, errors.New("not every unbroken image passes"))
	}
	if p.missing > 0 {
		err = errors.Join(err, fmt.Errorf("%d boots are not known yet", p.missing))
	}
	for _, w := range p.wrong {
		err = errors.Join(err, fmt.Errorf("not explained: %s", w))
	}
	return err
}

// text is the page.
func (p *page) text(o options) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Random breakages

Written by `+"`make breakages`"+` (test/breakages), seed %d. One file of a good image is removed, or cut to half or to nothing; half of the files are drawn from all, half from those that a boot opens. The image
is booted with root on an ext4 of a virtio disk (root=UUID=, rd.retry=15), and `+"`preroot check`"+` is asked about it. Of the verdicts "it will boot" at most 2 %% may be wrong, of "it will not" at most 5 %%.

| images | "will boot" | of them wrong | "will not" | of them wrong |
|---|---|---|---|---|
| with a shell as init, mkinitramfs, preroot | %v |
| dracut with systemd inside (a rough model; not counted) | %v |

%d of the %d unbroken images boot, and check says so. %d boots of this draw are not known yet.

| image | file | broken | drawn from | boots | check says | |
|---|---|---|---|---|---|---|
`, o.seed, p.counted, p.systemd, p.unbroken, len(goods), p.missing)
	for _, r := range p.rows {
		says := map[bool]string{true: "boots", false: "fails"}[r.says == check.Boots]
		note := ""
		if (r.says == check.Boots) != r.Booted {
			note = "WRONG: " + explained[r.breakage.String()]
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", r.Image, r.Path, r.How, r.From, map[bool]string{true: "yes", false: "no"}[r.Booted], says, strings.ReplaceAll(note, "|", "\\|"))
	}
	return b.String()
}

// explained are the errors that check makes, with the reason.
var explained = map[string]string{
	"dracut-059-systemd: usr/lib/systemd/systemd-fsck cut to half":             "the unit that checks root fails, and what needs it; which units need which is not modelled",
	"dracut-112-systemd: usr/lib/x86_64-linux-gnu/libelf-0.196.so cut to half": "systemd opens it by itself and is ended by SIGBUS; which libraries it opens is not modelled",
}
